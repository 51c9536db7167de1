using System.Security.Cryptography;
using System.Text;
using VirtualNumber.Leasing;
using VirtualNumber.Memory;
using VirtualNumber.Protocol;
using VirtualNumber.Sealing;

namespace VirtualNumber.Tests.Protocol;

/// <summary>
/// Starts an empty store for each test and gives its steps short names: claims, requests, deliveries and real numbers are named by
/// a text, whose digest the store sees. Every step takes its <c>now</c>, so that clocks may differ from one step to the next.
/// </summary>
public abstract partial class StoreTests(StoreUnderTest kind)
{
    internal const string Tenant = "tenant-1";
    internal const string Carrier = "SF";

    /// <summary>When every test begins.</summary>
    internal static readonly DateTimeOffset T0 = new(2026, 1, 5, 8, 0, 0, TimeSpan.Zero);

    internal static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    internal static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    internal static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    internal static readonly TimeSpan Day = TimeSpan.FromDays(1);
    internal static readonly TimeSpan Cap = 90 * Day;

    private int _blocks;

    internal static ProtocolBounds Bounds { get; } = new();

    internal RunningStore Running { get; private set; } = null!;

    internal INumberPool Steps => Running.Pool;

    internal INumberStock Stock => Running.Stock;

    internal static CancellationToken None => CancellationToken.None;

    [SetUp]
    public async Task StartStore()
    {
        _blocks = 0;
        Running = await kind.StartAsync(Bounds);
    }

    /// <summary>An empty store besides the test's own.</summary>
    internal ValueTask<RunningStore> StartAnotherAsync() => kind.StartAsync(Bounds);

    [TearDown]
    public async Task StopStore() => await Running.DisposeAsync();

    internal static Digest DigestOf(string text) => new(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, Digest.Length));

    internal static ClaimId ClaimIdOf(string text) => new(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, ClaimId.Length));

    internal static RequestMark MarkOf(string request, string content = "content") => new(DigestOf(request), DigestOf(content));

    /// <summary>A made-up real number: 999 is nobody's country code.</summary>
    internal static PhoneNumber RealNumber(int index) => PhoneNumber.FromCanonical($"999:888{index:0000000}");

    internal static Pool PoolOf(string id, TimeSpan aging, string tenant = Tenant, int blockDigits = 2, string country = "999", bool withheld = true) =>
        new(tenant, id, PoolMode.Direct, country, blockDigits, aging, withheld, T0, Version: 1);

    /// <summary>Makes a pool of one block of a hundred numbers, of which all but the first few are suspended.</summary>
    internal async Task<TestBlock> AddBlockAsync(int inStock = 1, TimeSpan? aging = null, string tenant = Tenant)
    {
        var index = ++_blocks;
        var (pool, _) = await Stock.CreatePoolAsync(PoolOf($"pool-{index}", aging ?? Hour, tenant), None);
        var prefix = $"700{index:000000}";
        await Stock.AddNumbersAsync(pool, new([prefix], []), T0, None);
        var block = new TestBlock(pool, (await Steps.ChooseBlockAsync(tenant, pool.PoolId, [], T0, None))!.Value, prefix);
        if (inStock < 100)
        {
            var suspended = Enumerable.Range(inStock, 100 - inStock).Select(block.Number).ToList();
            await Stock.ChangeNumbersAsync(pool, new([], suspended), StockChange.Suspend, T0, None);
        }

        return block;
    }

    internal ValueTask<ClaimAnswer> ClaimAsync(
        string? request, string claim, uint? block, DateTimeOffset now, string? forget = null, string content = "content",
        DeliveryRole role = DeliveryRole.Recipient, string delivery = "delivery", DateTimeOffset? keepUntil = null) =>
        Steps.ClaimAsync(
            new ClaimStep(
                DigestOf(delivery), role, request is null ? null : MarkOf(request, content), ClaimIdOf(claim), block,
                keepUntil ?? now + (100 * Day), forget is null ? null : ClaimIdOf(forget)),
            now,
            None);

    internal ValueTask<ClaimAnswer> ReplaceAsync(
        string? request, string old, bool ended, string claim, uint block, DateTimeOffset now, string delivery = "delivery") =>
        Steps.ReplaceAsync(
            new ReplaceStep(
                DigestOf(delivery), DeliveryRole.Recipient, request is null ? null : MarkOf(request), ClaimIdOf(old), ended,
                ClaimIdOf(claim), block, now + (100 * Day)),
            now,
            None);

    internal ValueTask<bool> BindAsync(string request, Claim claim, DateTimeOffset now) =>
        Steps.BindAsync(DigestOf("delivery"), MarkOf(request), claim, now, None);

    internal ValueTask<TakeAnswer> TakeAsync(
        Claim claim, DateTimeOffset now, DateTimeOffset? expireTime = null, int reportNumber = 0, string number = "n1",
        DeliveryRole role = DeliveryRole.Recipient, string delivery = "delivery") =>
        Steps.TakeAsync(
            new TakeStep(claim, DigestOf(delivery), role, reportNumber, expireTime ?? now + (30 * Day), SealOf(number), DigestOf(number)),
            now,
            None);

    /// <summary>Claims for a delivery of its own and takes.</summary>
    internal async Task<LeaseRecord> LeaseAsync(string name, uint block, DateTimeOffset now, DateTimeOffset? expireTime = null)
    {
        var claim = await ClaimAsync(name, name, block, now, delivery: name);
        var take = await TakeAsync(claim.Claim!, now, expireTime, number: name, delivery: name);
        Assert.That((take.Outcome, take.New), Is.EqualTo((TakeOutcome.Live, true)), "A slot was to be had.");
        return take.Record!;
    }

    internal ValueTask<ApplyAnswer> ApplyAsync(
        Claim claim, int reportNumber, DateTimeOffset instant, DateTimeOffset now, bool final = false) =>
        Steps.ApplyAsync(claim, reportNumber, new Terms(instant, final), Cap, now, None);

    internal ValueTask<(ReportOutcome Outcome, LedgerView View)> DecideAsync(
        DeliveryStatus status, DateTimeOffset eventTime, DateTimeOffset now, DateTimeOffset? instant = null,
        DateTimeOffset? keepUntil = null, string delivery = "delivery") =>
        Steps.DecideAsync(
            new DecideStep(
                DigestOf(delivery), status, eventTime, new Terms(instant ?? eventTime + (7 * Day), status == DeliveryStatus.Cancelled),
                DeliveryStatusRules.AllowedFrom(status), keepUntil ?? now + (30 * Day)),
            now,
            None);

    internal ValueTask<HolderAnswer> ReleaseAsync(LeaseRecord record, DateTimeOffset now) => Steps.ReleaseAsync(HolderOf(record), now, None);

    internal ValueTask<HolderAnswer> ExtendAsync(
        LeaseRecord record, string request, DateTimeOffset now, TimeSpan? span = null, string content = "content", int limit = 3) =>
        Steps.ExtendAsync(HolderOf(record), MarkOf(request, content), span ?? 7 * Day, limit, Cap, now, None);

    internal ValueTask<HolderAnswer> ReassignAsync(
        LeaseRecord record, string request, string number, DateTimeOffset now, string content = "content") =>
        Steps.ReassignAsync(HolderOf(record), MarkOf(request, content), new BoundNumber(SealOf(number), DigestOf(number)), now, None);

    internal ValueTask<LeaseRecord?> GetAsync(LeaseRecord record) => Steps.GetAsync(HolderOf(record), None);

    internal ValueTask<RouteAnswer> ResolveAsync(LeaseRecord record, DateTimeOffset now) => Steps.ResolveAsync(record.Number, now, None);

    internal ValueTask<ReclaimAnswer> ReclaimAsync(DateTimeOffset now, int limit = 1_000) => Steps.ReclaimAsync(limit, now, None);

    internal static HolderKey HolderOf(LeaseRecord record) => new(record.TenantId, record.Block, record.Slot, record.LeaseTime);

    internal static Claim ClaimOf(LeaseRecord record) => new(record.Claim, record.Block, record.LeaseTime);

    internal static byte[] SealOf(string number) => SHA256.HashData(Encoding.UTF8.GetBytes("sealed " + number));

    /// <summary>What the log of a block says of its leases, in order.</summary>
    internal async Task<IReadOnlyList<LogKind>> ChangesAsync(uint block) =>
        [.. (await Running.ReadLogAsync(block)).Where(entry => entry.Slot is not null).Select(entry => entry.Kind)];
}

/// <summary>A pool of one block.</summary>
internal sealed record TestBlock(Pool Pool, uint Id, string Prefix)
{
    internal PhoneNumber Number(int slot) => PhoneNumber.FromCanonical($"{Pool.CountryCode}:{Prefix}{slot:00}");
}
