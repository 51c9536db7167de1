using System.Net;
using System.Net.Sockets;
using System.Text;
using Grpc.Net.Client;
using VirtualNumber.Load;
using VirtualNumber.Tests.Api;
using VirtualNumber.Tests.Hosting;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Http;

/// <summary>
/// The GET form of Resolve, and what the service tells of URLs: nothing of their queries and values, to whatever level its logs are set.
/// </summary>
[TestFixture]
public sealed class LookUpByGetTests
{
    private const string Real = "+99913572468";
    private const string Caller = "+99975319864";
    private const string Called = "16210010000";
    private const string LeaseLike = "SF9753186420";
    private const string Warning = "HttpJson:ResolveByGet is on: telephone numbers are in URLs";

    private static readonly SecretScanner s_scanner = new([Real, Caller, Called, "13924680135"], [LeaseLike]);

    [Test]
    public async Task It_is_off_unless_it_was_asked_for()
    {
        await using var service = await TestService.StartAsync();
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = service.HttpAddress };
        using var response = await http.GetAsync(new Uri($"/v1/calls:resolve?gateway_id=gw&call_id=c&called_number={Called}", UriKind.Relative));
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.MethodNotAllowed));
        Assert.That(service.Logs.Lines, Has.None.Contains(Warning));
        Assert.That(await http.GetStringAsync(new Uri("/openapi.json", UriKind.Relative)), Does.Not.Contain("RoutingService_Resolve_2"));
    }

    [Test]
    public async Task It_is_warned_about_once_and_nothing_of_a_URL_is_written_or_exported()
    {
        await using var collector = await OtlpCollector.StartAsync();
        await using var service = await ServiceProcess.StartAsync(new Dictionary<string, string>
        {
            ["HttpJson:ResolveByGet"] = "true",
            ["Tenants:0:Id"] = TestService.Alpha,
            ["Gateways:0:Id"] = TestService.Gateway,
            ["RealNumbers:AllowedCountries:0"] = "999",
            ["Logging:LogLevel:Default"] = "Trace",
            ["Logging:LogLevel:Microsoft.AspNetCore"] = "Trace",
            ["Logging:LogLevel:Microsoft.AspNetCore.Hosting.Diagnostics"] = "Trace",
            ["Logging:LogLevel:Microsoft.AspNetCore.Routing.Matching.DfaMatcher"] = "Trace",
            ["Logging:Console:IncludeScopes"] = "true",
            ["Logging:Console:FormatterName"] = "simple",
            ["Logging:Console:FormatterOptions:IncludeScopes"] = "true",
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Address.ToString(),
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_METRIC_EXPORT_INTERVAL"] = "200",
        });
        using var channel = GrpcChannel.ForAddress(service.GrpcAddress);
        await new OpsService.OpsServiceClient(channel).CreatePoolAsync(Requests.CreatePool(Requests.PoolId));
        await new OpsService.OpsServiceClient(channel).AddNumbersAsync(Requests.AddNumbers(Requests.PoolId, Called));
        await new LeaseService.LeaseServiceClient(channel).CreateLeaseAsync(Requests.CreateLease("SF1", Real));

        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = service.HttpAddress };
        var numbers = $"gateway_id=gw&call_id=c&called_number={Called}&caller_number={Caller}";
        foreach (var (path, status) in new (string, int)[]
        {
            ($"/v1/calls:resolve?{numbers}", 200),
            ($"/v1/calls:resolve?{numbers}&colour=13924680135", 400),
            ($"/v1/calls:resolve?{numbers}&13924680135=1", 400),
            ($"/v1/calls/13924680135?{numbers}", 404),
            ($"/{LeaseLike}/13924680135?{numbers}", 404),
            ($"/v1/leases/{LeaseLike}?tenant_id=alpha&{numbers}", 400),
            ($"/v1/leases/{LeaseLike}?tenant_id=alpha", 400),
            ($"/v1/leases/{LeaseLike}:extend?{numbers}", 405),
            ($"/healthz?{numbers}", 200),
            ($"/openapi.json?{numbers}", 200),
        })
        {
            using var response = await http.GetAsync(new Uri(path, UriKind.Relative));
            var answer = await response.Content.ReadAsStringAsync();
            Assert.That((int)response.StatusCode, Is.EqualTo(status), answer);
            Assert.That(status == 200 || s_scanner.FindIn(answer).Count == 0, Is.True, answer);
        }

        // At the port of gRPC nothing of it is known, and nothing told.
        foreach (var (verb, path) in new[]
        {
            (HttpMethod.Get, "/v1/calls:resolve/13924680135"), (HttpMethod.Post, "/v1/calls:resolve"), (HttpMethod.Post, "/v1/calls/13924680135"),
            (HttpMethod.Post, "/13924680135/x"), (HttpMethod.Post, $"/v1/leases/{LeaseLike}:extend"),
        })
        {
            using var request = new HttpRequestMessage(verb, new Uri(service.GrpcAddress, $"{path}?{numbers}"))
            {
                Version = HttpVersion.Version20,
                VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            };
            using var response = await http.SendAsync(request);
            Assert.That(response.Headers.TryGetValues("grpc-status", out _) || response.StatusCode == HttpStatusCode.NotFound, Is.True, $"{verb} {response.StatusCode}");
        }

        Assert.That(await AnswerToAsync(service.HttpAddress, $"GET /v1/calls:resolve?called_number={Called} {Caller} HTTP/1.1\r\nHost: x\r\n\r\n"), Does.StartWith("HTTP/1.1 400 "));
        Assert.That(await AnswerToAsync(service.HttpAddress, $"GET /v1/calls:resolve?{numbers} HTTP/7.9\r\nHost: x\r\n\r\n"), Does.StartWith("HTTP/1.1 "));
        Assert.That(await service.StopAsync(), Is.Zero);

        var traces = Encoding.Latin1.GetString(collector.Received("traces"));
        var logs = Encoding.Latin1.GetString(collector.Received("logs"));
        var metrics = Encoding.Latin1.GetString(collector.Received("metrics"));

        // What was searched is really there.
        Assert.That(traces, Does.Contain("/v1/calls:resolve").And.Contain("/v1/leases/*").And.Contain("virtualnumber.v1.RoutingService/Resolve"));
        Assert.That(service.Output, Does.Contain("Request starting HTTP/1.1 GET").And.Contain("/v1/calls:resolve").And.Contain("trce:"));
        Assert.That(logs, Does.Contain("Request starting"));
        Assert.That(metrics, Does.Contain("http.server.request.duration"));
        Assert.That(service.Output.Split(Warning), Has.Length.EqualTo(2));
        foreach (var (name, text) in new[] { ("output", service.Output), ("traces", traces), ("logs", logs), ("metrics", metrics) })
            Assert.That(s_scanner.FindIn(text), Is.Empty, name);
    }

    [TestCase("+99913800138")]
    [TestCase("%2B99913800138")]
    public async Task It_answers_as_POST_does_and_takes_a_plus_sign_for_one(string holder)
    {
        await using var service = await TestService.StartAsync(settings: [("HttpJson:ResolveByGet", "true")]);
        await service.Ops.CreatePoolAsync(Requests.CreatePool(Requests.PoolId));
        await service.Ops.AddNumbersAsync(Requests.AddBlocks(Requests.PoolId, Requests.Block));
        var lease = (await service.Leases.CreateLeaseAsync(Requests.CreateLease())).Lease;
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = service.HttpAddress };
        async Task<ResolveResponse> LookUpAsync(string caller) => Google.Protobuf.JsonParser.Default.Parse<ResolveResponse>(await http.GetStringAsync(
            new Uri($"/v1/calls:resolve?gatewayId=gw&call_id=c&called_number={lease.VirtualNumber}&caller_number={caller}&call_kind=CALL_KIND_VOICE", UriKind.Relative)));

        Assert.That(await LookUpAsync("%2B99955500111"), Is.EqualTo(await service.Routing.ResolveAsync(Requests.Resolve(lease.VirtualNumber, callId: "c"))));
        Assert.That((await LookUpAsync(holder)).Refusal.Reason, Is.EqualTo(RefusalReason.NotAllowed));
        Assert.That(await http.GetStringAsync(new Uri("/openapi.json", UriKind.Relative)), Does.Contain("RoutingService_Resolve_2"));
    }

    private static async Task<string> AnswerToAsync(Uri address, string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, address.Port);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(request));
        using var reader = new StreamReader(stream, Encoding.Latin1);
        return await reader.ReadLineAsync() ?? "";
    }
}
