using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace VirtualNumber.Load.Sip;

/// <summary>What a front answers.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Body">The body, as it is.</param>
internal readonly record struct FrontAnswer(int Status, string Body);

/// <summary>
/// An HTTP server between the gateway and the service: it hands on, holds back or answers by itself, as a test has it, and remembers what it was asked.
/// </summary>
internal sealed class HttpFront : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly HttpClient? _service;
    private readonly Func<string, string, CancellationToken, Task<FrontAnswer?>> _answer;
    private readonly ConcurrentQueue<(string Path, string Body)> _asked = [];

    private HttpFront(WebApplication application, Uri? service, Func<string, string, CancellationToken, Task<FrontAnswer?>> answer)
    {
        (_application, _answer) = (application, answer);
        _service = service is null ? null : new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = service };
    }

    /// <summary>Where the gateway finds it.</summary>
    public Uri Address { get; private set; } = new("http://127.0.0.1");

    /// <summary>What it was asked so far: path and body.</summary>
    public IReadOnlyCollection<(string Path, string Body)> Asked => _asked;

    /// <summary>Starts one.</summary>
    /// <param name="service">What it hands on to.</param>
    /// <param name="answer">By path and body; null: hand it on.</param>
    public static async Task<HttpFront> StartAsync(Uri? service, Func<string, string, CancellationToken, Task<FrontAnswer?>> answer)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddLogging(logging => logging.ClearProviders());
        var front = new HttpFront(builder.Build(), service, answer);
        front._application.Run(front.HandleAsync);
        await front._application.StartAsync();
        front.Address = new(front._application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        return front;
    }

    /// <summary>Never answers: ends when the gateway has given up.</summary>
    public static Task<FrontAnswer?> HoldAsync(CancellationToken givenUp) => new TaskCompletionSource<FrontAnswer?>().Task.WaitAsync(givenUp);

    public async ValueTask DisposeAsync()
    {
        // Whoever is held back is let go: the requests end with the gateway's patience.
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(3));
        await _application.StopAsync(patience.Token);
        await _application.DisposeAsync();
        _service?.Dispose();
    }

    private async Task HandleAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var body = await reader.ReadToEndAsync(context.RequestAborted);
        var path = context.Request.Path.Value ?? "";
        _asked.Enqueue((path, body));
        try
        {
            var answer = await _answer(path, body, context.RequestAborted) ?? await HandOnAsync(path, body, context.RequestAborted);
            context.Response.StatusCode = answer.Status;
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(answer.Body, context.RequestAborted);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The gateway has given up.
        }
    }

    private async Task<FrontAnswer> HandOnAsync(string path, string body, CancellationToken cancellation)
    {
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        using var response = await _service!.PostAsync(new Uri(path, UriKind.Relative), content, cancellation);
        return new((int)response.StatusCode, await response.Content.ReadAsStringAsync(cancellation));
    }
}
