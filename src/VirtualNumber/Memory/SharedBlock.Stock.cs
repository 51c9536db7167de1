using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Memory;

internal abstract partial class SharedBlock
{
    protected override void AddNumber()
    {
        var number = new SharedNumber((uint)_numbers.Count, Slots);
        _numbers.Add(number);
        OpenOrClose(number);
    }

    protected override StockState GetState(uint index) => _numbers[(int)index].State;

    protected override void SetState(uint index, StockState state)
    {
        var number = _numbers[(int)index];
        number.State = state;
        OpenOrClose(number);
    }

    protected override IEnumerable<LeaseRecord> RecordsOf(uint index) =>
        _numbers[(int)index].Taken.Select(slot => FindRecord((index * Slots) + slot)!);

    protected override (NumberCounts Counts, DateTimeOffset? NextAvailableTime) CountPlaces(DateTimeOffset now)
    {
        var counts = default(NumberCounts);
        DateTimeOffset? next = null;
        foreach (var number in _numbers)
        {
            var places = PlacesOf(number, now);
            var state = StateOf(number.Index, now);
            counts += CountOf(state, places);
            var time = state == StockState.InStock ? places.NextTime : state == StockState.Faulty ? ReturnOf(number.Index) : null;
            next = time is { } instant && !(instant >= next) ? instant : next;
        }

        return (counts, counts.Available > 0 ? null : next);
    }

    /// <summary>The places of a number by the clock alone, whether or not what is due has been written down.</summary>
    protected Places PlacesOf(SharedNumber number, DateTimeOffset now)
    {
        var (live, present) = (0, 0);
        var (firstEnd, firstRested) = (DateTimeOffset.MaxValue, DateTimeOffset.MaxValue);
        foreach (var record in RecordsOf(number.Index))
        {
            if (record.IsLive(now))
            {
                (live, present) = (live + 1, present + 1);
                firstEnd = Least(firstEnd, record.ExpireTime);
            }
            else if (record.ExpireTime > now - Aging)
            {
                present++;
                firstRested = Least(firstRested, record.ExpireTime + Aging);
            }
        }

        var free = Math.Max(0, Math.Min(Pool.Density - live, (int)Slots - present));
        return new(free, live, free > 0 ? null : live >= Pool.Density ? firstEnd : firstRested);
    }

    private NumberCounts CountOf(StockState state, Places places) => state switch
    {
        StockState.Suspended => new(0, 0, 0, Pool.Density, 0, 0),
        StockState.Retired => new(0, 0, 0, 0, Pool.Density, places.Live),
        StockState.Faulty => new(0, places.Live, 0, 0, 0, 0) { Faulty = Pool.Density - places.Live },
        _ => new(places.Free, places.Live, Pool.Density - places.Live - places.Free, 0, 0, 0),
    };

    private static DateTimeOffset Least(DateTimeOffset one, DateTimeOffset other) => one < other ? one : other;

    /// <summary>The places of one number.</summary>
    /// <param name="Free">How many may be leased now.</param>
    /// <param name="Live">How many live leases there are.</param>
    /// <param name="NextTime">When the next place frees up; null: one is free.</param>
    protected readonly record struct Places(int Free, int Live, DateTimeOffset? NextTime);
}
