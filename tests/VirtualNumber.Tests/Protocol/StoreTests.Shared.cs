using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Tests.Protocol;

/// <summary>The steps where numbers are shared: parties are named by a text too, and each test says which slot it would like.</summary>
public abstract partial class StoreTests
{
    internal static Pool ExtensionPoolOf(string id, TimeSpan aging, int density, int extensionLength = 4) =>
        PoolOf(id, aging) with { Mode = PoolMode.Extension, Density = density, ExtensionLength = extensionLength };

    internal static Pool PairPoolOf(string id, TimeSpan aging, int density) => PoolOf(id, aging) with { Mode = PoolMode.Pair, Density = density };

    /// <summary>Makes a pool of one block of a hundred numbers that are shared by extension; all but the first few are suspended.</summary>
    internal Task<TestBlock> AddExtensionBlockAsync(int density, int inStock = 1, TimeSpan? aging = null, int extensionLength = 4) =>
        AddSharedBlockAsync(ExtensionPoolOf($"shared-{++_blocks}", aging ?? Hour, density, extensionLength), inStock);

    /// <summary>Makes a pool of one block of a hundred numbers that are shared by pairs; all but the first few are suspended.</summary>
    internal Task<TestBlock> AddPairBlockAsync(int density = 100, int inStock = 1, TimeSpan? aging = null) =>
        AddSharedBlockAsync(PairPoolOf($"shared-{++_blocks}", aging ?? Hour, density), inStock);

    private async Task<TestBlock> AddSharedBlockAsync(Pool asked, int inStock)
    {
        var (pool, _) = await Stock.CreatePoolAsync(asked, None);
        var prefix = $"700{_blocks:000000}";
        await Stock.AddNumbersAsync(pool, new([prefix], []), T0, None);
        var block = new TestBlock(pool, (await ChooseAsync(pool, "nobody", T0))!.Value, prefix);
        if (inStock < 100)
            await SuspendAsync(block, [.. Enumerable.Range(inStock, 100 - inStock)]);
        return block;
    }

    internal async Task SuspendAsync(TestBlock block, params int[] indices) =>
        await Stock.ChangeNumbersAsync(block.Pool, new([], [.. indices.Select(block.Number)]), StockChange.Suspend, T0, None);

    internal ValueTask<uint?> ChooseAsync(
        Pool pool, string holder, DateTimeOffset now, string? peer = null, string? area = null, IReadOnlyCollection<uint>? tried = null) =>
        Steps.ChooseBlockAsync(
            new BlockChoice(Tenant, pool.PoolId, tried ?? [], area, pool.Mode == PoolMode.Pair ? PartiesOf(holder, peer) : null), now, None);

    /// <summary>Claims for a delivery of its own and takes; in pair mode for these parties, else for the holder alone.</summary>
    internal async Task<TakeAnswer> TakeSharedAsync(
        string name, TestBlock block, DateTimeOffset now, string holder = "a", string? peer = null, DateTimeOffset? expireTime = null,
        SlotChoice? choice = null)
    {
        var claim = await ClaimAsync(name, name, block.Id, now, delivery: name);
        return await Steps.TakeAsync(StepOf(name, claim.Claim!, block, now, holder, peer, expireTime, choice), now, None);
    }

    internal static TakeStep StepOf(
        string name, Claim claim, TestBlock block, DateTimeOffset now, string holder = "a", string? peer = null, DateTimeOffset? expireTime = null,
        SlotChoice? choice = null) =>
        new(claim, DigestOf(name), DeliveryRole.Recipient, 0, expireTime ?? now + (30 * Day), SealOf(holder), DigestOf(holder))
        {
            Choice = choice ?? ChoiceOf(),
            Pair = block.Pool.Mode == PoolMode.Pair
                ? new PairSide(peer is null ? null : DigestOf(peer), peer is null ? default : SealOf(peer), CallDirection.Both)
                : null,
        };

    /// <summary>As <see cref="TakeSharedAsync"/>, where a slot is to be had.</summary>
    internal async Task<LeaseRecord> ShareAsync(
        string name, TestBlock block, DateTimeOffset now, string holder = "a", string? peer = null, DateTimeOffset? expireTime = null,
        SlotChoice? choice = null)
    {
        var take = await TakeSharedAsync(name, block, now, holder, peer, expireTime, choice);
        Assert.That((take.Outcome, take.New), Is.EqualTo((TakeOutcome.Live, true)), "A slot was to be had.");
        return take.Record!;
    }

    /// <summary>A lease of a pair that is named by its parties.</summary>
    internal Task<LeaseRecord> PairAsync(TestBlock block, string holder, string? peer, DateTimeOffset now, DateTimeOffset? expireTime = null) =>
        ShareAsync($"{holder}-{peer}-{now:O}", block, now, holder, peer, expireTime);

    /// <summary>What becomes of a take for a pair; a lease that comes of it stands.</summary>
    internal async Task<TakeOutcome> TryPairAsync(TestBlock block, string holder, string? peer, DateTimeOffset now) =>
        (await TakeSharedAsync($"{holder}-{peer}-{now:O}", block, now, holder, peer)).Outcome;

    /// <summary>Slots that are liked, in order, and which of the free ones it is to be when none of them is free.</summary>
    internal static SlotChoice ChoiceOf(uint pick = 0, params uint[] candidates) => new([.. candidates], pick);

    internal static PairParties PartiesOf(string holder, string? peer) => new(DigestOf(holder), peer is null ? null : DigestOf(peer));

    internal static BoundNumber BoundOf(string number) => new(SealOf(number), DigestOf(number));

    /// <summary>Which slot of its number a record is.</summary>
    internal static uint PartOf(LeaseRecord record, TestBlock block) => record.Slot % block.Pool.SlotsPerNumber();

    /// <summary>Which number of its block a record is on.</summary>
    internal static int PlaceOf(LeaseRecord record, TestBlock block) => (int)(record.Slot / block.Pool.SlotsPerNumber());

    internal ValueTask<HolderAnswer> ReassignPeerAsync(
        LeaseRecord record, string request, string peer, DateTimeOffset now, bool endIfBusy = false, string content = "content") =>
        Steps.ReassignAsync(new ReassignStep(HolderOf(record), MarkOf(request, content), null, BoundOf(peer), endIfBusy), now, None);

    internal ValueTask<HolderAnswer> ReassignHolderAsync(
        LeaseRecord record, string request, string holder, DateTimeOffset now, bool endIfBusy = false) =>
        Steps.ReassignAsync(new ReassignStep(HolderOf(record), MarkOf(request), BoundOf(holder), null, endIfBusy), now, None);

    internal ValueTask<RouteAnswer> ResolveExtensionAsync(PhoneNumber called, uint part, DateTimeOffset now) =>
        Steps.ResolveAsync(new RouteStep(called, part), now, None);

    internal ValueTask<RouteAnswer> ResolvePairAsync(PhoneNumber called, string? party, DateTimeOffset now) =>
        Steps.ResolveAsync(new RouteStep(called, 0, party is null ? null : DigestOf(party)), now, None);

    internal async Task<NumberCounts> CountsOfAsync(TestBlock block, DateTimeOffset now) =>
        (await Stock.GetStatsAsync(block.Pool, 0, 0, now, None)).Counts;
}
