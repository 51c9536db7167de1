using System.Globalization;
using System.Net;
using Google.Protobuf.Reflection;

namespace VirtualNumber.Load.Fuzz;

/// <summary>A call over proper HTTP/2, with a hostile message in it, or in a hostile frame with hostile headers.</summary>
internal sealed class CallInput : FuzzInput
{
    private static readonly string[] s_contentTypes = ["application/grpc+proto", "application/grpc;charset=utf-8", "application/grpc-web", "application/json", "text/plain", "application/grpcx", "", "application/grpc+", "a/b;" + new string('c', 3_000)];

    private static readonly string[] s_timeouts = ["0n", "1n", "1u", "5m", "1S", "99999999H", "100000000S", "-1S", "1", "S", "1s", "", "1.5S", " 1S", "0x1S", "٣S", "1S1S"];

    private static readonly string[] s_binaries = ["", "!", "AAAA", "AAA", "A", "AA==", "AAAA,AAAA", ",,,", "AA=A", "====", "%%%", "\u00e9"];

    private static readonly string[] s_encodings = ["gzip", "identity", "deflate", "snappy", "", "gzip,gzip", "br", "GZIP"];

    private static readonly string[] s_verbs = ["GET", "PUT", "DELETE", "OPTIONS", "HEAD", "TRACE", "PATCH", "FOO", "post"];

    private readonly MethodDescriptor _method;
    private readonly byte[] _body;
    private readonly int _piece;
    private readonly List<(string Key, string Value)> _headers = [];
    private string _path;
    private string _verb = "POST";
    private string? _contentType = "application/grpc";

    public CallInput(ValidRequests valid, Random random, bool hostileFrame)
    {
        _method = ValidRequests.Methods[random.Next(ValidRequests.Methods.Count)];
        _path = $"/{_method.Service.FullName}/{_method.Name}";
        var message = Mutations.Body(valid.For(_method, random), random);
        // A watch goes on until its deadline.
        if (_method.Name is "Watch" or "WatchEvents")
            _headers.Add(("grpc-timeout", "20m"));
        if (!hostileFrame)
        {
            _body = GrpcFrames.Frame(message);
            return;
        }

        _body = random.Next(3) == 0 ? GrpcFrames.Frame(message) : GrpcFrames.Hostile(message, random);
        _piece = random.Next(8) == 0 && _body.Length < 500 ? 1 : 0;
        if (_body.Length > 0 && _body[0] == 1 && random.Next(4) > 0)
            _headers.Add(("grpc-encoding", "gzip"));
        if (random.Next(2) == 0)
            AddHeaders(random);
    }

    public override string Describe() =>
        $"{_verb} {Short(_path)} content-type {Short(_contentType ?? "none")}, {string.Join(", ", _headers.Select(header => $"{Short(header.Key)}: {Short(header.Value)}"))}, "
        + $"{_body.Length} bytes {Convert.ToHexString(_body.AsSpan(0, Math.Min(_body.Length, 400)))}{(_piece > 0 ? " in pieces" : "")}";

    /// <summary>
    /// Where its connection breaks, that may be the doing of another input that shares it, so it is sent once more over a connection of its
    /// own, and what comes of that counts.
    /// </summary>
    public override async Task<string> SendAsync(FuzzTarget target, CancellationToken cancellation)
    {
        try
        {
            return await SendAsync(target.Shared, target.Address, cancellation);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            return await SendAloneAsync(target.Address, cancellation);
        }
    }

    /// <summary>Headers that are too long cost their connection, as HTTP/2 can read no further; the client may learn that from a closed socket.</summary>
    private async Task<string> SendAloneAsync(Uri address, CancellationToken cancellation)
    {
        const int longestHeader = 8 * 1024;
        using var own = FuzzTarget.NewInvoker();
        try
        {
            return await SendAsync(own, address, cancellation);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException && _headers.Any(header => header.Value.Length > longestHeader))
        {
            return "cut off for its headers";
        }
    }

    private async Task<string> SendAsync(HttpMessageInvoker http, Uri address, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(new HttpMethod(_verb), new Uri(address.GetLeftPart(UriPartial.Authority) + _path))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new PiecesContent(_body, _piece),
        };
        request.Headers.TryAddWithoutValidation("te", "trailers");
        if (_contentType is not null)
            request.Content.Headers.TryAddWithoutValidation("content-type", _contentType);
        foreach (var (key, value) in _headers)
            request.Headers.TryAddWithoutValidation(key, value);
        try
        {
            using var response = await http.SendAsync(request, cancellation);
            // Read to the end: the status may come behind the messages.
            await response.Content.CopyToAsync(Stream.Null, cancellation);
            return Judge(response);
        }
        catch (HttpRequestException exception) when (exception.InnerException is HttpProtocolException { ErrorCode: var code })
        {
            return ResetBy(code);
        }
        catch (HttpProtocolException exception)
        {
            return ResetBy(exception.ErrorCode);
        }
    }

    private static string Judge(HttpResponseMessage response)
    {
        if ((int)response.StatusCode >= 500)
            throw new FuzzFaultException($"It was answered with HTTP {(int)response.StatusCode}.");
        var statuses = response.Headers.Concat(response.TrailingHeaders)
            .Where(header => header.Key.Equals("grpc-status", StringComparison.OrdinalIgnoreCase)).SelectMany(header => header.Value).ToList();
        if (statuses.Count == 0)
        {
            return response.StatusCode == HttpStatusCode.OK
                ? throw new FuzzFaultException("It was answered without a status.")
                : $"HTTP {(int)response.StatusCode}";
        }

        var status = string.Join(',', statuses);
        FuzzTarget.ThrowIfForbidden(status);
        return $"grpc {status}";
    }

    private static string ResetBy(long code) => code == 2
        ? throw new FuzzFaultException("It was reset with INTERNAL_ERROR.")
        : string.Create(CultureInfo.InvariantCulture, $"HTTP/2 error {code}");

    private void AddHeaders(Random random)
    {
        for (var changes = random.Next(1, 4); changes > 0; changes--)
        {
            switch (random.Next(11))
            {
                case 0:
                    _contentType = random.Next(6) == 0 ? null : Pick(s_contentTypes, random);
                    break;
                case 1:
                    _verb = Pick(s_verbs, random);
                    break;
                case 2:
                    _path = random.Next(5) switch
                    {
                        0 => _path + "/x",
                        1 => _path + Uri.EscapeDataString(HostileTexts.Bent("x", random).Replace("\uD800", "", StringComparison.Ordinal)),
                        2 => "/virtualnumber.v1.LeaseService/" + new string('x', random.Next(1, 9_000)),
                        3 => "/%00/%FF",
                        _ => "/" + _path + "//..%2f",
                    };
                    break;
                case 3:
                case 4:
                    _headers.Add(("grpc-timeout", Pick(s_timeouts, random)));
                    break;
                case 5:
                    _headers.Add(("any-bin", Pick(s_binaries, random)));
                    break;
                case 6:
                    _headers.Add(("grpc-encoding", Pick(s_encodings, random)));
                    break;
                case 7:
                    _headers.Add(("grpc-accept-encoding", Pick(s_encodings, random)));
                    break;
                case 8:
                    for (var i = random.Next(1, random.Next(5) == 0 ? 200 : 20); i > 0; i--)
                        _headers.Add(($"x-{i}", new string('v', random.Next(0, 60))));
                    break;
                case 9:
                    _headers.Add(("x-long", new string('l', random.Next(1, 40_000))));
                    break;
                default:
                    _headers.Add(("grpc-status", "13"));
                    _headers.Add((":x", "y"));
                    _headers.Add(("x-odd", "\u0001\u007f"));
                    break;
            }
        }
    }

    private static string Pick(string[] values, Random random) => values[random.Next(values.Length)];

    private static string Short(string text) => text.Length <= 80 ? text : $"{text[..80]}... ({text.Length})";

    /// <summary>A body in pieces, each in a DATA frame of its own.</summary>
    private sealed class PiecesContent(byte[] body, int piece) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            if (piece == 0)
            {
                await stream.WriteAsync(body);
                return;
            }

            for (var at = 0; at < body.Length; at += piece)
            {
                await stream.WriteAsync(body.AsMemory(at, Math.Min(piece, body.Length - at)));
                await stream.FlushAsync();
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
