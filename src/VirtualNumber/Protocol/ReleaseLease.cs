using VirtualNumber.Leasing;

namespace VirtualNumber.Protocol;

internal sealed partial class LeaseVerbs
{
    /// <summary>Ends the lease now. One that is over already stays as it is, and that is no error: a repeat needs no request id.</summary>
    public async ValueTask<LeaseAnswer> ReleaseLeaseAsync(string tenantId, string leaseId, CancellationToken cancellation)
    {
        if (!TryFindHolder(tenantId, leaseId, out var holder))
            return new(LeaseOutcome.LeaseIdInvalid, null);

        var now = Now;
        var answer = await pool.ReleaseAsync(holder, now, cancellation);
        return answer.Record is { } record
            ? new(LeaseOutcome.Done, LeaseOf(record, now))
            : new(LeaseOutcome.LeaseUnknown, null);
    }
}
