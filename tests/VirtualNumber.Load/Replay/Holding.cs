namespace VirtualNumber.Load.Replay;

/// <summary>A lease that the service acknowledged, and what was last heard of it.</summary>
internal sealed class Holding(ReplayPool pool, SeenLease lease)
{
    public ReplayPool Pool { get; } = pool;

    public string LeaseId { get; } = lease.Id;

    public string Number { get; } = lease.Number;

    public DateTimeOffset LeaseTime { get; } = lease.LeaseTime;

    /// <summary>The expire time; the end, once ended.</summary>
    public DateTimeOffset End { get; set; } = lease.ExpireTime;

    /// <summary>Whether an acknowledged release ended it.</summary>
    public bool Released { get; set; }

    /// <summary>
    /// Whether the lease lived during the whole of an interval (true), during none of it (false), or its end lies within (null).
    /// The service judges by whole milliseconds, and so does this.
    /// </summary>
    public bool? IsLive(DateTimeOffset sent, DateTimeOffset answered)
    {
        if (answered < End)
            return true;
        return sent >= End ? false : null;
    }
}
