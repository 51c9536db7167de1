using System.Diagnostics;
using System.Security.Cryptography;
using VirtualNumber.Leasing;
using VirtualNumber.Load.Replay;
using VirtualNumber.Protocol;
using VirtualNumber.Sealing;

namespace VirtualNumber.Load.Bench;

/// <summary>What leases are made through.</summary>
/// <param name="Pool">The steps.</param>
/// <param name="Stock">The stock.</param>
/// <param name="Verbs">The verbs over it.</param>
/// <param name="Time">Their clock.</param>
/// <param name="FillersAtOnce">How many leases are under way at a time while a pool is filled.</param>
/// <param name="ReadServerTime">Microseconds that the store's server has worked so far.</param>
internal sealed record OccupancyStore(
    INumberPool Pool, INumberStock Stock, LeaseVerbs Verbs, ManualTime Time, int FillersAtOnce, Func<Task<double>> ReadServerTime);

/// <summary>What a round came to, in microseconds per lease.</summary>
/// <param name="Elapsed">From the call to its answer.</param>
/// <param name="Server">Of that the work of the store's server.</param>
internal readonly record struct OccupancyRound(double Elapsed, double Server);

/// <summary>
/// A pool of one mode, filled to one level. A round leases one place of a hundred, half of that below the level to half above it; then
/// these leases are released, and the clock goes on until their places have rested: the next round finds the pool as this one did.
/// </summary>
internal sealed class OccupancyBed(OccupancyStore store, PoolMode mode, int percent, int places, int couriers)
{
    private const string TenantId = "bench";
    private const string Carrier = "BENCH";
    private const int RoundsPerPool = 100;
    private const int Density = 200;
    private const int EntriesPerCycle = 5_000;
    private const int RecordsPerPage = 1_000;

    private static readonly TimeSpan s_aging = new ProtocolBounds().LeastAging;

    private readonly string _poolId = $"{mode}-{percent}".ToLowerInvariant();
    private Pool _pool = null!;
    private Digest[] _holders = [];
    private int _parcels;

    /// <summary>How many leases a round makes.</summary>
    public int LeasesPerRound { get; } = places / RoundsPerPool;

    /// <summary>Leases that were refused since the courier was on every number with room; they are not timed.</summary>
    public int Refused { get; private set; }

    /// <summary>How many leases live between two rounds.</summary>
    public int Filled => (places * percent / 100) - (LeasesPerRound / 2);

    private DateTimeOffset Now => store.Time.GetUtcNow();

    /// <summary>Stocks the pool and fills it.</summary>
    public async Task PrepareAsync(CancellationToken cancellation)
    {
        var wanted = new Pool(
            TenantId, _poolId, mode, PhoneNumber.China, mode == PoolMode.Direct ? 4 : 2, s_aging, WithheldCallersAllowed: true, Now, Version: 1)
        {
            Density = mode == PoolMode.Direct ? 1 : Density,
            ExtensionLength = mode == PoolMode.Extension ? 4 : 0,
        };
        (_pool, _) = await store.Stock.CreatePoolAsync(wanted, cancellation);
        var placesPerBlock = BlockEntry.SizeOf(_pool) * _pool.Density;
        var blocks = Enumerable.Range(0, places / placesPerBlock).Select(PrefixOf).ToList();
        await store.Stock.AddNumbersAsync(_pool, new NumberSelection(blocks, []), Now, cancellation);

        var options = new ParallelOptions { MaxDegreeOfParallelism = store.FillersAtOnce, CancellationToken = cancellation };
        await Parallel.ForEachAsync(Enumerable.Range(0, Filled), options, async (_, token) =>
        {
            while ((await store.Verbs.CreateLeaseAsync(NextLease(), token)).Outcome != CreateLeaseOutcome.Leased)
            {
                // Another courier then.
            }
        });
        await RestAsync(cancellation);
        if (mode == PoolMode.Pair)
            _holders = await FindHoldersAsync(cancellation);
    }

    /// <summary>A round through CreateLease, one lease after the other.</summary>
    public async Task<OccupancyRound> MeasureVerbAsync(CancellationToken cancellation)
    {
        var commands = Enumerable.Range(0, 2 * LeasesPerRound).Select(_ => NextLease()).ToList();
        var leased = new List<string>(LeasesPerRound);
        var (elapsed, server) = (0L, await store.ReadServerTime());
        for (var i = 0; leased.Count < LeasesPerRound; i++)
        {
            var start = Stopwatch.GetTimestamp();
            var answer = await store.Verbs.CreateLeaseAsync(commands[i], cancellation);
            if (answer.Outcome == CreateLeaseOutcome.Leased)
                elapsed += Stopwatch.GetTimestamp() - start;
            if (Accept(answer.Outcome == CreateLeaseOutcome.Leased, answer.Outcome == CreateLeaseOutcome.PartySaturated))
                leased.Add(answer.Lease!.LeaseId);
        }

        server = await store.ReadServerTime() - server;
        foreach (var lease in leased)
            await store.Verbs.ReleaseLeaseAsync(TenantId, lease, cancellation);
        await RestAsync(cancellation);
        return new(Stopwatch.GetElapsedTime(0, elapsed).TotalMicroseconds / LeasesPerRound, server / LeasesPerRound);
    }

    /// <summary>A round through the two steps on which the level can tell: which block, and the take. Nothing is sealed, no ledger written.</summary>
    public async Task<OccupancyRound> MeasureStepsAsync(CancellationToken cancellation)
    {
        var steps = Enumerable.Range(0, 2 * LeasesPerRound).Select(_ => NextTake()).ToList();
        var leased = new List<LeaseRecord>(LeasesPerRound);
        var (elapsed, server) = (0L, await store.ReadServerTime());
        for (var i = 0; leased.Count < LeasesPerRound; i++)
        {
            var start = Stopwatch.GetTimestamp();
            var record = await TakeAsync(steps[i], cancellation);
            if (record is not null)
                elapsed += Stopwatch.GetTimestamp() - start;
            if (Accept(record is not null, mode == PoolMode.Pair))
                leased.Add(record!);
        }

        server = await store.ReadServerTime() - server;
        foreach (var lease in leased)
            await store.Pool.ReleaseAsync(new HolderKey(TenantId, lease.Block, lease.Slot, lease.LeaseTime), Now, cancellation);
        await RestAsync(cancellation);
        return new(Stopwatch.GetElapsedTime(0, elapsed).TotalMicroseconds / LeasesPerRound, server / LeasesPerRound);
    }

    /// <summary>The pool's counts, by the store.</summary>
    public async Task<NumberCounts> CountAsync(CancellationToken cancellation) =>
        (await store.Stock.GetStatsAsync(_pool, skip: 0, limit: 0, Now, cancellation)).Counts;

    private async ValueTask<LeaseRecord?> TakeAsync(TakeStep step, CancellationToken cancellation)
    {
        var parties = step.Pair is { } pair ? new PairParties(step.NumberDigest, pair.Peer) : default(PairParties?);
        var choice = new BlockChoice(TenantId, _poolId, [], Parties: parties);
        if (await store.Pool.ChooseBlockAsync(choice, Now, cancellation) is not { } block)
            return null;
        var answer = await store.Pool.TakeAsync(step with { Claim = step.Claim with { Block = block } }, Now, cancellation);
        return answer.Record;
    }

    private bool Accept(bool leased, bool mayBeRefused)
    {
        if (!leased && !mayBeRefused)
            throw new InvalidOperationException($"A lease was refused at {percent} % of {_poolId}.");
        if (!leased)
            Refused++;
        return leased;
    }

    /// <summary>Lets what was released rest, and removes it.</summary>
    private async Task RestAsync(CancellationToken cancellation)
    {
        store.Time.MoveTo(Now + s_aging);
        ReclaimAnswer answer;
        do
            answer = await store.Pool.ReclaimAsync(EntriesPerCycle, Now, cancellation);
        while (answer.Backlog);
    }

    /// <summary>The couriers as the store knows them.</summary>
    private async Task<Digest[]> FindHoldersAsync(CancellationToken cancellation)
    {
        var holders = new HashSet<Digest>();
        for (RecordCursor? at = new RecordCursor(0, 0); at is { } from;)
        {
            var page = await store.Stock.ListRecordsAsync(_pool, live: true, from, RecordsPerPage, Now, cancellation);
            holders.UnionWith(page.Records.Select(record => record.NumberDigest));
            at = page.Next;
        }

        return [.. holders];
    }

    /// <summary>A parcel of a random courier for a recipient of its own; in the other modes the recipient's number is leased.</summary>
    private CreateLeaseCommand NextLease()
    {
        var parcel = Interlocked.Increment(ref _parcels);
        var recipient = Parse($"+9992{parcel:d9}");
        return mode == PoolMode.Pair
            ? new(KeyOf(parcel), DeliveryRole.Courier, _poolId, Parse($"+9991{Random.Shared.Next(couriers):d9}"), "lease", ExpireTime: null) { PeerNumber = recipient }
            : new(KeyOf(parcel), DeliveryRole.Recipient, _poolId, recipient, "lease", ExpireTime: null);
    }

    private TakeStep NextTake()
    {
        var claim = new Claim(ClaimId.Create(CryptographicRandom.Instance), Block: 0, Now);
        var sealedNumber = RandomNumberGenerator.GetBytes(NumberSealer.SealedLength);
        var holder = mode == PoolMode.Pair ? _holders[Random.Shared.Next(_holders.Length)] : NewDigest();
        return new(claim, NewDigest(), DeliveryRole.Recipient, ReportNumber: 0, Now.AddDays(30), sealedNumber, holder)
        {
            Choice = mode == PoolMode.Direct ? null : SlotChoice.Draw(CryptographicRandom.Instance, _pool.SlotsPerNumber()),
            Pair = mode == PoolMode.Pair ? new PairSide(NewDigest(), sealedNumber, CallDirection.Both) : null,
        };
    }

    private static Digest NewDigest() => new(RandomNumberGenerator.GetBytes(Digest.Length));

    /// <summary>Of a segment that serves as virtual numbers; each pool's own, since a store may have several.</summary>
    private string PrefixOf(int block) => mode == PoolMode.Direct ? $"170{percent:d2}{block:d2}" : $"17{(int)mode}{percent:d2}{block:d4}";

    private static PhoneNumber Parse(string text) =>
        PhoneNumber.TryParse(text, PhoneNumber.China, out var number, out var fault)
            ? number
            : throw new FormatException($"A number of the bench does not parse: {fault}.");

    private DeliveryKey KeyOf(int parcel) => DeliveryKey.TryCreate(TenantId, Carrier, $"{_poolId}-{parcel}", out var key, out var faults)
        ? key
        : throw new FormatException($"A delivery of the bench is malformed: {faults}.");
}
