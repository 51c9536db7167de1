using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using VirtualNumber.Tests.GrpcOnKestrel;

namespace VirtualNumber.Tests.Http;

/// <summary>One connection carries one call after the other, the refused ones too.</summary>
[TestFixture]
public sealed class ConnectionTests : HttpTests
{
    private const string Good = """{"gatewayId":"gw","callId":"c","calledNumber":"16210010000"}""";

    [Test]
    public async Task A_connection_stays_open_between_calls()
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, Service.HttpAddress.Port);
        var stream = client.GetStream();
        (string Request, string Status)[] calls =
        [
            (Post("/v1/calls:resolve", Good), "200"),
            (Post("/v1/calls:resolve", "{"), "400"),
            (Post("/v1/calls:resolve", Good, "text/plain"), "415"),
            (Post("/v1/unknown", Good), "404"),
            (Post("/v1/leases/x", Good), "405"),
            ("GET /v1/leases/x?tenant_id=alpha HTTP/1.1\r\nHost: x\r\n\r\n", "400"),
            (Post("/v1/calls:resolve", Good), "200"),
        ];
        foreach (var (request, status) in calls)
        {
            await stream.WriteAsync(Encoding.UTF8.GetBytes(request));
            Assert.That(await ReadAnswerAsync(stream).Soon(), Does.StartWith($"HTTP/1.1 {status} "), request);
        }
    }

    [Test]
    public async Task A_client_of_HTTP_1_0_and_one_that_names_the_whole_URL_are_answered()
    {
        foreach (var (line, version) in new[] { ("POST /v1/calls:resolve", "1.0"), ($"POST http://{Service.HttpAddress.Authority}/v1/calls:resolve", "1.1") })
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, Service.HttpAddress.Port);
            var stream = client.GetStream();
            await stream.WriteAsync(Encoding.UTF8.GetBytes(
                $"{line} HTTP/{version}\r\nHost: {Service.HttpAddress.Authority}\r\nContent-Type: application/json\r\nContent-Length: {Good.Length}\r\n\r\n{Good}"));
            Assert.That(await ReadAnswerAsync(stream).Soon(), Does.StartWith("HTTP/1.1 200 "));
        }
    }

    private static string Post(string path, string body, string mediaType = Json) =>
        $"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {mediaType}\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}";

    /// <summary>Headers, and as many bytes as they promise.</summary>
    private static async Task<string> ReadAnswerAsync(NetworkStream stream)
    {
        const string End = "\r\n\r\n", Length = "Content-Length: ";
        var text = new StringBuilder();
        var buffer = new byte[4096];
        while (true)
        {
            var read = text.ToString();
            var end = read.IndexOf(End, StringComparison.Ordinal);
            if (end >= 0)
            {
                var at = read.IndexOf(Length, StringComparison.Ordinal) + Length.Length;
                var length = int.Parse(read[at..read.IndexOf('\r', at)], CultureInfo.InvariantCulture);
                if (read.Length >= end + End.Length + length)
                    return read;
            }

            var count = await stream.ReadAsync(buffer);
            Assert.That(count, Is.GreaterThan(0), $"The connection was closed after: {read}");
            text.Append(Encoding.Latin1.GetString(buffer, 0, count));
        }
    }
}
