using VirtualNumber.Leasing;
using VirtualNumber.Protocol;
using VirtualNumber.Sealing;

namespace VirtualNumber.Tests.Protocol;

/// <summary>Adds the verbs to the steps: an instance of the service in front of the store, with a clock that the test moves.</summary>
public abstract class VerbTests(StoreUnderTest kind) : StoreTests(kind)
{
    internal static readonly DeliveryKey Delivery = DeliveryOf("WB1");

    private Service.Seeded _seeded = null!;

    internal ManualTime Time { get; private set; } = null!;

    internal LeaseVerbs Verbs { get; private set; } = null!;

    /// <summary>Whether elapsed time, too, is what the test makes it; not where the clock goes on while somebody else's call is on its way.</summary>
    private protected virtual bool TimeIsMeasured => false;

    [SetUp]
    public void StartService()
    {
        Time = new ManualTime(T0) { MeasuresToo = TimeIsMeasured };
        _seeded = Service.Seed(1);
        Verbs = ServiceOver(Steps);
    }

    /// <summary>Another instance, over a decorated store.</summary>
    internal LeaseVerbs ServiceOver(INumberPool steps) => Service.Over(steps, Stock, _seeded, Time);

    internal LeaseVerbs ServiceOver(INumberPool steps, CallRecordOptions calls) =>
        Service.Over(steps, Stock, _seeded, Time, TenantQuotas.None, new GuessOptions(), calls);

    internal static DeliveryKey DeliveryOf(string waybillNumber, string tenant = Tenant) =>
        DeliveryKey.TryCreate(tenant, Carrier, waybillNumber, out var key, out _)
            ? key
            : throw new ArgumentException("Not a waybill number.", nameof(waybillNumber));

    internal ValueTask<CreateLeaseAnswer> CreateAsync(
        TestBlock block, string? request, int number = 1, DateTimeOffset? expireTime = null, LeaseVerbs? service = null,
        DeliveryRole role = DeliveryRole.Recipient, DeliveryKey? delivery = null) =>
        (service ?? Verbs).CreateLeaseAsync(
            new CreateLeaseCommand(delivery ?? Delivery, role, block.Pool.PoolId, RealNumber(number), request, expireTime), None);

    /// <summary>A lease for a pair, of a delivery of its own.</summary>
    internal ValueTask<CreateLeaseAnswer> CreatePairAsync(TestBlock block, string waybill, int holder, int? peer, string? request = null, LeaseVerbs? service = null) =>
        (service ?? Verbs).CreateLeaseAsync(
            new CreateLeaseCommand(DeliveryOf(waybill), DeliveryRole.Courier, block.Pool.PoolId, RealNumber(holder), request, null)
            {
                PeerNumber = peer is { } other ? RealNumber(other) : null,
            },
            None);

    /// <summary>Leases, where nothing stands in the way.</summary>
    internal async Task<Lease> LeasedAsync(
        TestBlock block, string? request, int number = 1, DateTimeOffset? expireTime = null, DeliveryKey? delivery = null,
        DeliveryRole role = DeliveryRole.Recipient)
    {
        var answer = await CreateAsync(block, request, number, expireTime, role: role, delivery: delivery);
        Assert.That(answer.Outcome, Is.EqualTo(CreateLeaseOutcome.Leased));
        return answer.Lease!;
    }

    internal ValueTask<ReportAnswer> ReportAsync(
        DeliveryStatus status, DateTimeOffset eventTime, TimeSpan? deliveredTerm = null, LeaseVerbs? service = null) =>
        (service ?? Verbs).ReportDeliveryStatusAsync(Delivery, status, eventTime, deliveredTerm, None);

    internal ValueTask<LeaseAnswer> ReleaseAsync(Lease lease) => Verbs.ReleaseLeaseAsync(Tenant, lease.LeaseId, None);

    internal ValueTask<LeaseAnswer> ReassignAsync(Lease lease, string request, int number) =>
        Verbs.ReassignLeaseAsync(Tenant, lease.LeaseId, request, RealNumber(number), None);

    internal ValueTask<LeaseAnswer> ExtendAsync(Lease lease, string request, TimeSpan? span = null) =>
        Verbs.ExtendLeaseAsync(Tenant, lease.LeaseId, request, span ?? 7 * Day, None);

    internal async Task<Lease?> GetAsync(Lease lease) => (await Verbs.GetLeaseAsync(Tenant, lease.LeaseId, None)).Lease;

    internal ValueTask<ResolveAnswer> ResolveAsync(Lease lease) => Verbs.ResolveAsync(lease.Number, RealNumber(99), None);
}

/// <summary>Puts a service together as the program does, from keys and chance that a seed replays.</summary>
internal static class Service
{
    /// <summary>Tests look up again and again where a caller would have been told that he is too frequent.</summary>
    private static readonly CallRecordOptions s_noLimits = new() { Limits = [] };

    internal static LeaseVerbs Over(INumberPool pool, INumberStock stock, Seeded seeded, TimeProvider time) =>
        Over(pool, stock, seeded, time, TenantQuotas.None, new GuessOptions(), s_noLimits);

    internal static LeaseVerbs Over(
        INumberPool pool, INumberStock stock, Seeded seeded, TimeProvider time, TenantQuotas quotas, GuessOptions guesses, CallRecordOptions calls) =>
        new(
            pool, stock, seeded.Terms, seeded.Sealer, seeded.Index, seeded.LeaseIds, seeded.Random,
            new LeaseQuotas(pool, stock, quotas, seeded.Index), new GuessGuard(pool, seeded.Index, guesses), calls, time);

    internal static Seeded Seed(ulong seed) => new(seed);

    /// <summary>What instances of one service share: keys; and, in tests, the source of chance.</summary>
    internal sealed class Seeded
    {
        internal Seeded(ulong seed)
        {
            // The keys are the same for every seed, so that a lease id or digest in a failure can be looked up in the next run.
            var keys = new SeededRandom(7);
            var (material, index) = (new byte[RingKey.MaterialLength], new byte[RingKey.MaterialLength]);
            keys.Fill(material);
            keys.Fill(index);
            var ring = new KeyRing(1, [new RingKey(1, material, DateTimeOffset.UnixEpoch)], index);
            (Sealer, Index, LeaseIds, Random) = (new NumberSealer(ring), new BlindIndex(ring), new LeaseIdCodec(ring), new SeededRandom(seed));
        }

        internal LeaseTerms Terms { get; } = new(new LeaseTermsOptions());

        internal NumberSealer Sealer { get; }

        internal BlindIndex Index { get; }

        internal LeaseIdCodec LeaseIds { get; }

        internal SeededRandom Random { get; }
    }
}
