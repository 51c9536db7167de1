using System.Collections.Immutable;
using VirtualNumber.Leasing;
using VirtualNumber.Sealing;

namespace VirtualNumber.Protocol;

/// <summary>How records of calls are kept.</summary>
/// <param name="Kept">For how long, from their start on.</param>
/// <param name="MostPerBlock">So many in a block; the oldest go first.</param>
internal readonly record struct CallKeeping(TimeSpan Kept, int MostPerBlock);

/// <summary>Counts what one caller is connected by one lease.</summary>
/// <param name="Counter">Keyed digest of the lease's block, slot and epoch, and of the caller.</param>
/// <param name="Limits">How much he may be; all of them hold. At least one.</param>
internal sealed record CallFrequency(Digest Counter, IReadOnlyList<CallLimit> Limits)
{
    /// <summary>
    /// So long after it was counted a call is the same call when it is looked up again, and is not counted again: long enough for a gateway that
    /// has lost an answer, and no longer, since whoever can make his gateway use a call id again is not held to the limits meanwhile.
    /// </summary>
    public static readonly TimeSpan SameCallWithin = TimeSpan.FromMinutes(1);

    /// <summary>So many of the latest connections are remembered.</summary>
    public int Remembered => Limits.Max(limit => limit.Count);

    /// <summary>For so long each of them is.</summary>
    public TimeSpan Longest => Limits.Max(limit => limit.Within);
}

/// <summary>Records what a look-up came to.</summary>
/// <param name="Called">The virtual number.</param>
/// <param name="Call">Keyed digest of the gateway and its call id.</param>
/// <param name="Outcome">What the look-up came to.</param>
/// <param name="Lease">The lease that it reached, be it at an earlier look; null: none.</param>
/// <param name="Source">Where the call came from.</param>
/// <param name="Frequency">What counts it, when it is to be connected and there is a limit; null: nothing.</param>
/// <param name="Keeping">How long it is kept.</param>
internal readonly record struct CallStep(
    PhoneNumber Called, Digest Call, ResolveOutcome Outcome, LeaseOfCall? Lease, CallSource Source, CallFrequency? Frequency, CallKeeping Keeping);

/// <summary>What became of a look-up that was to be recorded, in order of precedence.</summary>
internal enum RecordCallOutcome
{
    /// <summary>The number is in no block, or in one that is about to be filled: nothing was recorded or counted.</summary>
    NoBlock,

    /// <summary>The caller was connected by the lease as often as may be: recorded as <see cref="ResolveOutcome.TooFrequent"/>.</summary>
    TooFrequent,

    /// <summary>Recorded as it came.</summary>
    Recorded,
}

/// <summary>Adds what a gateway reports of a call.</summary>
/// <param name="Block">The block of the lease.</param>
/// <param name="Call">Keyed digest of the gateway and its call id.</param>
/// <param name="Lease">The lease that the call belongs to.</param>
/// <param name="Source">Where the call came from, should there be no record of it.</param>
/// <param name="Events">What happened.</param>
/// <param name="Keeping">How long the record is kept, should there be none yet.</param>
internal readonly record struct CallEventsStep(
    uint Block, Digest Call, LeaseOfCall Lease, CallSource Source, ImmutableArray<CallEvent> Events, CallKeeping Keeping)
{
    /// <summary>The numbers of the gateway that reports; null: all.</summary>
    public NumberScope? Scope { get; init; }
}

/// <summary>What became of a report on a call, in order of precedence. The first two the verb finds; a store answers the others.</summary>
internal enum CallEventsOutcome
{
    /// <summary>The lease id was not made by this service, or was damaged.</summary>
    LeaseIdInvalid,

    /// <summary>The epoch is not the lease's.</summary>
    EpochWrong,

    /// <summary>There is no such block or slot, or its number is none of the gateway's.</summary>
    LeaseUnknown,

    /// <summary>The call belongs to another holder, of this slot or of another one; nothing was added.</summary>
    OtherLease,

    /// <summary>The call would have more events than are kept; nothing was added.</summary>
    TooMany,

    /// <summary>What was not known yet was added.</summary>
    Added,
}

/// <summary>The answer of a report on a call.</summary>
/// <param name="Outcome">What became of it.</param>
/// <param name="New">How many events were not known.</param>
/// <param name="All">How many events the call has.</param>
internal readonly record struct CallEventsAnswer(CallEventsOutcome Outcome, int New = 0, int All = 0);

/// <summary>Which calls of a pool to list; what is null does not matter.</summary>
/// <param name="Block">Only those of this block.</param>
/// <param name="Lease">Only those of this lease, which is in that block.</param>
/// <param name="Number">Only those to this number, which is in that block.</param>
/// <param name="GatewayId">Only those of this gateway.</param>
/// <param name="From">Only those that began then or later.</param>
/// <param name="Until">Only those that began earlier.</param>
internal sealed record CallFilter(
    uint? Block = null, LeaseOfCall? Lease = null, PhoneNumber? Number = null, string? GatewayId = null, DateTimeOffset? From = null, DateTimeOffset? Until = null)
{
    /// <summary>Whether a call is among them, its block aside.</summary>
    public bool Matches(CallRecord call) =>
        (Lease is null || call.Lease == Lease)
        && (Number is null || call.Number.Equals(Number))
        && (GatewayId is null || call.Source.GatewayId == GatewayId)
        && !(call.StartTime < From)
        && !(call.StartTime >= Until);
}

/// <summary>A place in a walk over the calls of a pool: the position of a block in the order of adding, and the last call seen there.</summary>
/// <param name="Block">The position.</param>
/// <param name="Due">When that call is due; null: none was seen in the block yet.</param>
/// <param name="Call">The call.</param>
internal readonly record struct CallCursor(int Block, DateTimeOffset? Due = null, Digest Call = default);

/// <summary>A page of calls.</summary>
/// <param name="Calls">The calls, with the block of each.</param>
/// <param name="Next">Where to go on; null at the end.</param>
internal sealed record CallPage(IReadOnlyList<(uint Block, CallRecord Call)> Calls, CallCursor? Next);
