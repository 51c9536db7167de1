using Grpc.Core;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Api;

[TestFixture]
public sealed class RestoreNumbersTests : ApiTests
{
    [Test]
    public async Task Suspended_and_retired_numbers_come_back_as_they_were()
    {
        var lease = await LeaseAsync();
        await Ops.SuspendNumbersAsync(Requests.Suspend(Requests.Numbers(lease.VirtualNumber)));
        await Ops.RetireNumbersAsync(Requests.Retire(Requests.Numbers("16210010050")));

        var response = await Ops.RestoreNumbersAsync(Requests.Restore(Requests.Blocks(Requests.Block)));

        Assert.That(response, Is.EqualTo(new RestoreNumbersResponse { ChangedCount = 2 }));
        Assert.That(await CountAsync(), Is.EqualTo(Counts(available: 99, leased: 1)));
    }

    [Test]
    public async Task The_rest_of_a_number_goes_on_while_it_is_suspended()
    {
        var lease = await LeaseAsync();
        await Leases.ReleaseLeaseAsync(Requests.ReleaseLease(lease.LeaseId));
        await Ops.SuspendNumbersAsync(Requests.Suspend(Requests.Numbers(lease.VirtualNumber)));
        Service.Time.Advance(TimeSpan.FromDays(6));
        await Ops.RestoreNumbersAsync(Requests.Restore(Requests.Numbers(lease.VirtualNumber)));
        Assert.That(await CountAsync(), Is.EqualTo(Counts(available: 99, aging: 1)));
        Service.Time.Advance(TimeSpan.FromDays(1));
        Assert.That(await CountAsync(), Is.EqualTo(Counts(available: 100)));
    }

    [Test]
    public async Task A_repeat_and_numbers_in_stock_change_nothing()
    {
        await Ops.SuspendNumbersAsync(Requests.Suspend(Requests.Numbers("16210010050")));
        Assert.That((await Ops.RestoreNumbersAsync(Requests.Restore(Requests.Numbers("16210010050")))).ChangedCount, Is.EqualTo(1));
        Assert.That((await Ops.RestoreNumbersAsync(Requests.Restore(Requests.Numbers("16210010050")))).ChangedCount, Is.Zero);
    }

    [Test]
    public async Task Unknown_numbers_are_told_and_nothing_is_changed()
    {
        await Ops.SuspendNumbersAsync(Requests.Suspend(Requests.Numbers("16210010050")));
        (await RefusedCall.OfAsync(Ops.RestoreNumbersAsync, Requests.Restore(Requests.Numbers("16210010050", "16210020000"))))
            .Expect(StatusCode.NotFound, ErrorReason.NumbersUnknown, "selection.numbers[1]");
        Assert.That(await CountAsync(), Is.EqualTo(Counts(available: 99, suspended: 1)));
    }

    [Test]
    public async Task An_unknown_pool_is_not_found() =>
        (await RefusedCall.OfAsync(Ops.RestoreNumbersAsync, Requests.Restore(Requests.Numbers("16210010050"), "elsewhere")))
            .Expect(StatusCode.NotFound, ErrorReason.PoolUnknown);
}
