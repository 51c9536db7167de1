using System.Buffers.Binary;
using System.IO.Compression;
using System.Net;
using Google.Protobuf;
using Grpc.Core;

namespace VirtualNumber.Tests.GrpcOnKestrel;

/// <summary>Sends whatever bytes a test likes over HTTP/2, and shows what came back: no gRPC library is in between.</summary>
public sealed class RawClient(Uri address) : IDisposable
{
    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler { UseProxy = false });

    /// <summary>A frame around a message.</summary>
    public static byte[] Frame(IMessage message, bool compressed = false) => Frame(message.ToByteArray(), compressed);

    /// <summary>A frame around bytes.</summary>
    public static byte[] Frame(byte[] payload, bool compressed = false)
    {
        var frame = new byte[5 + payload.Length];
        frame[0] = compressed ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), payload.Length);
        payload.CopyTo(frame, 5);
        return frame;
    }

    public static byte[] Gzip(byte[] payload)
    {
        using var output = new MemoryStream();
        using (var gzip = new GZipStream(output, CompressionLevel.Optimal))
            gzip.Write(payload);
        return output.ToArray();
    }

    public Task<RawResponse> PostAsync(string method, byte[] body, params (string Key, string Value)[] headers) =>
        SendAsync(
            HttpMethod.Post, $"/virtualnumber.test.v1.EchoService/{method}", body, "application/grpc", HttpVersion.Version20, headers);

    public async Task<RawResponse> SendAsync(
        HttpMethod verb, string path, byte[] body, string? contentType, Version version, params (string Key, string Value)[] headers)
    {
        using var response = await OpenAsync(verb, path, body, contentType, version, headers);
        return await ReadAsync(response);
    }

    /// <summary>The headers of the answer have come; nothing is read of its body.</summary>
    public Task<HttpResponseMessage> OpenAsync(string method, byte[] body, params (string Key, string Value)[] headers) =>
        OpenAsync(HttpMethod.Post, $"/virtualnumber.test.v1.EchoService/{method}", body, "application/grpc", HttpVersion.Version20, headers);

    /// <summary>Reads an answer to its end.</summary>
    public static async Task<RawResponse> ReadAsync(HttpResponseMessage response)
    {
        var bytes = await response.Content.ReadAsByteArrayAsync();
        var all = response.Headers.Concat(response.TrailingHeaders)
            .GroupBy(header => header.Key, header => string.Join(',', header.Value), StringComparer.OrdinalIgnoreCase)
            .ToDictionary(group => group.Key, group => string.Join(',', group), StringComparer.OrdinalIgnoreCase);
        return new RawResponse(response.StatusCode, all, bytes);
    }

    public void Dispose() => _http.Dispose();

    private async Task<HttpResponseMessage> OpenAsync(
        HttpMethod verb, string path, byte[] body, string? contentType, Version version, (string Key, string Value)[] headers)
    {
        var content = new ByteArrayContent(body);
        if (contentType is not null)
            content.Headers.TryAddWithoutValidation("content-type", contentType);
        using var request = new HttpRequestMessage(verb, new Uri(address, path))
        {
            Version = version,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = verb == HttpMethod.Get ? null : content,
        };
        request.Headers.TryAddWithoutValidation("te", "trailers");
        foreach (var (key, value) in headers)
            request.Headers.TryAddWithoutValidation(key, value);
        return await _http.SendAsync(request, CancellationToken.None);
    }
}

/// <summary>What came back: headers and trailers together, and the body.</summary>
public sealed record RawResponse(HttpStatusCode HttpStatus, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    /// <summary>The status that came in headers or trailers; null if none came.</summary>
    public StatusCode? Status => Headers.TryGetValue("grpc-status", out var code) ? (StatusCode)int.Parse(code) : null;

    /// <summary>The only message in the body, uncompressed.</summary>
    public T Message<T>()
        where T : IMessage<T>, new() =>
        new MessageParser<T>(() => new T()).ParseFrom(Body, 5, Body.Length - 5);
}
