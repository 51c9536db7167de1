using VirtualNumber.V1;

namespace VirtualNumber.Tests.Redis.Durability;

/// <summary>One delivery as a client knows it: what it asked for, and what was acknowledged. Written by one client, read by the checks.</summary>
internal sealed class Holding(string waybill, string requestId, string realNumber)
{
    private volatile Lease? _lease;
    private volatile bool _releaseTried;
    private volatile bool _released;
    private volatile ReportDeliveryStatusRequest? _reported;

    public string Waybill => waybill;

    public string RequestId => requestId;

    public string RealNumber => realNumber;

    /// <summary>The lease as it was first answered; null while that is unclear.</summary>
    public Lease? Lease
    {
        get => _lease;
        set => _lease = value;
    }

    /// <summary>Whether a release was sent.</summary>
    public bool ReleaseTried
    {
        get => _releaseTried;
        set => _releaseTried = value;
    }

    /// <summary>Whether the release was acknowledged.</summary>
    public bool Released
    {
        get => _released;
        set => _released = value;
    }

    /// <summary>The report that was acknowledged; null while that is unclear, or none was sent.</summary>
    public ReportDeliveryStatusRequest? Reported
    {
        get => _reported;
        set => _reported = value;
    }
}
