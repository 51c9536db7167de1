using VirtualNumber.Leasing;

namespace VirtualNumber.Load.Replay;

/// <summary>A lease as the service tells it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Number">The virtual number as dialled inside its country.</param>
/// <param name="LeaseTime">When it was taken.</param>
/// <param name="ExpireTime">When it expires; the end, once ended.</param>
/// <param name="Live">Whether it connects calls.</param>
internal sealed record SeenLease(string Id, string Number, DateTimeOffset LeaseTime, DateTimeOffset ExpireTime, bool Live);

/// <summary>What CreateLease answered.</summary>
internal sealed record SeenCreation(CreateLeaseOutcome Outcome, SeenLease? Lease, bool Existing);

/// <summary>What ReportDeliveryStatus answered.</summary>
internal sealed record SeenReport(ReportOutcome Outcome, DeliveryStatus Status, DateTimeOffset EventTime, IReadOnlyList<SeenLease> Leases);

/// <summary>Where Resolve sends a call.</summary>
/// <param name="ConnectNumber">The real number; null: refused.</param>
/// <param name="LeaseId">The lease that it belongs to, when connected.</param>
internal sealed record SeenRoute(string? ConnectNumber, string? LeaseId);

/// <summary>The counts of a pool.</summary>
internal sealed record SeenCounts(long Stocked, long Available, long Leased, long Aging, long Others);

/// <summary>The service as a replay sees it: in this process, or over the wire.</summary>
internal interface IReplayTarget
{
    /// <summary>Makes a pool and stocks it.</summary>
    Task StockAsync(ReplayPool pool, ReplayNumbers numbers, TimeSpan aging);

    /// <summary>CreateLease with a request id of the parcel.</summary>
    Task<SeenCreation> LeaseAsync(ParcelPlan plan);

    /// <summary>ReportDeliveryStatus.</summary>
    Task<SeenReport> ReportAsync(ParcelPlan plan, ParcelEvent e);

    /// <summary>ReleaseLease; null when the lease is unknown.</summary>
    Task<SeenLease?> ReleaseAsync(string leaseId);

    /// <summary>GetLease; null when the lease is unknown.</summary>
    Task<SeenLease?> GetAsync(string leaseId);

    /// <summary>Resolve, asked by a stranger.</summary>
    Task<SeenRoute> ResolveAsync(string number);

    /// <summary>GetStats.</summary>
    Task<SeenCounts> CountAsync(ReplayPool pool);

    /// <summary>A cycle of Reclaim, where the service does not run its own.</summary>
    Task TidyAsync();
}
