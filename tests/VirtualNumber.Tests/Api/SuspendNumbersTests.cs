using Grpc.Core;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Api;

[TestFixture]
public sealed class SuspendNumbersTests : ApiTests
{
    [Test]
    public async Task Suspended_numbers_are_counted_apart_and_leases_on_them_go_on()
    {
        var lease = await LeaseAsync();

        var response = await Ops.SuspendNumbersAsync(Requests.Suspend(Requests.Numbers(lease.VirtualNumber, "16210010050")));

        Assert.That(response, Is.EqualTo(new SuspendNumbersResponse { ChangedCount = 2, LeasedCount = 1 }));
        Assert.That(await CountAsync(), Is.EqualTo(Counts(available: 98, suspended: 2)));
        Assert.That((await Leases.GetLeaseAsync(Requests.GetLease(lease.LeaseId))).Lease, Is.EqualTo(lease));
    }

    [Test]
    public async Task Suspended_numbers_are_not_leased()
    {
        await Ops.SuspendNumbersAsync(Requests.Suspend(Requests.Blocks(Requests.Block)));
        var refusal = await RefusedCall.OfAsync(Leases.CreateLeaseAsync, Requests.CreateLease());
        refusal.Expect(StatusCode.ResourceExhausted, ErrorReason.PoolEmpty);
        Assert.That(refusal.Metadata, Is.EqualTo(new Dictionary<string, string>
        {
            ["leased_count"] = "0",
            ["aging_count"] = "0",
            ["suspended_count"] = "100",
            ["retired_count"] = "0",
            ["faulty_count"] = "0",
        }));
    }

    [Test]
    public async Task A_repeat_changes_nothing()
    {
        await Ops.SuspendNumbersAsync(Requests.Suspend(Requests.Numbers("16210010050")));
        var repeat = await Ops.SuspendNumbersAsync(Requests.Suspend(Requests.Numbers("16210010050")));
        Assert.That(repeat, Is.EqualTo(new SuspendNumbersResponse()));
    }

    [Test]
    public async Task A_number_named_twice_or_with_its_block_is_counted_once()
    {
        var selection = Requests.Blocks(Requests.Block);
        selection.Numbers.Add(["16210010050", "16210010050"]);
        Assert.That((await Ops.SuspendNumbersAsync(Requests.Suspend(selection))).ChangedCount, Is.EqualTo(100));
    }

    [Test]
    public async Task Unknown_numbers_and_blocks_are_all_told_and_nothing_is_changed()
    {
        var selection = new NumberSelection { Blocks = { Requests.Block, "162100999" }, Numbers = { "16210010050", "16210020000" } };
        var refusal = await RefusedCall.OfAsync(Ops.SuspendNumbersAsync, Requests.Suspend(selection));
        refusal.Expect(StatusCode.NotFound, ErrorReason.NumbersUnknown, "selection.blocks[1]", "selection.numbers[1]");
        Assert.That(await CountAsync(), Is.EqualTo(Counts(available: 100)));
    }

    [Test]
    public async Task Numbers_of_another_pool_are_unknown()
    {
        await StockAsync("other", "162100200");
        (await RefusedCall.OfAsync(Ops.SuspendNumbersAsync, Requests.Suspend(Requests.Numbers("16210020000"))))
            .Expect(StatusCode.NotFound, ErrorReason.NumbersUnknown, "selection.numbers[0]");
    }

    [Test]
    public async Task A_missing_or_empty_or_malformed_selection_is_a_fault()
    {
        (await RefusedCall.OfAsync(Ops.SuspendNumbersAsync, new SuspendNumbersRequest { TenantId = TestService.Alpha, PoolId = Requests.PoolId }))
            .Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "selection");
        (await RefusedCall.OfAsync(Ops.SuspendNumbersAsync, Requests.Suspend(new NumberSelection())))
            .Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "selection.blocks");
        var malformed = new NumberSelection { Blocks = { "x" }, Numbers = { "13x" } };
        (await RefusedCall.OfAsync(Ops.SuspendNumbersAsync, Requests.Suspend(malformed)))
            .Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "selection.blocks[0]", "selection.numbers[0]");
    }

    [Test]
    public async Task An_unknown_pool_is_not_found() =>
        (await RefusedCall.OfAsync(Ops.SuspendNumbersAsync, Requests.Suspend(Requests.Numbers("16210010050"), "elsewhere")))
            .Expect(StatusCode.NotFound, ErrorReason.PoolUnknown);
}
