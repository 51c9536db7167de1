namespace VirtualNumber.Protocol;

/// <summary>What is wrong with an instance, in the eyes of a store that it shares with others.</summary>
internal enum StoreFindingKind
{
    /// <summary>Its clock differs from the store's; still within what the protocol allows.</summary>
    ClockDiffers,

    /// <summary>Its clock is off by more than the protocol allows.</summary>
    ClockOff,

    /// <summary>Its key ring lacks a key that the store's data was made with: leases of that key cannot be read here.</summary>
    KeyMissing,

    /// <summary>Its key ring is not the one that the store's data was made with: it would find no delivery, and lease twice.</summary>
    KeyRingOther,

    /// <summary>The store may forget what it acknowledges, against what was declared.</summary>
    DurabilityWeaker,

    /// <summary>Whether the store keeps what was declared cannot be told.</summary>
    DurabilityUnknown,

    /// <summary>The store has too few copies by now to confirm a change.</summary>
    ReplicasMissing,

    /// <summary>The store has lost data that this instance has seen in it.</summary>
    DataLost,

    /// <summary>The store takes no changes, its memory or its disk being full, say. Look-ups go on, so the instance stays.</summary>
    ChangesRefused,

    /// <summary>A part of the store is away; what the other parts hold is served.</summary>
    ShardAway,

    /// <summary>Some blocks are barred until an operator has looked; the others serve.</summary>
    BlocksBarred,
}

/// <summary>A finding.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">For the operator: what is wrong and what to do. No secret is in it.</param>
internal sealed record StoreFinding(StoreFindingKind Kind, string Text)
{
    /// <summary>What makes it another finding, to be told of: its kind, and which blocks or servers. The figures of a clock differ each time.</summary>
    public string Key => Kind is StoreFindingKind.BlocksBarred or StoreFindingKind.ShardAway ? Text : Kind.ToString();

    /// <summary>Whether the instance must not work until it is gone.</summary>
    public bool Bars => Kind is StoreFindingKind.ClockOff or StoreFindingKind.KeyRingOther or StoreFindingKind.DataLost
        or StoreFindingKind.DurabilityWeaker;
}
