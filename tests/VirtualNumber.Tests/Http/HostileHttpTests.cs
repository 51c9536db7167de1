using System.Net;
using System.Text;
using Google.Protobuf;
using VirtualNumber.Tests.Api;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Http;

/// <summary>
/// Random paths, queries and bodies, most of them nearly right: the caller is told that he is wrong, never that the service is. A failure prints
/// its seed; VN_SEED replays one, VN_STEPS makes a run longer or shorter.
/// </summary>
[TestFixture]
public sealed class HostileHttpTests : HttpTests
{
    private const string Signs = "{}[]\":,0123456789.eE+-truefalsn\\u d800/*\0\u00e9%&=?#;ax_@$~";

    private static readonly string[] s_paths =
    [
        "/v1/leases", "/v1/leases:batchCreate", "/v1/leases/x", "/v1/leases/x:extend", "/v1/leases/x:reassign", "/v1/leases/x:release",
        "/v1/deliveries:listLeases", "/v1/deliveries:reportStatus", "/v1/deliveries:batchReportStatus", "/v1/calls:resolve", "/openapi.json", "/",
    ];

    private static readonly string[] s_verbs = ["GET", "POST", "POST", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "X"];

    [Test]
    public async Task Hostile_requests_are_the_callers_fault()
    {
        var seed = Number("VN_SEED", (int)(TimeProvider.System.GetTimestamp() & 0xFFFF));
        var steps = Number("VN_STEPS", 3_000);
        var random = new Random(seed);
        var good = Bodies();
        var statuses = new Dictionary<HttpStatusCode, int>();
        for (var step = 0; step < steps; step++)
        {
            using var request = RequestOf(random, good);
            using var response = await Http.SendAsync(request);
            statuses[response.StatusCode] = statuses.GetValueOrDefault(response.StatusCode) + 1;
            var text = await response.Content.ReadAsStringAsync();
            // A deadline that a mutation has made short passes.
            var mayBeLate = request.Headers.Contains("grpc-timeout") && response.StatusCode == HttpStatusCode.GatewayTimeout;
            Assert.That(mayBeLate || (int)response.StatusCode < 500, Is.True, $"VN_SEED={seed}, step {step}: {request.Method} {request.RequestUri}: {text}");
            if (!response.IsSuccessStatusCode && request.Method != HttpMethod.Head && text.Length > 0)
                Assert.That(text, Does.StartWith("{ \"code\": "), $"VN_SEED={seed}, step {step}");
        }

        // What was sent is neither all good nor all beside the point.
        Assert.That(statuses.Keys, Is.SupersetOf(new[] { HttpStatusCode.OK, HttpStatusCode.BadRequest, HttpStatusCode.NotFound, HttpStatusCode.MethodNotAllowed }), $"VN_SEED={seed}");
        await AnswerAsync<CreateLeaseResponse>(await PostAsync("/v1/leases", Requests.CreateLease("SF77")));
    }

    private HttpRequestMessage RequestOf(Random random, string[] good)
    {
        var path = random.Next(4) == 0 ? Mutate(random, s_paths[random.Next(s_paths.Length)]) : s_paths[random.Next(s_paths.Length)];
        var query = random.Next(3) == 0 ? "?" + Mutate(random, "tenant_id=alpha&delivery.carrier=SF&page_size=5") : "";
        var escaped = Uri.EscapeDataString(path + query).Replace("%2F", "/").Replace("%3A", ":").Replace("%3F", "?").Replace("%26", "&").Replace("%3D", "=");
        var verb = s_verbs[random.Next(s_verbs.Length)];
        var request = new HttpRequestMessage(new HttpMethod(verb), new Uri($"http://{Service.HttpAddress.Authority}/{escaped.TrimStart('/')}"));
        if (verb is "GET" or "HEAD")
            return request;
        var body = good[random.Next(good.Length)];
        for (var changes = random.Next(4); changes > 0; changes--)
            body = Mutate(random, body);
        var bytes = Encoding.UTF8.GetBytes(body);
        if (bytes.Length > 0 && random.Next(8) == 0)
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        request.Content = new ByteArrayContent(bytes);
        request.Content.Headers.TryAddWithoutValidation("Content-Type", random.Next(20) == 0 ? Visible(Mutate(random, Json)) : Json);
        if (random.Next(10) == 0)
            request.Headers.TryAddWithoutValidation("grpc-timeout", Visible(Mutate(random, "100S")));
        return request;
    }

    private static string Mutate(Random random, string text)
    {
        var at = random.Next(text.Length + 1);
        var end = Math.Min(text.Length, at + random.Next(6));
        var sign = Signs[random.Next(Signs.Length)];
        return random.Next(6) switch
        {
            0 => text[..at] + sign + text[at..],
            1 => text[..at] + text[end..],
            2 => text[..at] + text[at..end] + text[at..],
            3 => text[..at] + new string(sign, random.Next(200)) + text[end..],
            4 => text[..at],
            _ => text[..at] + random.NextInt64() + text[end..],
        };
    }

    /// <summary>What a client sends in a header at all.</summary>
    private static string Visible(string text) => string.Concat(text.Where(c => c is >= ' ' and <= '~'));

    private static string[] Bodies()
    {
        IMessage[] requests =
        [
            Requests.CreateLease(), Requests.GetLease("x"), Requests.ExtendLease("x"), Requests.ReassignLease("x"), Requests.ListDeliveryLeases(),
            Requests.Report(DeliveryStatus.InTransit, TestService.Start), Requests.VendorReport(Vendor.Upu, "EMI", TestService.Start), Requests.Resolve("16210010000"),
            new BatchCreateLeasesRequest { TenantId = TestService.Alpha, Requests = { Requests.CreateLease("SF1"), Requests.CreateLease("SF2") } },
        ];
        return [.. requests.Select(request => JsonFormatter.Default.Format(request)), "", "{}", "null", "[[[[", """{"a":{"a":{"a":{}}}}"""];
    }

    private static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), out var number) ? number : otherwise;
}
