using System.Text.Json.Nodes;
using VirtualNumber.Load;
using VirtualNumber.Load.Replay;

namespace VirtualNumber.Tests.Load;

/// <summary>The command line client as a user types it, against a running service.</summary>
internal sealed class CallTests
{
    private const string Lease =
        """{"tenant_id":"replay","pool_id":"calls","request_id":"first","delivery":{"carrier":"SF","waybill_number":"SF1001"},"role":"DELIVERY_ROLE_RECIPIENT","real_number":"+99912345678"}""";

    private ServiceProcess _service = null!;

    [OneTimeSetUp]
    public async Task Start() => _service = await ServiceProcess.StartAsync(new ReplayPolicy(TimeSpan.FromDays(1)).ToSettings());

    [OneTimeTearDown]
    public async Task Stop() => await _service.DisposeAsync();

    [Test]
    public async Task A_call_prints_the_answer_as_json()
    {
        await CallAsync("OpsService/CreatePool", """{"tenant_id":"replay","pool":{"pool_id":"calls","block_digits":2}}""");
        var (added, _) = await CallAsync("OpsService/AddNumbers", """{"tenant_id":"replay","pool_id":"calls","blocks":["162100100"]}""");
        var (leased, exitCode) = await CallAsync("virtualnumber.v1.LeaseService/CreateLease", Lease);

        Assert.Multiple(() =>
        {
            Assert.That((int?)JsonNode.Parse(added)?["addedCount"], Is.EqualTo(100));
            Assert.That((string?)JsonNode.Parse(leased)?["lease"]?["virtualNumber"], Is.EqualTo("16210010000"));
            Assert.That(exitCode, Is.Zero);
        });
    }

    [Test]
    public async Task An_error_prints_code_reason_and_all_faulty_fields()
    {
        var (output, exitCode) = await CallAsync("LeaseService/CreateLease", """{"tenant_id":"replay","real_number":"12"}""");

        Assert.Multiple(() =>
        {
            Assert.That(output, Does.StartWith("InvalidArgument: "));
            Assert.That(output, Does.Contain("\"reason\": \"FIELDS_INVALID\""));
            Assert.That(output, Does.Contain("google.rpc.BadRequest"));
            Assert.That(output, Does.Contain("\"real_number\"").And.Contains("\"delivery\"").And.Contains("\"role\""));
            Assert.That(exitCode, Is.EqualTo(1));
        });
    }

    [TestCase("LeaseService/Nope", "{}")]
    [TestCase("LeaseService/GetLease", """{"no_such_field":1}""")]
    [TestCase("LeaseService/GetLease", "no json")]
    public async Task What_cannot_be_called_is_told_with_the_methods_there_are(string method, string json)
    {
        var (output, exitCode) = await CallAsync(method, json);

        Assert.That(output, Does.Contain("LeaseService/CreateLease").And.Contains("RoutingService/Resolve"));
        Assert.That(exitCode, Is.EqualTo(2));
    }

    private async Task<(string Output, int ExitCode)> CallAsync(string method, string json)
    {
        await using var client = ChildProcess.Start(
            typeof(ServiceProcess).Assembly.Location, ["call", method, json, "--address", $"{_service.GrpcAddress}", "--deadline", "20s"], []);
        return (await client.WaitForOutputAsync(), client.ExitCode);
    }
}
