using VirtualNumber.Leasing;
using VirtualNumber.Sealing;

namespace VirtualNumber.Protocol;

/// <summary>What ReassignLease is asked.</summary>
/// <param name="TenantId">Whose lease.</param>
/// <param name="LeaseId">Which one.</param>
/// <param name="RequestId">Makes a retry safe.</param>
/// <param name="RealNumber">The holder's new number; null: stays.</param>
/// <param name="PeerNumber">Pair mode: the peer's; null: stays.</param>
/// <param name="NewNumberIfBusy">Pair mode: lease another number where who joins cannot be on this one.</param>
internal sealed record ReassignLeaseCommand(
    string TenantId, string LeaseId, string RequestId, PhoneNumber? RealNumber, PhoneNumber? PeerNumber = null, bool NewNumberIfBusy = false);

/// <summary>What ReassignLease answers.</summary>
/// <param name="Outcome">What became of it.</param>
/// <param name="Lease">The lease as it stands, or the one that took its place; null when its id is invalid or it is unknown.</param>
/// <param name="NewNumber">Whether another lease took its place.</param>
/// <param name="Missed">Why none could, when NoOtherNumber.</param>
internal sealed record ReassignAnswer(LeaseOutcome Outcome, Lease? Lease, bool NewNumber = false, CreateLeaseAnswer? Missed = null)
    : LeaseAnswer(Outcome, Lease);

internal sealed partial class LeaseVerbs
{
    /// <summary>Binds other real numbers to the lease; no look-up that begins after the answer reaches who has left.</summary>
    public async ValueTask<ReassignAnswer> ReassignLeaseAsync(ReassignLeaseCommand command, CancellationToken cancellation)
    {
        var tenantId = command.TenantId;
        if (!TryFindHolder(tenantId, command.LeaseId, out var holder))
            return new(LeaseOutcome.LeaseIdInvalid, null);
        if (command.RealNumber is { } joining && await stock.IsStockedAsync(joining, s_stockAgeForChanges, cancellation))
            return new(LeaseOutcome.RealNumberInPool, null);
        if (command.PeerNumber is { } joiningPeer && await stock.IsStockedAsync(joiningPeer, s_stockAgeForChanges, cancellation))
            return new(LeaseOutcome.PeerNumberInPool, null);

        // The claim and the delivery, to which the numbers are sealed, are in the record, and never change.
        if (await pool.GetAsync(holder, cancellation) is not { } record)
            return new(LeaseOutcome.LeaseUnknown, null);
        if (record.Pair is null && (command.PeerNumber is not null || command.RealNumber is null || command.NewNumberIfBusy))
            return new(LeaseOutcome.PoolNotPair, LeaseOf(record, Now));
        // What was done once is answered again, whatever the pool's rules have become.
        var mark = MarkOf(command, record);
        var refusal = await KindRefusalAsync(command, record, cancellation);
        if (refusal is { } refused && !record.Reassignments.Contains(mark))
            return new(refused, LeaseOf(record, Now));

        var step = new ReassignStep(
            holder,
            mark,
            command.RealNumber is { } number ? Seal(number, tenantId, record.Delivery, record.Claim) : null,
            command.PeerNumber is { } peer ? SealPeer(peer, tenantId, record.Delivery, record.Claim) : null);
        var now = Now;
        var answer = await pool.ReassignAsync(step, now, cancellation);
        if (answer.Outcome == HolderOutcome.Busy && command.NewNumberIfBusy)
        {
            // Ended only for a number that can be had, as far as that can be known.
            var parties = new PairParties(step.Number?.Digest ?? record.NumberDigest, step.Peer?.Digest ?? record.Pair!.Peer);
            if (parties.Holder != parties.Peer && await MissedAsync(record, parties, cancellation) is { } missed)
                return new(LeaseOutcome.NoOtherNumber, LeaseOf(answer.Record!, now), Missed: missed);
            now = Now;
            if (parties.Holder != parties.Peer)
                answer = await pool.ReassignAsync(step with { EndIfBusy = true }, now, cancellation);
        }

        if (answer.Outcome == HolderOutcome.Moved)
            return await LeaseInsteadAsync(command, step.Request, answer.Record!, mayBind: refusal is null, cancellation);
        var plain = AnswerOf(answer, now);
        return new(plain.Outcome, plain.Lease);
    }

    /// <summary>Which of those who join has a number of a kind that may not be bound in the lease's pool; null: none.</summary>
    private async ValueTask<LeaseOutcome?> KindRefusalAsync(ReassignLeaseCommand command, LeaseRecord record, CancellationToken cancellation)
    {
        if (await stock.FindPoolAsync(record.TenantId, record.PoolId, cancellation) is not { } owner)
            return null;
        return command.RealNumber is { } number && !owner.MayBind(number.Kind) ? LeaseOutcome.RealNumberKindNotAllowed
            : command.PeerNumber is { } peer && !owner.MayBind(peer.Kind) ? LeaseOutcome.PeerNumberKindNotAllowed
            : null;
    }

    /// <summary>Why no other number could be had for a pair; null: one can. Counted, since a hint of the store may be wrong.</summary>
    private async ValueTask<CreateLeaseAnswer?> MissedAsync(LeaseRecord record, PairParties parties, CancellationToken cancellation)
    {
        if (await stock.FindPoolAsync(record.TenantId, record.PoolId, cancellation) is not { } owner)
            return new(CreateLeaseOutcome.PoolUnknown);
        return await ExplainAsync(owner, strictArea: null, parties, cancellation);
    }

    /// <summary>
    /// Leases another number in the place of a lease that this request has ended. A repeat comes here again, and to the same lease: the
    /// request is bound to it in the delivery's ledger. Where its numbers may not be bound any more, it is answered
    /// with that lease, or told that this one has ended.
    /// </summary>
    private async ValueTask<ReassignAnswer> LeaseInsteadAsync(
        ReassignLeaseCommand command, RequestMark request, LeaseRecord ended, bool mayBind, CancellationToken cancellation)
    {
        if (await stock.FindPoolAsync(ended.TenantId, ended.PoolId, cancellation) is not { } owner)
            return new(LeaseOutcome.LeaseUnknown, null);
        // By the claim, since one lease's id may be spelled in more than one way.
        var mark = new RequestMark(index.Of("new-number-request", ended.Claim.ToString(), command.RequestId), request.Content);
        var order = new LeaseOrder(
            owner, ended.Delivery, ended.Role, command.RealNumber ?? Open(ended), command.PeerNumber ?? OpenPeer(ended), ended.Pair!.Direction, mark, null)
        {
            Rules = ended.Rules,
            Areas = ended.Area.Length > 0 ? [ended.Area, null] : [null],
            InPlaceOf = ended,
        };
        var answer = mayBind ? await LeaseAsync(order, cancellation) : await FindLeasedAsync(order, cancellation);
        return answer?.Outcome switch
        {
            null => new(LeaseOutcome.LeaseEnded, LeaseOf(ended, Now)),
            CreateLeaseOutcome.Leased => new(LeaseOutcome.Done, answer.Lease, NewNumber: true),
            CreateLeaseOutcome.LeaseEnded => new(LeaseOutcome.LeaseEnded, answer.Lease),
            _ => new(LeaseOutcome.NoOtherNumber, LeaseOf(ended, Now), Missed: answer),
        };
    }

    private RequestMark MarkOf(ReassignLeaseCommand command, LeaseRecord record) => new(
        index.Of("reassign-lease-request", command.TenantId, command.RequestId),
        record.Pair is null
            ? ReassignContentOf(command.TenantId, command.RealNumber!)
            : ReassignContentOf(command.TenantId, command.RealNumber, command.PeerNumber));

    /// <summary>What a reassignment asks for; a record's reassignments tell by it which numbers the lease has stood for.</summary>
    private Digest ReassignContentOf(string tenantId, PhoneNumber realNumber) =>
        index.Of("reassign-lease-content", tenantId, realNumber.Canonical);

    /// <summary>The same in pair mode; empty: stays. Whether another number is asked for is no part of it: it changes how, not what.</summary>
    private Digest ReassignContentOf(string tenantId, PhoneNumber? realNumber, PhoneNumber? peerNumber) =>
        index.Of("reassign-pair-content", tenantId, realNumber?.Canonical ?? "", peerNumber?.Canonical ?? "");
}
