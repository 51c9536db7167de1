using VirtualNumber.Protocol;
using VirtualNumber.Sealing;

namespace VirtualNumber.Memory;

/// <summary>
/// A block whose numbers are shared by pairs. A party is on a number while it is on a lease there and until it has rested from it, and in
/// that time on no other lease of the number. The first number on which both parties fit is taken, so that few are in use.
/// </summary>
internal sealed class PairBlock(BlockEntry entry, ProtocolBounds bounds, LogBounds log) : SharedBlock(entry, bounds, log)
{
    /// <summary>Where each party is, or was and has not rested since.</summary>
    private readonly Dictionary<(uint Index, Digest Party), Stay> _stays = [];

    /// <summary>Stays of parties that have left, by their end; one that has come to the number again since is in here still.</summary>
    private readonly PriorityQueue<(uint Index, Digest Party), DateTimeOffset> _left = new();

    /// <summary>Where a pair's parties are among the numbers in stock.</summary>
    public PairRoom FindRoomOf(PairParties parties, DateTimeOffset now)
    {
        lock (Gate)
            return Numbers.Where(number => StateOf(number.Index, now) == StockState.InStock)
                .Aggregate(default(PairRoom), (room, number) => room + RoomOn(number, parties, now));
    }

    protected override int RankOf(int taken) => 0;

    /// <summary>Nobody is paired with himself: he would be on the number twice.</summary>
    protected override bool Fits(SharedNumber number, PairParties? parties, DateTimeOffset now) =>
        parties is not var (holder, peer)
        || (holder != peer && !IsOn(number.Index, holder, now) && !(peer is { } other && IsOn(number.Index, other, now)));

    protected override RouteAnswer FindRoute(uint index, RouteStep step, DateTimeOffset now)
    {
        if (step.Party is not { } party || !IsOn(index, party, now) || FindRecord(_stays[(index, party)].Slot) is not { } record)
            return new(RouteOutcome.NotLeased);
        return Numbers[(int)index].State == StockState.Suspended ? new(RouteOutcome.Suspended)
            : RouteOf(record, record.IsLive(now) && PartiesOf(record).Contains(party));
    }

    protected override bool MayStand(LeaseRecord before, LeaseRecord after, DateTimeOffset now)
    {
        var index = Entry.IndexOf(before.Slot);
        return after.NumberDigest != after.Pair!.Peer && PartiesOf(after).Except(PartiesOf(before)).All(joining => !IsOn(index, joining, now));
    }

    protected override void OnWritten(LeaseRecord? before, LeaseRecord after, DateTimeOffset now)
    {
        base.OnWritten(before, after, now);
        var index = Entry.IndexOf(after.Slot);
        var (present, past) = (PartiesOf(after), before is null ? [] : PartiesOf(before));
        foreach (var party in past.Except(present))
        {
            _stays[(index, party)] = new(now, after.Slot, HasLeft: true);
            _left.Enqueue((index, party), now);
        }

        foreach (var party in present)
        {
            // Who has rested from a lease whose end nobody has written down yet may be on another one by now.
            if (!past.Contains(party) || (_stays.TryGetValue((index, party), out var stay) && stay.Slot == after.Slot))
                _stays[(index, party)] = new(after.ExpireTime, after.Slot, HasLeft: false);
        }
    }

    protected override void OnRemoved(LeaseRecord record)
    {
        base.OnRemoved(record);
        var index = Entry.IndexOf(record.Slot);
        foreach (var party in PartiesOf(record))
        {
            if (_stays.TryGetValue((index, party), out var stay) && stay.Slot == record.Slot)
                _stays.Remove((index, party));
        }
    }

    /// <summary>Then forgets who left and has rested since.</summary>
    protected override (int Expired, int Removed) Tidy(int limit, DateTimeOffset now)
    {
        var (expired, removed) = base.Tidy(limit, now);
        while (expired + removed < limit && _left.TryPeek(out var place, out var end) && end <= now - Aging)
        {
            _left.Dequeue();
            if (_stays.TryGetValue(place, out var stay) && stay == new Stay(end, stay.Slot, HasLeft: true))
            {
                _stays.Remove(place);
                removed++;
            }
        }

        return (expired, removed);
    }

    private bool IsOn(uint index, Digest party, DateTimeOffset now) => EndOn(index, party, now) is not null;

    /// <summary>When a party's stay on a number ends or ended; null when it has rested since, or never was there.</summary>
    private DateTimeOffset? EndOn(uint index, Digest party, DateTimeOffset now) =>
        _stays.TryGetValue((index, party), out var stay) && stay.End > now - Aging ? stay.End : null;

    private PairRoom RoomOn(SharedNumber number, PairParties parties, DateTimeOffset now)
    {
        var holder = EndOn(number.Index, parties.Holder, now);
        var peer = parties.Peer is { } other ? EndOn(number.Index, other, now) : null;
        var last = holder > peer ? holder : peer ?? holder;
        var withRoom = PlacesOf(number, now).Free > 0;
        return new(
            Numbers: 1, One(withRoom), One(withRoom && last is null), One(last is null), One(holder is not null), One(peer is not null), last + Aging);
    }

    private static int One(bool holds) => holds ? 1 : 0;

    private static Digest[] PartiesOf(LeaseRecord record) =>
        record.Pair?.Peer is { } peer ? [record.NumberDigest, peer] : [record.NumberDigest];

    /// <summary>A party's time on a number.</summary>
    /// <param name="End">When it ends or ended: the expire time of the lease while the party is on it.</param>
    /// <param name="Slot">The lease's slot.</param>
    /// <param name="HasLeft">The party was reassigned away.</param>
    private readonly record struct Stay(DateTimeOffset End, uint Slot, bool HasLeft);
}
