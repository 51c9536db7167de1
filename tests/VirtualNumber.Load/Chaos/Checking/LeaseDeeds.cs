using VirtualNumber.Leasing;

namespace VirtualNumber.Load.Chaos.Checking;

/// <summary>CreateLease answered this lease, or said that it stands in the way or has ended.</summary>
internal sealed class CreateDeed(Call call, LeaseFacts facts) : LeaseDeed(call, facts)
{
    public override IEnumerable<LeaseState> From(LeaseState state, long now) => Call.Outcome == CallEnd.Done
        ? Call.Seen.Where(seen => seen.Id == Facts.Id).SelectMany(seen => Shown(state, seen))
        : Call.Reason == "LEASE_ENDED" ? FoundOver(state) : If(state.MayLive(Start, Tolerance), state);
}

/// <summary>GetLease, ListDeliveryLeases: what they showed, or that they did not show it.</summary>
internal sealed class ReadDeed(Call call, LeaseFacts facts) : LeaseDeed(call, facts)
{
    public override IEnumerable<LeaseState> From(LeaseState state, long now)
    {
        if (Call.Seen.FirstOrDefault(seen => seen.Id == Facts.Id) is { } shown)
            return Shown(state, shown);
        // A list no longer names a lease once another stands in its place; GetLease knows it until it has rested.
        return Call.Verb == Verb.Get ? FoundGone(state) : If(Start < Facts.Epoch + Tolerance || state.MayBeOver(Call.End, Tolerance), state);
    }
}

/// <summary>Resolve: it connected by this lease, or it did not though its caller expected it to.</summary>
internal sealed class ResolveDeed(Call call, LeaseFacts facts) : LeaseDeed(call, facts)
{
    public override IEnumerable<LeaseState> From(LeaseState state, long now)
    {
        var route = state.RouteOf(Call.Caller);
        if (Connects)
            return If(!state.Gone && state.MayLive(Start, Tolerance) && route == Call.Connected, state);
        return If(route.Length == 0 || Start < Facts.Epoch + Tolerance || state.MayBeOver(Call.End, Tolerance), state);
    }

    /// <summary>Whether it was this lease that the call was connected by.</summary>
    public bool Connects => Call.Connected.Length > 0 && Call.Seen.Any(seen => seen.Id == Facts.Id);
}

/// <summary>ExtendLease.</summary>
internal sealed class ExtendDeed(Call call, LeaseFacts facts) : LeaseDeed(call, facts)
{
    public override IEnumerable<LeaseState> From(LeaseState state, long now)
    {
        var bit = Facts.BitOf(Verb.Extend, Call.Request);
        switch (Call.Outcome)
        {
            case CallEnd.Refused when Call.Reason == "LEASE_UNKNOWN":
                return FoundGone(state);
            case CallEnd.Refused when Call.Reason == "LEASE_ENDED":
                return If((state.Extensions & bit) == 0, state).SelectMany(FoundOver);
            case CallEnd.Refused:
                return If(state.MayLive(Start, Tolerance) && state.ExtensionCount >= Limit, state);
            case CallEnd.Done when (state.Extensions & bit) != 0:
                return Call.Seen.SelectMany(seen => Shown(state, seen));
        }

        if (state.Gone || (state.Extensions & bit) != 0 || !state.MayLive(Start, Tolerance) || state.ExtensionCount >= Limit)
            return [];
        var (low, high) = (Later(state.Low), Later(state.High));
        var extended = state with { Low = low, High = high, Floor = low, Extensions = state.Extensions | bit };
        return Call.Outcome != CallEnd.Done
            ? [extended]
            : Call.Seen.SelectMany(seen => Shown(extended, seen)).Select(told => told with { Floor = told.Low });
    }

    private int Limit => Facts.Rules.Terms.ExtensionLimit;

    private long Later(long expire) => Math.Min(expire + Call.Ticks, Facts.Cap);
}

/// <summary>ReassignLease.</summary>
internal sealed class ReassignDeed(Call call, LeaseFacts facts) : LeaseDeed(call, facts)
{
    public override IEnumerable<LeaseState> From(LeaseState state, long now)
    {
        var bit = Facts.BitOf(Verb.Reassign, Call.Request);
        switch (Call.Outcome)
        {
            case CallEnd.Refused when Call.Reason == "LEASE_UNKNOWN":
                return FoundGone(state);
            case CallEnd.Refused when Call.Reason == "LEASE_ENDED":
                return If((state.Reassignments & bit) == 0, state).SelectMany(FoundOver);
            case CallEnd.Refused:
                return If(state.MayLive(Start, Tolerance), state);
            case CallEnd.Done when (state.Reassignments & bit) != 0:
                return Call.Seen.SelectMany(seen => Shown(state, seen));
        }

        if (state.Gone || (state.Reassignments & bit) != 0 || !state.MayLive(Start, Tolerance))
            return [];
        var other = state with
        {
            Holder = Call.Holder.Length > 0 ? Call.Holder : state.Holder,
            Peer = Call.Peer.Length > 0 ? Call.Peer : state.Peer,
            Reassignments = state.Reassignments | bit,
        };
        return Call.Outcome == CallEnd.Done ? Call.Seen.SelectMany(seen => Shown(other, seen)) : [other];
    }
}

/// <summary>ReleaseLease.</summary>
internal sealed class ReleaseDeed(Call call, LeaseFacts facts) : LeaseDeed(call, facts)
{
    public override IEnumerable<LeaseState> From(LeaseState state, long now)
    {
        if (Call.Outcome == CallEnd.Refused)
            return FoundGone(state);
        if (Call.Outcome == CallEnd.Unclear)
        {
            return state.MayLive(Start, Tolerance)
                ? [Over(state, EndReason.Released, Start, Math.Min(state.High, Math.Min(now, End)))]
                : [];
        }

        var seen = Call.Seen[0];
        // Released now, at the instant that the answer names.
        if (state.End == default && seen.End == EndReason.Released && !state.Gone)
        {
            return If(
                seen.Expire >= Start - Tolerance && seen.Expire <= End + Tolerance && seen.Expire < state.High + Tolerance && seen.Extensions == state.ExtensionCount,
                Over(state, EndReason.Released, seen.Expire, seen.Expire));
        }

        return Shown(state, seen).Select(over => over with { End = seen.End });
    }

    private static LeaseState Over(LeaseState state, EndReason reason, long low, long high) =>
        state with { End = reason, Low = low, High = Math.Max(low, high) };
}

/// <summary>
/// A status report of the lease's delivery. Answered, it has given the lease the terms of the latest event, which the answer names;
/// unanswered it may give it those of its own. A lease that was made with a newer event's terms is not touched.
/// </summary>
internal sealed class ReportDeed(Call call, LeaseFacts facts) : LeaseDeed(call, facts)
{
    /// <summary>A report that was cut off is taken up by whichever report of the delivery comes next.</summary>
    public override long End => Answered ? Call.End : long.MaxValue;

    public override IEnumerable<LeaseState> From(LeaseState state, long now)
    {
        var told = Answered ? Call.Latest : Call.Event;
        var after = Applied(state, told, Math.Min(now, End));
        if (!Answered)
            return after.Where(applied => applied != state);
        if (Call.Seen.FirstOrDefault(seen => seen.Id == Facts.Id) is { } shown)
            return after.SelectMany(applied => Shown(applied, shown));
        // All live leases of the delivery are in the answer.
        return after.Where(applied => Start < Facts.Epoch + Tolerance || applied.MayBeOver(Call.End, Tolerance));
    }

    private IEnumerable<LeaseState> Applied(LeaseState state, StatusEvent latest, long now)
    {
        if (state.End != default || state.InForce >= latest)
        {
            yield return state;
            yield break;
        }

        if (state.MayLive(Start, Tolerance))
        {
            var terms = Facts.Rules.Terms.For(latest.Status, new DateTimeOffset(latest.Time, TimeSpan.Zero));
            var expire = terms.Final ? terms.Instant.UtcTicks : Math.Max(terms.Instant.UtcTicks, state.Floor);
            yield return state with
            {
                Low = Math.Min(Math.Max(expire, Start), Facts.Cap),
                High = Math.Min(Math.Max(expire, Math.Max(Start, now)), Facts.Cap),
                InForce = latest,
            };
        }

        if (state.MayBeOver(now, Tolerance))
            yield return state;
    }
}
