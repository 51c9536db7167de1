namespace VirtualNumber.Load.Fuzz;

/// <summary>The service under fire, and the connections that calls share.</summary>
internal sealed class FuzzTarget(Uri address) : IDisposable
{
    public Uri Address => address;

    /// <summary>Statuses that say that the service is at fault, or the store, or that data is lost: no input may bring them about.</summary>
    public static void ThrowIfForbidden(string status)
    {
        // UNKNOWN, INTERNAL, UNAVAILABLE, DATA_LOSS.
        if (status is "2" or "13" or "14" or "15" || !int.TryParse(status, out _))
            throw new FuzzFaultException($"It was answered with grpc-status {status}.");
    }

    /// <summary>The connections that calls share.</summary>
    public HttpMessageInvoker Shared { get; } = NewInvoker();

    /// <summary>A connection for one call alone.</summary>
    public static HttpMessageInvoker NewInvoker() =>
        new(new SocketsHttpHandler { UseProxy = false, EnableMultipleHttp2Connections = true, AllowAutoRedirect = false });

    public void Dispose() => Shared.Dispose();
}
