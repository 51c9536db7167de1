using VirtualNumber.Leasing;

namespace VirtualNumber.Protocol;

internal sealed partial class LeaseVerbs
{
    /// <summary>A page of a pool's leases, block after block, with a bounded amount of work; the cursor says where to go on.</summary>
    public async ValueTask<(IReadOnlyList<Lease> Leases, RecordCursor? Next)> ListLeasesAsync(
        Pool owner, bool? live, RecordCursor from, int limit, CancellationToken cancellation)
    {
        var now = Now;
        var page = await stock.ListRecordsAsync(owner, live, from, limit, now, cancellation);
        return (page.Records.Select(record => LeaseOf(record, now)).ToList(), page.Next);
    }
}
