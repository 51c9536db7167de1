namespace VirtualNumber.Load.Chaos.Checking;

/// <summary>Something that was done, or may have been done, to one thing (a lease, a delivery), and what its caller was told.</summary>
/// <typeparam name="TState">A state that the thing may be in.</typeparam>
internal interface IDeed<TState>
{
    /// <summary>The call that tells of it.</summary>
    Call Call { get; }

    /// <summary>It did not happen before.</summary>
    long Start { get; }

    /// <summary>It has happened by then, or never will.</summary>
    long End { get; }

    /// <summary>
    /// Whether it was answered, so that it happened, once. One that was not may happen or not; and as every verb is harmless when it
    /// is repeated, also more than once.
    /// </summary>
    bool Answered { get; }

    /// <summary>The states after it, where it finds the given one; none when the answer cannot have come from that state.</summary>
    /// <param name="state">The state before.</param>
    /// <param name="now">It happens at the latest now.</param>
    IEnumerable<TState> From(TState state, long now);
}

/// <summary>
/// Holds the set of states that a thing may be in while a history goes by: deeds that overlap may have happened in either order, those
/// that were not answered at any time or never. An answer that no possible state gives proves that a promise was broken.
/// </summary>
internal sealed class Possibilities<TState>
    where TState : notnull, IEquatable<TState>
{
    private const int MostStates = 50_000;
    private const int MostOpen = 64;

    private readonly List<IDeed<TState>?> _open = [];
    private HashSet<(TState State, ulong Done)> _states;

    public Possibilities(IEnumerable<TState> initial) => _states = [.. initial.Select(state => (state, 0UL))];

    /// <summary>What may be now.</summary>
    public IReadOnlyCollection<TState> States => [.. _states.Select(state => state.State).Distinct()];

    /// <summary>Whether there were too many possibilities to follow.</summary>
    public bool GaveUp { get; private set; }

    /// <summary>Goes through a history; answers the deeds whose answers were impossible. Those are left out from there on.</summary>
    /// <param name="deeds">All that happened to the thing, in any order.</param>
    /// <param name="isImpossible">Told of each deed that no state explains, with the states before it.</param>
    public void Follow(IReadOnlyCollection<IDeed<TState>> deeds, Action<IDeed<TState>, IReadOnlyCollection<TState>> isImpossible)
    {
        // What begins at the very instant at which something ends may have come first.
        var turns = deeds.Select(deed => (Time: deed.Start, Begins: true, Deed: deed))
            .Concat(deeds.Select(deed => (Time: deed.End, Begins: false, Deed: deed)))
            .OrderBy(turn => turn.Time).ThenBy(turn => turn.Begins ? 0 : 1);
        foreach (var (time, begins, deed) in turns)
        {
            if (begins)
                Open(deed);
            else
                Close(deed, time, isImpossible);
            if (GaveUp)
                return;
        }
    }

    private void Open(IDeed<TState> deed)
    {
        var place = _open.IndexOf(null);
        if (place < 0)
        {
            place = _open.Count;
            _open.Add(null);
        }

        if (place >= MostOpen)
            GaveUp = true;
        _open[place] = deed;
    }

    private void Close(IDeed<TState> deed, long now, Action<IDeed<TState>, IReadOnlyCollection<TState>> isImpossible)
    {
        var place = _open.IndexOf(deed);
        var bit = 1UL << place;
        var reached = Reach(now);
        if (deed.Answered)
        {
            var explained = reached.Where(state => (state.Done & bit) != 0).Select(state => (state.State, state.Done & ~bit)).ToHashSet();
            if (explained.Count == 0 && !GaveUp)
                isImpossible(deed, [.. reached.Select(state => state.State).Distinct()]);
            _states = explained.Count > 0 ? explained : reached;
        }
        else
        {
            _states = reached;
        }

        _open[place] = null;
    }

    /// <summary>All that may be now: what is open may have happened meanwhile, in any order.</summary>
    private HashSet<(TState State, ulong Done)> Reach(long now)
    {
        var reached = new HashSet<(TState, ulong)>(_states);
        var next = new Stack<(TState State, ulong Done)>(_states);
        while (next.TryPop(out var at))
        {
            for (var place = 0; place < _open.Count; place++)
            {
                var bit = 1UL << place;
                if (_open[place] is not { } deed || (at.Done & bit) != 0)
                    continue;
                var done = deed.Answered ? at.Done | bit : at.Done;
                foreach (var state in deed.From(at.State, now))
                {
                    if (reached.Add((state, done)))
                        next.Push((state, done));
                }
            }

            if (reached.Count > MostStates)
            {
                GaveUp = true;
                break;
            }
        }

        return reached;
    }
}
