namespace VirtualNumber.Load.Pairs;

/// <summary>A party's time on a number, as the command itself wrote it down.</summary>
internal sealed class PairStay(PairParcel parcel, int place, DateTimeOffset leaseTime)
{
    public PairParcel Parcel { get; } = parcel;

    /// <summary>The place of its number in the order in which the numbers were stocked, from 0.</summary>
    public int Place { get; } = place;

    public DateTimeOffset LeaseTime { get; } = leaseTime;

    /// <summary>When the lease ends or ended; far away while that is not known.</summary>
    public DateTimeOffset End { get; set; } = DateTimeOffset.MaxValue;
}

/// <summary>Of the numbers before the one that was leased: by what each could not be had.</summary>
/// <param name="Place">The place of the number that was leased.</param>
/// <param name="Holder">The courier was on so many.</param>
/// <param name="Peer">On so many of the others the recipient was.</param>
/// <param name="Full">So many of the rest had as many live pairs as they may have.</param>
/// <param name="Free">So many could have been had.</param>
internal readonly record struct PassedOver(int Place, int Holder, int Peer, int Full, int Free);

/// <summary>
/// Who is on which number, by what the verbs answered and when the parcels were delivered: the store is not asked. A party is on a number
/// from the lease until its end and the aging after it.
/// </summary>
internal sealed class PairBooks(PairPlan plan, IReadOnlyDictionary<string, int> places, PairReport report)
{
    private readonly Dictionary<(int Place, int Party), PairStay> _stays = [];
    private readonly PriorityQueue<PairStay, DateTimeOffset> _ends = new();
    private readonly int[] _live = new int[places.Count];
    private readonly List<PairStay> _all = [];
    private readonly List<PassedOver> _passedOver = [];
    private int _liveCount;

    /// <summary>For each lease what it passed over, in the order of leasing.</summary>
    public IReadOnlyList<PassedOver> PassedOver => _passedOver;

    /// <summary>How many numbers ever had a lease.</summary>
    public int NumbersUsed => _all.Select(stay => stay.Place).Distinct().Count();

    /// <summary>The most leases that lived at once.</summary>
    public int PeakLive { get; private set; }

    /// <summary>Writes down a lease, having held it against all that came before.</summary>
    public PairStay Lease(PairParcel parcel, string number, DateTimeOffset now)
    {
        LetEnd(now);
        var stay = new PairStay(parcel, places[number], now);
        _passedOver.Add(LookBefore(stay, now));
        foreach (var party in PartiesOf(parcel))
        {
            if (FindOn(stay.Place, party, now) is { } other)
            {
                report.Violate(
                    other.End > now ? PairViolation.PartyTwice : PairViolation.PartyBeforeRest,
                    $"parcel {parcel.Number} at {now:O} is on number {stay.Place}, where a party of it is with parcel {other.Parcel.Number} until {other.End:O}");
            }

            _stays[(stay.Place, party)] = stay;
        }

        _all.Add(stay);
        _live[stay.Place]++;
        PeakLive = Math.Max(PeakLive, ++_liveCount);
        return stay;
    }

    /// <summary>Writes down when a lease ends.</summary>
    public void EndAt(PairStay stay, DateTimeOffset end)
    {
        stay.End = end;
        _ends.Enqueue(stay, end);
    }

    /// <summary>
    /// The most numbers that a party is on at once, live and aging: each of its stays needs a number of its own, so no way of sharing
    /// out the numbers gets by with fewer.
    /// </summary>
    public (int Courier, int Recipient) FindPeaks() => (
        FindPeak(_all.GroupBy(stay => stay.Parcel.Courier)), FindPeak(_all.GroupBy(stay => stay.Parcel.Recipient)));

    private int FindPeak(IEnumerable<IGrouping<int, PairStay>> parties) => parties.Select(FindPeak).DefaultIfEmpty().Max();

    private int FindPeak(IEnumerable<PairStay> stays)
    {
        // Whoever has rested makes room at that very instant, so ends come before beginnings.
        var ordered = stays.ToList();
        var changes = ordered.Select(stay => (Time: stay.LeaseTime, Change: 1))
            .Concat(ordered.Where(stay => stay.End < DateTimeOffset.MaxValue).Select(stay => (Time: stay.End + plan.Aging, Change: -1)))
            .Order();
        var (count, peak) = (0, 0);
        foreach (var (_, change) in changes)
            peak = Math.Max(peak, count += change);
        return peak;
    }

    private PassedOver LookBefore(PairStay stay, DateTimeOffset now)
    {
        var (holder, peer, full, free) = (0, 0, 0, 0);
        var parties = PartiesOf(stay.Parcel);
        for (var place = 0; place < stay.Place; place++)
        {
            if (FindOn(place, parties[0], now) is not null)
                holder++;
            else if (FindOn(place, parties[1], now) is not null)
                peer++;
            else if (_live[place] >= plan.Density)
                full++;
            else
                free++;
        }

        return new(stay.Place, holder, peer, full, free);
    }

    private void LetEnd(DateTimeOffset now)
    {
        while (_ends.TryPeek(out var stay, out var end) && end <= now)
        {
            _ends.Dequeue();
            _live[stay.Place]--;
            _liveCount--;
        }
    }

    private PairStay? FindOn(int place, int party, DateTimeOffset now) =>
        _stays.TryGetValue((place, party), out var stay) && stay.End > now - plan.Aging ? stay : null;

    /// <summary>The courier, then the recipient; no recipient has a courier's figure.</summary>
    private int[] PartiesOf(PairParcel parcel) => [parcel.Courier, plan.Couriers + parcel.Recipient];
}
