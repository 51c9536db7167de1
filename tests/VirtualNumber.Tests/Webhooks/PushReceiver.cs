using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using VirtualNumber.Tests.Faults;
using VirtualNumber.Tests.Redis;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Webhooks;

/// <summary>A real receiver of pushes, by HTTPS with a certificate of its own authority; it is killed and started again at the same port.</summary>
internal sealed class PushReceiver : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly X509Certificate2 _certificate;
    private readonly int _port = RedisServer.FindFreePorts(1);
    private WebApplication? _app;

    public PushReceiver()
    {
        using var certificates = new TestCertificates("push receiver");
        certificates.WriteAuthority(Authority);
        var (certificate, key) = (Path.Combine(_folder.Path, "certificate.pem"), Path.Combine(_folder.Path, "key.pem"));
        certificates.Issue(certificate, key, "localhost", IPAddress.Loopback);
        using var pem = X509Certificate2.CreateFromPemFile(certificate, key);
        _certificate = X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null);
    }

    /// <summary>What to trust.</summary>
    public string Authority => Path.Combine(_folder.Path, "authority.pem");

    public string Url => $"https://127.0.0.1:{_port}/hook";

    /// <summary>Whatever came, in order.</summary>
    public ConcurrentQueue<ReceivedPush> Received { get; } = new();

    /// <summary>Answers each push; 200 when there is none. It has been received by then.</summary>
    public Func<HttpContext, Task>? Answer { get; set; }

    public bool IsRunning => _app is not null;

    public IEnumerable<LeaseEvent> Events => Received.SelectMany(push => push.Push.Events);

    public async Task StartAsync()
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = "Production" });
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, _port, listen => listen.UseHttps(_certificate)));
        _app = builder.Build();
        _app.Run(ReceiveAsync);
        await _app.StartAsync();
    }

    /// <summary>At once, whatever is on its way.</summary>
    public async Task KillAsync()
    {
        if (_app is not { } app)
            return;
        _app = null;
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await app.StopAsync(now.Token);
        await app.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _certificate.Dispose();
        _folder.Dispose();
    }

    private async Task ReceiveAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        Received.Enqueue(new(
            context.Request.Method,
            context.Request.Path + context.Request.QueryString,
            context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase),
            body.ToArray(),
            JsonParser.Default.Parse<EventPush>(System.Text.Encoding.UTF8.GetString(body.ToArray()))));
        if (Answer is { } answer)
            await answer(context);
    }
}

/// <summary>A push as it came.</summary>
internal sealed record ReceivedPush(string Method, string Path, IReadOnlyDictionary<string, string> Headers, byte[] Body, EventPush Push);
