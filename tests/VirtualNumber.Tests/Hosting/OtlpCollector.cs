using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace VirtualNumber.Tests.Hosting;

/// <summary>Takes what a service exports by OTLP over HTTP, and keeps it as it came.</summary>
internal sealed class OtlpCollector : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<(string Path, byte[] Body)> _bodies = [];

    private OtlpCollector(WebApplication app) => _app = app;

    public Uri Address => new(_app.Urls.Single());

    public static async Task<OtlpCollector> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        var collector = new OtlpCollector(app);
        app.MapPost("/v1/{signal}", async (HttpContext context) =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            collector._bodies.Enqueue((context.Request.Path, body.ToArray()));
        });
        await app.StartAsync();
        return collector;
    }

    /// <summary>All bodies of one signal: traces, metrics or logs.</summary>
    public byte[] Received(string signal) =>
        [.. _bodies.Where(body => body.Path == $"/v1/{signal}").SelectMany(body => body.Body)];

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
