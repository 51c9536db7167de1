using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Google.Protobuf;
using VirtualNumber.Api;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Webhooks;

/// <summary>
/// Sends pushes to one webhook. It follows no redirect, asks no proxy, keeps no cookie and reads no more than the head of an answer; and it
/// connects to the very address that it has checked, so that a name that stands for another one a moment later changes nothing.
/// </summary>
internal sealed class Webhook : IDisposable
{
    private const int LongestAnswerHeadKiB = 16;

    private static readonly TimeSpan s_connectionLives = TimeSpan.FromMinutes(2);
    private static readonly JsonFormatter s_formatter = new(JsonFormatter.Settings.Default);

    private readonly Uri _url;
    private readonly byte[][] _secrets;
    private readonly HttpClient _http;
    private readonly TimeProvider _time;
    private readonly EventStreams _streams;

    public Webhook(WebhookOptions options, EventStreams streams, TimeProvider time)
    {
        (Options, _streams, _time) = (options, streams, time);
        _url = new Uri(options.Url, UriKind.Absolute);
        _secrets = [.. options.Secrets.Select(secret => WebhookOptions.BytesOf(secret)!)];
        Queue = streams.QueueOf(options.TenantId, options.Id);
        _http = new HttpClient(CreateHandler(options)) { Timeout = System.Threading.Timeout.InfiniteTimeSpan };
    }

    public WebhookOptions Options { get; }

    /// <summary>Its pushes in the store.</summary>
    public PushQueueKey Queue { get; }

    /// <summary>Sends a push; answers why it was not taken.</summary>
    /// <exception cref="OperationCanceledException">The service stops; it may have been taken.</exception>
    public async Task<PushFault> SendAsync(Push push, CancellationToken stopping)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        limit.CancelAfter(Options.Timeout);
        try
        {
            using var request = RequestOf(push);
            using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            if (answer.IsSuccessStatusCode)
                return PushFault.None;
            // Lower figures mean something else here, and are no status of HTTP.
            return (int)answer.StatusCode >= 100 ? (PushFault)(int)answer.StatusCode : PushFault.Unreachable;
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            return PushFault.Timeout;
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException or AddressRefusedException)
        {
            return FaultOf(fault);
        }
    }

    public void Dispose() => _http.Dispose();

    private static PushFault FaultOf(Exception fault)
    {
        for (var cause = fault; cause is not null; cause = cause.InnerException)
        {
            if (cause is AddressRefusedException)
                return PushFault.AddressRefused;
            if (cause is AuthenticationException)
                return PushFault.Insecure;
        }

        return PushFault.Unreachable;
    }

    private HttpRequestMessage RequestOf(Push push)
    {
        var message = new V1.EventPush { PushId = push.Id, TenantId = Options.TenantId, WebhookId = Options.Id };
        message.Events.AddRange(push.Events.Select(each => each.ToMessage(_streams)));
        var body = Encoding.UTF8.GetBytes(s_formatter.Format(message));
        var (timestamp, signature) = PushSignature.Of(_secrets, _time.GetNow(), body);
        var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        var request = new HttpRequestMessage(HttpMethod.Post, _url) { Content = content };
        request.Headers.Add(PushSignature.TimestampHeader, timestamp);
        request.Headers.Add(PushSignature.SignatureHeader, signature);
        return request;
    }

    private static SocketsHttpHandler CreateHandler(WebhookOptions options) => new()
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        // Traces are this service's own matter.
        ActivityHeadersPropagator = DistributedContextPropagator.CreateNoOutputPropagator(),
        MaxResponseHeadersLength = LongestAnswerHeadKiB,
        // Nobody reads what stands in the answer: a connection with more of it than this is closed.
        MaxResponseDrainSize = 4 * 1024,
        // The name is looked up again, and what it stands for checked.
        PooledConnectionLifetime = s_connectionLives,
        ConnectCallback = (context, cancellation) => ConnectAsync(context.DnsEndPoint, options.AllowPrivateAddresses, cancellation),
        SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = TrustOf(options.CertificateAuthority) },
    };

    private static X509ChainPolicy? TrustOf(string authority)
    {
        if (string.IsNullOrEmpty(authority))
            return null;
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPemFile(authority);
        return policy;
    }

    private static async ValueTask<Stream> ConnectAsync(DnsEndPoint endpoint, bool allowPrivate, CancellationToken cancellation)
    {
        var addresses = await Dns.GetHostAddressesAsync(endpoint.Host, cancellation);
        // One that is not public among others is no mistake either.
        if (!allowPrivate && !addresses.All(PublicAddresses.Contain))
            throw new AddressRefusedException();
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, endpoint.Port, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
