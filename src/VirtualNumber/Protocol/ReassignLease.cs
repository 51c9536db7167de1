using VirtualNumber.Leasing;
using VirtualNumber.Sealing;

namespace VirtualNumber.Protocol;

internal sealed partial class LeaseVerbs
{
    /// <summary>Binds another real number to the lease; from the answer on no call reaches the earlier one.</summary>
    public async ValueTask<LeaseAnswer> ReassignLeaseAsync(
        string tenantId, string leaseId, string requestId, PhoneNumber realNumber, CancellationToken cancellation)
    {
        if (!TryFindHolder(tenantId, leaseId, out var holder))
            return new(LeaseOutcome.LeaseIdInvalid, null);
        if (await stock.IsStockedAsync(realNumber, cancellation))
            return new(LeaseOutcome.RealNumberInPool, null);

        // The claim and the delivery, to which the number is sealed, are in the record, and never change.
        if (await pool.GetAsync(holder, cancellation) is not { } record)
            return new(LeaseOutcome.LeaseUnknown, null);

        var number = DigestOf(tenantId, realNumber);
        var request = new RequestMark(
            index.Of("reassign-lease-request", tenantId, requestId),
            ReassignContentOf(tenantId, realNumber));
        var sealedNumber = sealer.Seal(realNumber.Canonical, SealContextOf(tenantId, record.Delivery, record.Claim));
        var now = Now;
        return AnswerOf(await pool.ReassignAsync(new ReassignStep(holder, request, new BoundNumber(sealedNumber, number)), now, cancellation), now);
    }

    /// <summary>What a reassignment asks for; a record's reassignments tell by it which numbers the lease has stood for.</summary>
    private Digest ReassignContentOf(string tenantId, PhoneNumber realNumber) =>
        index.Of("reassign-lease-content", tenantId, realNumber.Canonical);
}
