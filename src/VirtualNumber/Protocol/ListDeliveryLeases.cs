using VirtualNumber.Leasing;

namespace VirtualNumber.Protocol;

/// <summary>What ListDeliveryLeases answers.</summary>
/// <param name="Leases">The latest lease of each role that has one, live or ended, in the order of the roles.</param>
/// <param name="Status">The latest status; unspecified when none was reported.</param>
/// <param name="EventTime">When that happened; null when none was reported.</param>
internal sealed record DeliveryAnswer(IReadOnlyList<Lease> Leases, DeliveryStatus Status, DateTimeOffset? EventTime);

internal sealed partial class LeaseVerbs
{
    /// <summary>The leases of all roles of a delivery, and its latest status.</summary>
    public async ValueTask<DeliveryAnswer> ListDeliveryLeasesAsync(DeliveryKey delivery, CancellationToken cancellation)
    {
        var now = Now;
        if (await pool.ReadLedgerAsync(DigestOf(delivery), now, cancellation) is not { } ledger)
            return new([], DeliveryStatus.Unspecified, null);

        var leases = new List<Lease>(ledger.Claims.Count);
        foreach (var (_, claim) in ledger.Claims)
        {
            if (await pool.FindAsync(claim, cancellation) is { } record)
                leases.Add(LeaseOf(record, now));
        }

        return new(leases, ledger.Status, ledger.Terms is null ? null : ledger.EventTime);
    }
}
