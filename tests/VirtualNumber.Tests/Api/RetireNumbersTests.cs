using Grpc.Core;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Api;

[TestFixture]
public sealed class RetireNumbersTests : ApiTests
{
    [Test]
    public async Task Live_leases_drain_and_the_answer_tells_when_the_last_one_expires()
    {
        await LeaseAsync(Requests.CreateLease("SF1"));
        Service.Time.Advance(TimeSpan.FromDays(1));
        var last = await LeaseAsync(Requests.CreateLease("SF2"));

        var response = await Ops.RetireNumbersAsync(Requests.Retire(Requests.Blocks(Requests.Block)));

        Assert.That(response, Is.EqualTo(new RetireNumbersResponse { ChangedCount = 100, LeasedCount = 2, DrainedTime = last.ExpireTime }));
        Assert.That(await CountAsync(), Is.EqualTo(Counts(retired: 100, draining: 2)));
        Service.Time.Advance(TimeSpan.FromDays(30));
        Assert.That(await CountAsync(), Is.EqualTo(Counts(retired: 100)));
    }

    [Test]
    public async Task A_repeat_changes_nothing_and_still_tells_of_the_leases()
    {
        var lease = await LeaseAsync();
        await Ops.RetireNumbersAsync(Requests.Retire(Requests.Numbers(lease.VirtualNumber)));
        var repeat = await Ops.RetireNumbersAsync(Requests.Retire(Requests.Numbers(lease.VirtualNumber)));
        Assert.That(repeat, Is.EqualTo(new RetireNumbersResponse { LeasedCount = 1, DrainedTime = lease.ExpireTime }));
    }

    [Test]
    public async Task A_number_without_a_lease_is_drained_already() =>
        Assert.That(
            await Ops.RetireNumbersAsync(Requests.Retire(Requests.Numbers("16210010050"))),
            Is.EqualTo(new RetireNumbersResponse { ChangedCount = 1 }));

    [Test]
    public async Task A_retired_number_is_not_leased_again()
    {
        await Ops.RetireNumbersAsync(Requests.Retire(Requests.Blocks(Requests.Block)));
        Service.Time.Advance(TimeSpan.FromDays(365));
        var refusal = await RefusedCall.OfAsync(Leases.CreateLeaseAsync, Requests.CreateLease());
        refusal.Expect(StatusCode.ResourceExhausted, ErrorReason.PoolEmpty);
        Assert.That(refusal.Metadata["retired_count"], Is.EqualTo("100"));
    }

    [Test]
    public async Task Suspending_a_retired_number_leaves_it_retired()
    {
        await Ops.RetireNumbersAsync(Requests.Retire(Requests.Numbers("16210010050")));
        Assert.That((await Ops.SuspendNumbersAsync(Requests.Suspend(Requests.Numbers("16210010050")))).ChangedCount, Is.Zero);
        Assert.That(await CountAsync(), Is.EqualTo(Counts(available: 99, retired: 1)));
    }

    [Test]
    public async Task Unknown_numbers_are_told_and_nothing_is_changed()
    {
        (await RefusedCall.OfAsync(Ops.RetireNumbersAsync, Requests.Retire(Requests.Numbers("16210020000", "16210010050"))))
            .Expect(StatusCode.NotFound, ErrorReason.NumbersUnknown, "selection.numbers[0]");
        Assert.That(await CountAsync(), Is.EqualTo(Counts(available: 100)));
    }

    [Test]
    public async Task An_unknown_pool_is_not_found() =>
        (await RefusedCall.OfAsync(Ops.RetireNumbersAsync, Requests.Retire(Requests.Numbers("16210010050"), "elsewhere")))
            .Expect(StatusCode.NotFound, ErrorReason.PoolUnknown);
}
