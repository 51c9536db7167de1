using VirtualNumber.Leasing;

namespace VirtualNumber.Protocol;

internal sealed partial class LeaseVerbs
{
    /// <summary>Reads one lease, live or ended, until its number has rested.</summary>
    public async ValueTask<LeaseAnswer> GetLeaseAsync(string tenantId, string leaseId, CancellationToken cancellation)
    {
        if (!TryFindHolder(tenantId, leaseId, out var holder))
            return new(LeaseOutcome.LeaseIdInvalid, null);

        return await pool.GetAsync(holder, cancellation) is { } record
            ? new(LeaseOutcome.Done, LeaseOf(record, Now))
            : new(LeaseOutcome.LeaseUnknown, null);
    }
}
