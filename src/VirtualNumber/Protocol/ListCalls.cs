using VirtualNumber.Leasing;

namespace VirtualNumber.Protocol;

/// <summary>Which calls of a pool are asked for; what is null does not matter.</summary>
/// <param name="LeaseId">Only those of this lease.</param>
/// <param name="Number">Only those to this virtual number.</param>
/// <param name="GatewayId">Only those of this gateway.</param>
/// <param name="From">Only those that began then or later.</param>
/// <param name="Until">Only those that began earlier.</param>
internal sealed record CallSelection(string? LeaseId, PhoneNumber? Number, string? GatewayId, DateTimeOffset? From, DateTimeOffset? Until);

/// <summary>What became of asking for calls, in order of precedence.</summary>
internal enum ListCallsOutcome
{
    /// <summary>The lease id was not made by this service, or was damaged.</summary>
    LeaseIdInvalid,

    /// <summary>The number is not in the pool.</summary>
    NumberUnknown,

    /// <summary>Here they are.</summary>
    Listed,
}

/// <summary>A page of calls as an operator sees them.</summary>
/// <param name="Outcome">What became of it.</param>
/// <param name="Calls">The calls.</param>
/// <param name="Next">Where to go on; null at the end.</param>
internal sealed record ListCallsAnswer(ListCallsOutcome Outcome, IReadOnlyList<CallSummary> Calls, CallCursor? Next);

internal sealed partial class LeaseVerbs
{
    /// <summary>So many records one page looks at for each that it may list.</summary>
    private const int LookedPerListed = 20;

    /// <summary>A page of a pool's calls, block after block, in each the oldest first, with a bounded amount of work.</summary>
    public ValueTask<ListCallsAnswer> ListCallsAsync(
        Pool owner, CallSelection selection, CallCursor from, int limit, CancellationToken cancellation) =>
        ListCallsAsync(owner, selection, from, limit, limit * LookedPerListed, showCallers: true, cancellation);

    private async ValueTask<ListCallsAnswer> ListCallsAsync(
        Pool owner, CallSelection selection, CallCursor from, int limit, int looked, bool showCallers, CancellationToken cancellation)
    {
        var filter = new CallFilter(GatewayId: selection.GatewayId, From: selection.From, Until: selection.Until);
        if (selection.Number is { } number)
        {
            if (await stock.FindBlockAsync(owner, "", number, cancellation) is not { } block)
                return new(ListCallsOutcome.NumberUnknown, [], null);
            filter = filter with { Block = block.Id, Number = number };
        }

        if (selection.LeaseId is { } leaseId)
        {
            if (!TryFindHolder(owner.TenantId, leaseId, out var holder))
                return new(ListCallsOutcome.LeaseIdInvalid, [], null);
            // Of a number in one block and a lease in another there is no call.
            if (filter.Block is { } numbersBlock && numbersBlock != holder.Block)
                return new(ListCallsOutcome.Listed, [], null);
            filter = filter with { Block = holder.Block, Lease = new LeaseOfCall(holder.Slot, holder.LeaseTime) };
        }

        var page = await stock.ListCallsAsync(owner, filter, from, limit, looked, cancellation);
        return new(ListCallsOutcome.Listed, [.. page.Calls.Select(found => CallOf(owner, found.Block, found.Call, showCallers))], page.Next);
    }

    private CallSummary CallOf(Pool owner, uint block, CallRecord record, bool showCaller) => new(
        record.Source.GatewayId,
        record.Source.CallId,
        record.Source.Kind,
        record.Number,
        showCaller ? MaskedCallerOf(owner, record) : "",
        record.Lease is { } lease ? leaseIds.Encode(new(block, lease.Slot, lease.LeaseTime.ToUnixTimeMilliseconds())) : null,
        record.Lease?.LeaseTime ?? default,
        record.StartTime,
        record.Outcome,
        record.Events);

    private string MaskedCallerOf(Pool owner, CallRecord record)
    {
        if (record.Source.SealedCaller.IsEmpty)
            return "";
        if (sealer.TryOpen(record.Source.SealedCaller.Span, CallerContext(owner.TenantId, record.Call), out var canonical, out var fault))
            return PhoneNumber.FromCanonical(canonical).Mask();
        Telemetry.Unreadable(fault);
        return "";
    }
}
