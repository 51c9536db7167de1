namespace VirtualNumber.Http;

/// <summary>What callers by HTTP may do.</summary>
public sealed class HttpJsonOptions
{
    /// <summary>
    /// Whether gateways that can only GET may look calls up so. Default false: the two telephone numbers of a look-up are in the URL then, and
    /// URLs end in the logs of proxies. The service itself neither logs nor traces them.
    /// </summary>
    public bool ResolveByGet { get; set; }
}
