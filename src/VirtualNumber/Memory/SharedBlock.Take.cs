using VirtualNumber.Protocol;

namespace VirtualNumber.Memory;

internal abstract partial class SharedBlock
{
    public override long? FindRoom(PairParties? parties, DateTimeOffset now)
    {
        lock (Gate)
            return FindOpen(parties, now)?.Rank ?? FindDue(parties, now);
    }

    protected override uint? FreeSlot(TakeStep step, DateTimeOffset now)
    {
        var parties = step.Pair is { } pair ? new PairParties(step.NumberDigest, pair.Peer) : default(PairParties?);
        while (true)
        {
            var (expired, removed) = Tidy(INumberPool.MostDuePerTake, now);
            if (FindOpen(parties, now) is { } number)
                return (number.Index * Slots) + Choose(number.Taken, step.Choice!);
            if (expired + removed < INumberPool.MostDuePerTake)
                return null;
        }
    }

    /// <summary>Where a number with so many slots taken comes among the open ones; 0 is first.</summary>
    protected abstract int RankOf(int taken);

    /// <summary>Whether a lease for these parties may be on the number.</summary>
    protected abstract bool Fits(SharedNumber number, PairParties? parties, DateTimeOffset now);

    private SharedNumber? FindOpen(PairParties? parties, DateTimeOffset now)
    {
        foreach (var (_, index) in _open)
        {
            if (Fits(_numbers[(int)index], parties, now))
                return _numbers[(int)index];
        }

        return null;
    }

    /// <summary>The rank of the best number that is not open yet, and will be once a take has tidied up. A read, as every hint is.</summary>
    private long? FindDue(PairParties? parties, DateTimeOffset now)
    {
        var back = Returns.TakeWhile(next => next.Time <= now).Select(next => _numbers[(int)next.Index]).ToHashSet();
        if (back.Count == 0 && !IsAnyDueBy(now))
            return null;
        var due = new Dictionary<SharedNumber, (int Live, int Taken)>();
        foreach (var record in DueBy(now))
        {
            var number = NumberOf(record);
            var (live, taken) = due.GetValueOrDefault(number, (number.Live, number.Taken.Count));
            due[number] = (live - LiveOf(record), record.ExpireTime <= now - Aging ? taken - 1 : taken);
        }

        foreach (var number in back)
            due.TryAdd(number, (number.Live, number.Taken.Count));
        return due.Where(of => HasRoom(of.Key, of.Value.Live, of.Value.Taken, now) && Fits(of.Key, parties, now))
            .Min(of => (long?)RankOf(of.Value.Taken));
    }

    /// <summary>As <see cref="IsOpen"/>, by the clock alone.</summary>
    private bool HasRoom(SharedNumber number, int live, int taken, DateTimeOffset now) =>
        StateOf(number.Index, now) == StockState.InStock && live < Pool.Density && taken < Slots;

    private uint Choose(SlotSet taken, SlotChoice choice)
    {
        foreach (var candidate in choice.Candidates)
        {
            if (!taken.Contains(candidate))
                return candidate;
        }

        return taken.FindFree(choice.Pick % (Slots - (uint)taken.Count));
    }
}
