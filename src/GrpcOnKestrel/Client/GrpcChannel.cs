using Grpc.Core;

namespace Grpc.Net.Client;

/// <summary>A way to one server over HTTP/2. Connections are made when needed and shared by all calls.</summary>
public sealed class GrpcChannel : ChannelBase, IDisposable
{
    private readonly HttpMessageInvoker _http;
    private readonly bool _disposeHttp;
    private readonly Uri _address;
    private bool _disposed;

    private GrpcChannel(Uri address, GrpcChannelOptions options)
        : base(address.Authority)
    {
        if (!address.IsAbsoluteUri || address.Scheme is not ("http" or "https"))
            throw new ArgumentException($"The address '{address}' is not an http or https URI.", nameof(address));
        if (options.HttpClient is not null && options.HttpHandler is not null)
            throw new ArgumentException("HttpClient and HttpHandler have been configured. Only one may be specified.", nameof(options));
        var mustBeSecure = options.Credentials is null ? (bool?)null : options.Credentials != ChannelCredentials.Insecure;
        if (mustBeSecure is not null && mustBeSecure != (address.Scheme == "https"))
            throw new InvalidOperationException($"The channel's credentials do not fit the scheme of '{address}'.");

        _address = address;
        _disposeHttp = options.DisposeHttpClient || (options.HttpClient is null && options.HttpHandler is null);
        _http = options.HttpClient ?? new HttpMessageInvoker(options.HttpHandler ?? NewHandler(), _disposeHttp);
        MaxSendLength = options.MaxSendMessageSize ?? int.MaxValue;
        MaxReceiveLength = options.MaxReceiveMessageSize ?? int.MaxValue;
    }

    internal int MaxSendLength { get; }

    internal int MaxReceiveLength { get; }

    /// <summary>A channel to the server at an address such as <c>http://localhost:5000</c>.</summary>
    public static GrpcChannel ForAddress(string address) => ForAddress(address, new GrpcChannelOptions());

    /// <summary>A channel to the server at an address.</summary>
    public static GrpcChannel ForAddress(Uri address) => ForAddress(address, new GrpcChannelOptions());

    /// <summary>A channel to the server at an address, with options.</summary>
    public static GrpcChannel ForAddress(string address, GrpcChannelOptions channelOptions) =>
        ForAddress(new Uri(address), channelOptions);

    /// <summary>A channel to the server at an address, with options.</summary>
    /// <exception cref="ArgumentException">The address is not http or https, or both a client and a handler are given.</exception>
    /// <exception cref="InvalidOperationException">The credentials do not fit the address.</exception>
    public static GrpcChannel ForAddress(Uri address, GrpcChannelOptions channelOptions)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentNullException.ThrowIfNull(channelOptions);
        return new GrpcChannel(address, channelOptions);
    }

    /// <inheritdoc/>
    public override CallInvoker CreateCallInvoker()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return new HttpCallInvoker(this);
    }

    /// <summary>Closes the channel; calls under way fail.</summary>
    public void Dispose()
    {
        _disposed = true;
        if (_disposeHttp)
            _http.Dispose();
    }

    internal Uri UriOf(IMethod method) => new(_address, method.FullName);

    /// <summary>Sends a request; done when the response's headers are there.</summary>
    internal Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return _http is HttpClient client
            ? client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken)
            : _http.SendAsync(request, cancellationToken);
    }

    private static SocketsHttpHandler NewHandler() => new() { EnableMultipleHttp2Connections = true, UseProxy = false };
}
