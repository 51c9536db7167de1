using System.Text;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Http.Features;

namespace VirtualNumber.Http;

/// <summary>
/// The answers of a stream as lines of JSON, each sent at once. A write is done when the connection has room again, so a slow reader slows
/// its writer.
/// </summary>
internal sealed class JsonLines(HttpResponse response, CancellationToken end) : IServerStreamWriter<IMessage>
{
    public const string MediaType = "application/x-ndjson";

    private const byte LineFeed = (byte)'\n';

    public WriteOptions? WriteOptions { get; set; }

    public Task WriteAsync(IMessage message) => WriteAsync(ProtoJson.Format(message));

    public Task WriteAsync(IMessage message, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return WriteAsync(message);
    }

    /// <summary>The last line of a stream that fails after it began: its status of HTTP is sent already.</summary>
    public static async Task FailAsync(HttpResponse response, HttpRefusal refusal)
    {
        byte[] line = [.. "{\"error\":"u8, .. refusal.Body.Span, (byte)'}', LineFeed];
        await response.BodyWriter.WriteAsync(line);
    }

    private async Task WriteAsync(string json)
    {
        end.ThrowIfCancellationRequested();
        if (!response.HasStarted)
            Begin();
        await response.BodyWriter.WriteAsync(Encoding.UTF8.GetBytes(json + "\n"));
        end.ThrowIfCancellationRequested();
    }

    private void Begin()
    {
        response.ContentType = MediaType;
        response.Headers.CacheControl = "no-store";
        // Proxies of the kind of nginx would keep lines back until they have many.
        response.Headers["X-Accel-Buffering"] = "no";
        response.HttpContext.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
    }
}
