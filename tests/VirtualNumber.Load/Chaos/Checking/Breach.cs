namespace VirtualNumber.Load.Chaos.Checking;

/// <summary>Which promise was broken.</summary>
internal enum BreachKind
{
    /// <summary>A lease that was acknowledged, or what was acknowledged to have been done to it, is not there.</summary>
    EffectLost,

    /// <summary>A call was connected by a lease that was over, or to whom it no longer stands for.</summary>
    RouteAfterEnd,

    /// <summary>A call was connected to somebody whom the lease never stood for.</summary>
    WrongPerson,

    /// <summary>A slot, or a party's place on a number, had two holders at a time.</summary>
    TwoHolders,

    /// <summary>A slot, or a party's place on a number, was leased again before its aging had ended.</summary>
    ReusedBeforeRest,

    /// <summary>One request came to two leases.</summary>
    RequestLeasedTwice,

    /// <summary>One role of a delivery had two live leases.</summary>
    RoleLeasedTwice,

    /// <summary>A delivery's latest event is not what its reports make it.</summary>
    EventOrder,

    /// <summary>An answer that no client should ever get: INTERNAL, DATA_LOSS, a refusal without its cause.</summary>
    UnexpectedAnswer,

    /// <summary>The numbers do not add up, or not all of the instances say the same.</summary>
    BooksWrong,

    /// <summary>After all faults had healed a call was not answered, however often it was repeated.</summary>
    StillAway,
}

/// <summary>A broken promise and the calls that prove it.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Text">In words.</param>
/// <param name="At">It was seen then.</param>
/// <param name="Proof">The calls, in order of time.</param>
internal sealed record Breach(BreachKind Kind, string Text, long At, IReadOnlyList<Call> Proof)
{
    /// <summary>
    /// Whether a level that may forget acknowledged writes in a fail-over can lead to it: design section 7, 1, 4 and 5. A call to somebody
    /// whom the lease never stood for, and an answer that is none, never.
    /// </summary>
    public bool MayComeOfLoss => Kind is not (BreachKind.WrongPerson or BreachKind.UnexpectedAnswer);
}

/// <summary>A time in which writes may have been lost, or look-ups were kept waiting, at one master.</summary>
/// <param name="Start">In ticks.</param>
/// <param name="End">When everything was whole again, in ticks.</param>
/// <param name="MayLose">Whether a fail-over may have come of it.</param>
/// <param name="Thaw">When a master that was frozen or cut off went on with the calls that were queued there; null: it was neither.</param>
internal sealed record Trouble(long Start, long End, bool MayLose, Thaw? Thaw = null);

/// <summary>When a fault was undone: not before the one instant, and not after the other. In ticks.</summary>
internal sealed record Thaw(long From, long Until);
