using VirtualNumber.Leasing;
using VirtualNumber.Memory;
using VirtualNumber.Protocol;

namespace VirtualNumber.Tests.Protocol;

/// <summary>resolve, reclaim, choose and ping.</summary>
[TestFixtureSource(typeof(StoreUnderTest), nameof(StoreUnderTest.All))]
public sealed class StoreContractRoutingTests(StoreUnderTest kind) : StoreTests(kind)
{
    private static readonly TimeSpan s_millisecond = TimeSpan.FromMilliseconds(1);

    [Test]
    public async Task Ping_answers()
    {
        await Steps.PingAsync(None);
        Assert.That(async () => await Steps.PingAsync(new CancellationToken(canceled: true)), Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task A_cancelled_step_does_nothing()
    {
        var block = await AddBlockAsync();
        var lease = await LeaseAsync("R1", block.Id, T0);
        var cancelled = new CancellationToken(canceled: true);

        Assert.That(
            async () => await Steps.ReleaseAsync(HolderOf(lease), T0, cancelled), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(
            async () => await Steps.ResolveAsync(lease.Number, T0, cancelled), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(await GetAsync(lease), Is.EqualTo(lease));
    }

    [Test]
    public async Task Resolve_gives_the_route_of_a_live_lease()
    {
        var block = await AddBlockAsync();
        var lease = await LeaseAsync("R1", block.Id, T0);

        Assert.That(await ResolveAsync(lease, T0), Is.EqualTo(new RouteAnswer(RouteOutcome.Route, lease, WithheldCallersAllowed: true)));
        Assert.That((await ResolveAsync(lease, lease.ExpireTime - s_millisecond)).Outcome, Is.EqualTo(RouteOutcome.Route));
    }

    [Test]
    public async Task Resolve_at_the_expire_time_gives_none_and_writes_nothing()
    {
        var block = await AddBlockAsync();
        var lease = await LeaseAsync("R1", block.Id, T0);

        var route = await ResolveAsync(lease, lease.ExpireTime);

        Assert.That((route.Outcome, route.Record), Is.EqualTo((RouteOutcome.Ended, lease)));
        Assert.That(await ChangesAsync(block.Id), Is.EqualTo(new[] { LogKind.Leased }));
    }

    [Test]
    public async Task Resolve_tells_what_is_not_stocked_not_leased_and_suspended()
    {
        var block = await AddBlockAsync(inStock: 2);
        var lease = await LeaseAsync("R1", block.Id, T0);

        Assert.That(await Steps.ResolveAsync(RealNumber(1), T0, None), Is.EqualTo(new RouteAnswer(RouteOutcome.NotStocked)));
        Assert.That((await Steps.ResolveAsync(block.Number(1), T0, None)).Outcome, Is.EqualTo(RouteOutcome.NotLeased));
        await Stock.ChangeNumbersAsync(block.Pool, new([], [lease.Number]), StockChange.Suspend, T0, None);
        Assert.That(await ResolveAsync(lease, T0), Is.EqualTo(new RouteAnswer(RouteOutcome.Suspended)));
        await Stock.ChangeNumbersAsync(block.Pool, new([], [lease.Number]), StockChange.Restore, T0, None);
        Assert.That((await ResolveAsync(lease, T0)).Outcome, Is.EqualTo(RouteOutcome.Route));
    }

    [Test]
    public async Task Resolve_goes_on_for_a_retired_number_until_its_lease_ends()
    {
        var block = await AddBlockAsync();
        var lease = await LeaseAsync("R1", block.Id, T0);
        await Stock.ChangeNumbersAsync(block.Pool, new([], [lease.Number]), StockChange.Retire, T0, None);

        Assert.That((await ResolveAsync(lease, T0)).Outcome, Is.EqualTo(RouteOutcome.Route));
        await ReleaseAsync(lease, T0 + Hour);
        Assert.That((await ResolveAsync(lease, T0 + Hour)).Outcome, Is.EqualTo(RouteOutcome.Ended));
    }

    [Test]
    public async Task Resolve_after_the_rest_finds_nobody()
    {
        var block = await AddBlockAsync(aging: Hour);
        var lease = await LeaseAsync("R1", block.Id, T0);
        await ReleaseAsync(lease, T0);
        await ReclaimAsync(T0 + Hour);

        Assert.That((await ResolveAsync(lease, T0 + Hour)).Outcome, Is.EqualTo(RouteOutcome.NotLeased));
    }

    [Test]
    public async Task Reclaim_writes_down_expiries_at_the_expire_time_not_before()
    {
        var block = await AddBlockAsync(inStock: 2);
        var lease = await LeaseAsync("R1", block.Id, T0, expireTime: T0 + Day);
        await LeaseAsync("R2", block.Id, T0, expireTime: T0 + (2 * Day));

        var before = await ReclaimAsync(T0 + Day - s_millisecond);
        var at = await ReclaimAsync(T0 + Day);

        Assert.That((before, at), Is.EqualTo((new ReclaimAnswer(0, 0, false), new ReclaimAnswer(1, 0, false))));
        Assert.That((await GetAsync(lease))!.End, Is.EqualTo(EndReason.Expired));
        Assert.That(await ChangesAsync(block.Id), Is.EqualTo(new[] { LogKind.Leased, LogKind.Leased, LogKind.Expired }));
    }

    [Test]
    public async Task Reclaim_removes_a_closed_claim_when_its_time_is_over()
    {
        var block = await AddBlockAsync();
        var claim = (await ClaimAsync("R1", "T1", block.Id, T0)).Claim!;
        await ApplyAsync(claim, 1, T0 + Day, T0);

        Assert.That((await ReclaimAsync(T0 + Bounds.ClosedKept - s_millisecond)).Removed, Is.Zero);
        Assert.That((await ReclaimAsync(T0 + Bounds.ClosedKept)).Removed, Is.EqualTo(1));
        Assert.That((await TakeAsync(claim, T0 + Bounds.ClosedKept)).Outcome, Is.EqualTo(TakeOutcome.Closed), "By its age.");
        Assert.That((await ReclaimAsync(T0 + Bounds.ClosedKept)).Removed, Is.Zero, "Not remembered again.");
    }

    [Test]
    public async Task Reclaim_does_no_more_than_the_limit_and_tells_of_the_rest()
    {
        var blocks = new[] { await AddBlockAsync(inStock: 3), await AddBlockAsync(inStock: 3) };
        foreach (var block in blocks)
        {
            for (var i = 0; i < 3; i++)
                await LeaseAsync($"R{block.Id}-{i}", block.Id, T0, expireTime: T0 + Day);
        }

        var cycles = new List<ReclaimAnswer>();
        do
            cycles.Add(await ReclaimAsync(T0 + Day, limit: 4));
        while (cycles[^1].Backlog);

        Assert.That(cycles[0], Is.EqualTo(new ReclaimAnswer(4, 0, Backlog: true)));
        Assert.That(cycles.Sum(cycle => cycle.Expired), Is.EqualTo(6));
        Assert.That(cycles, Has.All.Matches<ReclaimAnswer>(cycle => cycle.Expired + cycle.Removed <= 4));
    }

    [Test]
    public async Task Reclaim_of_an_empty_store_does_nothing()
    {
        Assert.That(await ReclaimAsync(T0), Is.EqualTo(new ReclaimAnswer(0, 0, false)));
    }

    [Test]
    public async Task Ledgers_are_gone_when_their_time_is_over()
    {
        await DecideAsync(DeliveryStatus.PickedUp, T0, T0, keepUntil: T0 + Day, delivery: "one");
        await DecideAsync(DeliveryStatus.PickedUp, T0, T0, keepUntil: T0 + (2 * Day), delivery: "two");
        await DecideAsync(DeliveryStatus.InTransit, T0 + Hour, T0, keepUntil: T0 + (3 * Day), delivery: "one");

        await ReclaimAsync(T0 + (2 * Day));
        Assert.That(await Steps.ReadLedgerAsync(DigestOf("one"), T0 + (2 * Day), None), Is.Not.Null, "It was prolonged.");
        Assert.That(await Steps.ReadLedgerAsync(DigestOf("two"), T0 + (2 * Day), None), Is.Null);
        await ReclaimAsync(T0 + (3 * Day));
        Assert.That(await Steps.ReadLedgerAsync(DigestOf("one"), T0 + (3 * Day), None), Is.Null);
    }

    [Test]
    public async Task Choose_answers_no_block_where_there_is_none()
    {
        Assert.That(await Steps.ChooseBlockAsync(Tenant, "nowhere", [], T0, None), Is.Null);
        await Stock.CreatePoolAsync(PoolOf("empty", Hour), None);
        Assert.That(await Steps.ChooseBlockAsync(Tenant, "empty", [], T0, None), Is.Null);
    }

    [Test]
    public async Task A_dry_pool_has_no_block_to_propose_until_a_number_has_rested_or_is_put_back()
    {
        var block = await AddBlockAsync(inStock: 1, aging: Hour);
        var pool = block.Pool.PoolId;
        var lease = await LeaseAsync("a", block.Id, T0);
        Assert.That(await Steps.ChooseBlockAsync(Tenant, pool, [], T0, None), Is.Null);

        await ReleaseAsync(lease, T0 + Hour);
        Assert.That(await Steps.ChooseBlockAsync(Tenant, pool, [], T0 + (2 * Hour) - Second, None), Is.Null);
        Assert.That(await Steps.ChooseBlockAsync(Tenant, pool, [], T0 + (2 * Hour), None), Is.EqualTo(block.Id));

        await LeaseAsync("b", block.Id, T0 + (2 * Hour));
        Assert.That(await Steps.ChooseBlockAsync(Tenant, pool, [], T0 + (2 * Hour), None), Is.Null);
        await Stock.ChangeNumbersAsync(block.Pool, new([], [block.Number(7)]), StockChange.Restore, T0 + (2 * Hour), None);
        Assert.That(await Steps.ChooseBlockAsync(Tenant, pool, [], T0 + (2 * Hour), None), Is.EqualTo(block.Id));
    }

    [Test]
    public async Task Choose_answers_no_full_block_that_was_tried()
    {
        var block = await AddBlockAsync();
        await LeaseAsync("R1", block.Id, T0);

        Assert.That(await Steps.ChooseBlockAsync(Tenant, block.Pool.PoolId, [block.Id], T0, None), Is.Null);
    }

    [Test]
    public async Task Choose_prefers_the_block_with_room()
    {
        var block = await AddBlockAsync();
        await LeaseAsync("R1", block.Id, T0);
        await Stock.AddNumbersAsync(block.Pool, new(["701000001"], []), T0, None);

        var second = await Steps.ChooseBlockAsync(Tenant, block.Pool.PoolId, [], T0, None);

        Assert.That(second, Is.Not.Null.And.Not.EqualTo(block.Id));
    }
}
