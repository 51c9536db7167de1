namespace VirtualNumber.Load.Fuzz;

/// <summary>The service under fire, and the connections that calls share.</summary>
internal sealed class FuzzTarget(Uri address) : IDisposable
{
    private readonly HttpMessageInvoker _http = NewInvoker();

    public Uri Address => address;

    /// <summary>Statuses that say that the service is at fault, or the store, or that data is lost: no input may bring them about.</summary>
    public static void ThrowIfForbidden(string status)
    {
        // UNKNOWN, INTERNAL, UNAVAILABLE, DATA_LOSS.
        if (status is "2" or "13" or "14" or "15" || !int.TryParse(status, out _))
            throw new FuzzFaultException($"It was answered with grpc-status {status}.");
    }

    /// <summary>
    /// Sends a call. Where its connection breaks, that may be the doing of another input that shares it, so it is sent once more over a
    /// connection of its own, and what comes of that counts.
    /// </summary>
    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        try
        {
            return await _http.SendAsync(request, cancellation);
        }
        catch (HttpRequestException)
        {
            using var own = NewInvoker();
            using var again = new HttpRequestMessage(request.Method, request.RequestUri) { Version = request.Version, VersionPolicy = request.VersionPolicy };
            again.Content = request.Content;
            foreach (var (key, values) in request.Headers.NonValidated)
                again.Headers.TryAddWithoutValidation(key, values);
            var response = await own.SendAsync(again, cancellation);
            await response.Content.LoadIntoBufferAsync(cancellation);
            return response;
        }
    }

    public void Dispose() => _http.Dispose();

    private static HttpMessageInvoker NewInvoker() =>
        new(new SocketsHttpHandler { UseProxy = false, EnableMultipleHttp2Connections = true, AllowAutoRedirect = false });
}
