using Grpc.Core;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Api;

[TestFixture]
public sealed class AddNumbersTests : ApiTests
{
    [Test]
    public async Task Blocks_and_single_numbers_are_counted_and_can_be_leased()
    {
        await Ops.CreatePoolAsync(Requests.CreatePool("fresh"));
        var request = Requests.AddBlocks("fresh", "162100200", "162100201");
        request.Numbers.Add("+86 162-1003-0001");

        Assert.That(await Ops.AddNumbersAsync(request), Is.EqualTo(new AddNumbersResponse { AddedCount = 201 }));

        Assert.That(await CountAsync("fresh"), Is.EqualTo(Counts(available: 201)));
        var lease = Requests.CreateLease();
        lease.PoolId = "fresh";
        Assert.That((await LeaseAsync(lease)).VirtualNumber, Does.StartWith("16210"));
    }

    [Test]
    public async Task A_repeat_adds_nothing()
    {
        var request = Requests.AddBlocks(Requests.PoolId, Requests.Block, "162100200");
        request.Numbers.Add("16210030001");
        Assert.That(await Ops.AddNumbersAsync(request), Is.EqualTo(new AddNumbersResponse { AddedCount = 101, PresentCount = 100 }));
        Assert.That(await Ops.AddNumbersAsync(request), Is.EqualTo(new AddNumbersResponse { PresentCount = 201 }));
        Assert.That(await CountAsync(), Is.EqualTo(Counts(available: 201)));
    }

    [Test]
    public async Task What_is_named_twice_in_one_request_is_added_once()
    {
        var request = Requests.AddBlocks(Requests.PoolId, "162100200", "162100200");
        request.Numbers.Add(["16210030001", "+8616210030001", "16210020005"]);
        Assert.That((await Ops.AddNumbersAsync(request)).AddedCount, Is.EqualTo(101));
        Assert.That(await CountAsync(), Is.EqualTo(Counts(available: 201)));
    }

    [Test]
    public async Task Overlaps_with_another_pool_are_all_told_and_nothing_is_added()
    {
        await Ops.CreatePoolAsync(Requests.CreatePool("other", blockDigits: 3));
        var request = Requests.AddBlocks("other", "16210020", "16210010");
        request.Numbers.Add(["16210030001", "16210010007"]);

        var refusal = await RefusedCall.OfAsync(Ops.AddNumbersAsync, request);

        refusal.Expect(StatusCode.AlreadyExists, ErrorReason.NumbersOverlap, "blocks[1]", "numbers[1]");
        Assert.That(await CountAsync("other"), Is.EqualTo(Counts()));
    }

    [Test]
    public async Task A_number_is_in_one_pool_whichever_tenant_has_it()
    {
        await Ops.CreatePoolAsync(Requests.CreatePool("own", tenant: TestService.Beta));
        var request = Requests.AddNumbers("own", "16210010007");
        request.TenantId = TestService.Beta;
        (await RefusedCall.OfAsync(Ops.AddNumbersAsync, request)).Expect(StatusCode.AlreadyExists, ErrorReason.NumbersOverlap, "numbers[0]");
    }

    [Test]
    public async Task A_block_that_holds_a_single_number_overlaps()
    {
        await Ops.CreatePoolAsync(Requests.CreatePool("other"));
        await Ops.AddNumbersAsync(Requests.AddNumbers("other", "16210020007"));
        (await RefusedCall.OfAsync(Ops.AddNumbersAsync, Requests.AddBlocks(Requests.PoolId, "162100200")))
            .Expect(StatusCode.AlreadyExists, ErrorReason.NumbersOverlap, "blocks[0]");
    }

    [Test]
    public async Task All_faulty_items_are_told_at_once_and_nothing_is_added()
    {
        var request = Requests.AddBlocks(Requests.PoolId, "162100200", "", "16210020x", "+8616210020", "0571888888", "1621002000000");
        request.Numbers.Add(["16210030001", "10086", "110", "4001234567", "8001234567", "95588", "+99912345678", "17012345678-1234", "x"]);

        var refusal = await RefusedCall.OfAsync(Ops.AddNumbersAsync, request);

        refusal.Expect(
            StatusCode.InvalidArgument,
            ErrorReason.FieldsInvalid,
            [.. Enumerable.Range(1, 5).Select(i => $"blocks[{i}]"), .. Enumerable.Range(1, 8).Select(i => $"numbers[{i}]")]);
        Assert.That(await CountAsync(), Is.EqualTo(Counts(available: 100)));
    }

    [Test]
    public async Task More_faulty_items_than_trailers_can_carry_are_counted()
    {
        var request = Requests.AddNumbers(Requests.PoolId, [.. Enumerable.Repeat("x", 1_000)]);

        using var call = Ops.AddNumbersAsync(request);
        var failure = (await Assert.ThrowsAsync<RpcException>(async () => await call.ResponseAsync))!;

        Assert.That(failure.StatusCode, Is.EqualTo(StatusCode.InvalidArgument), failure.Status.Detail);
        // 8 KiB of metadata are what clients on the C core take by default; on the wire the details are in base64.
        var details = failure.Trailers.GetValueBytes("grpc-status-details-bin")!;
        Assert.That((details.Length * 4 / 3) + failure.Status.Detail.Length, Is.LessThan(7_500));
        var refusal = await RefusedCall.OfAsync(Ops.AddNumbersAsync, request);
        Assert.That(refusal.Fields.Take(3), Is.EqualTo(new[] { "numbers[0]", "numbers[1]", "numbers[2]" }));
        Assert.That(refusal.Message, Does.EndWith("And 995 more."));
        var listed = refusal.Fields.Count - 1;
        Assert.That(listed, Is.GreaterThan(30));
        Assert.That(refusal.Fields[^1], Is.EqualTo($"numbers[{listed}]"), "The first that is not listed stands for the others.");
        Assert.That(refusal.Descriptions[^1], Does.EndWith($"And {1_000 - listed - 1} more fields are faulty."));
    }

    [Test]
    public async Task A_request_for_nothing_is_a_fault() =>
        (await RefusedCall.OfAsync(Ops.AddNumbersAsync, Requests.AddBlocks(Requests.PoolId)))
            .Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "blocks");

    [Test]
    public async Task Too_many_blocks_and_numbers_are_told_at_once()
    {
        var request = Requests.AddBlocks(Requests.PoolId, [.. Enumerable.Range(0, 101).Select(i => $"162100{i:000}")]);
        request.Numbers.Add(Enumerable.Range(0, 1_001).Select(i => $"1621101{i:0000}"));
        (await RefusedCall.OfAsync(Ops.AddNumbersAsync, request)).Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "blocks", "numbers");
    }

    [Test]
    public async Task A_hundred_blocks_and_a_thousand_numbers_pass()
    {
        var request = Requests.AddBlocks(Requests.PoolId, [.. Enumerable.Range(0, 100).Select(i => $"1621020{i:00}")]);
        request.Numbers.Add(Enumerable.Range(0, 1_000).Select(i => $"1621101{i:0000}"));
        Assert.That((await Ops.AddNumbersAsync(request)).AddedCount, Is.EqualTo(11_000));
    }

    [Test]
    public async Task An_unknown_pool_is_not_found() =>
        (await RefusedCall.OfAsync(Ops.AddNumbersAsync, Requests.AddBlocks("elsewhere", "162100200")))
            .Expect(StatusCode.NotFound, ErrorReason.PoolUnknown);
}
