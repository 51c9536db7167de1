using VirtualNumber.Leasing;
using VirtualNumber.Protocol;
using VirtualNumber.Sealing;

namespace VirtualNumber.Tests.Protocol.Simulation;

/// <summary>What the random steps are about, drawn so that they meet the same things again and again.</summary>
public sealed partial class RandomStepsTests
{
    private ReassignStep Reassignment(HolderKey holder)
    {
        var peer = _pool.Mode == PoolMode.Pair && _random.Next(2) == 0 ? Person() : default(BoundNumber?);
        return new(holder, Mark(_random.Next(14)), peer is null || _random.Next(2) == 0 ? Person() : null, peer, peer is not null && _random.Next(3) == 0);
    }

    /// <summary>Mostly where there is or was something.</summary>
    private RouteStep Route() => _records.Count > 0 && _random.Next(4) > 0
        ? RouteTo(Recent(_records))
        : new(Number(), (uint)_random.Next((int)_pool.SlotsPerNumber() + 1), Person().Digest);

    private RouteStep RouteTo(LeaseRecord record) => new(
        record.Number, record.Slot % _pool.SlotsPerNumber(),
        _random.Next(10) switch { 0 => null, < 4 => Person().Digest, < 7 => record.Pair?.Peer, _ => record.NumberDigest });

    /// <summary>Few candidates, so that they are often taken, and what is left decides.</summary>
    private SlotChoice Choice() => new(
        [.. Enumerable.Range(0, _random.Next(4)).Select(_ => (uint)_random.Next(_random.Next(2) == 0 ? 4 : (int)_pool.SlotsPerNumber()))],
        (uint)_random.Next(int.MaxValue));

    private PairSide Pair()
    {
        var direction = (CallDirection)(1 + _random.Next(3));
        var peer = Person();
        return _random.Next(4) == 0 ? new(null, ReadOnlyMemory<byte>.Empty, direction) : new(peer.Digest, peer.Sealed, direction);
    }

    private PairParties? Parties() =>
        _pool.Mode == PoolMode.Pair ? new PairParties(Person().Digest, _random.Next(4) == 0 ? null : Person().Digest) : null;

    private BoundNumber Person() => _random.Next(People) is var index ? new(StoreTests.SealOf($"{index}"), StoreTests.DigestOf($"{index}")) : default;

    private string? Area() => _random.Next(2) == 0 ? null : s_areas[_random.Next(s_areas.Length)];

    private CallStep CallStep(Digest call)
    {
        CallLimit[] limits = [new() { Count = 1 + _random.Next(2), Within = TimeSpan.FromSeconds(1 + _random.Next(60)) }, new() { Count = 3, Within = TimeSpan.FromMinutes(20) }];
        var frequency = _random.Next(4) == 0 ? null : new CallFrequency(StoreTests.DigestOf($"frequency {_random.Next(3)}"), limits);
        return new(Number(), call, (ResolveOutcome)(1 + _random.Next(14)), LeaseOfCall(), CallSource(), frequency, Keeping());
    }

    private CallEventsStep EventsStep(Digest call) => new(
        _random.Next(20) == 0 ? 1_000 : Block(),
        call,
        LeaseOfCall() ?? new LeaseOfCall(0, StoreTests.T0),
        CallSource(),
        [.. Enumerable.Range(0, _random.Next(3) == 0 ? 50 : 1 + _random.Next(4)).Select(_ => new CallEvent(
            (CallEventKind)(1 + _random.Next(4)), StoreTests.T0 + TimeSpan.FromSeconds(_random.Next(20)), (CallSide)_random.Next(4), _random.Next(3), 100 * _random.Next(3)))],
        Keeping());

    /// <summary>Of whoever was there first as a rule, else of somebody later.</summary>
    private LeaseOfCall? LeaseOfCall() =>
        _random.Next(5) == 0 ? null : new LeaseOfCall(0, StoreTests.T0 + TimeSpan.FromSeconds(_random.Next(8) / 6));

    private CallSource CallSource() => new(
        (CallKind)(1 + _random.Next(2)), $"gw-{_random.Next(3)}", $"call-{_random.Next(100)}", _random.Next(3) == 0 ? default : StoreTests.SealOf($"{_random.Next(9)}"));

    private CallKeeping Keeping()
    {
        var kept = TimeSpan.FromMinutes(10 + _random.Next(100));
        _turns.Add(_now + kept);
        return new(kept, 3 + _random.Next(6));
    }

    private Digest Counter() => StoreTests.DigestOf($"counter {_random.Next(2)}");

    private T Recent<T>(List<T> items) => items[^(1 + _random.Next(Math.Min(items.Count, 1 + _random.Next(8))))];

    private Claim AnyClaim() => _claims.Count == 0 ? new Claim(NewId(), Block(), _now) : _random.Next(2) == 0 ? _claims[^1] : Recent(_claims);

    private Digest Delivery() => StoreTests.DigestOf($"delivery {_random.Next(_focus == Focus.OneLedger ? 1 : 2)}");

    private DeliveryRole Role() => (DeliveryRole)(1 + _random.Next(3));

    /// <summary>More than a ledger remembers, some of them often.</summary>
    private RequestMark? Request() => _random.Next(3) == 0 ? null : Mark(_random.Next(_random.Next(2) == 0 ? 3 : 20));

    private RequestMark Mark(int index) => StoreTests.MarkOf($"request {index}", $"content {_random.Next(4) / 3}");

    private ClaimId NewId() => ClaimId.Create(_random);

    private uint Block() => _firstBlock + (uint)_random.Next(_store.BlockCount + 1 - (int)_firstBlock);

    private PhoneNumber Number() => _numbers[_random.Next(_numbers.Count)];

    private DateTimeOffset Instant() => _now + TimeSpan.FromMinutes(_random.Next(_random.Next(4) == 0 ? 3_000 : 60) - 5);

    private DateTimeOffset KeepUntil()
    {
        var until = _now + TimeSpan.FromHours(1 + _random.Next(_random.Next(3) == 0 ? 4 : 100));
        _turns.Add(until);
        _ends.Add(until);
        return until;
    }
}
