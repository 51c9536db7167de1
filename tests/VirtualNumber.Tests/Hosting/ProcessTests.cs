using System.Net;
using System.Net.Sockets;
using VirtualNumber.Load;
using VirtualNumber.Tests.Repository;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Hosting;

/// <summary>The process itself: how it starts, why it does not, and how it ends.</summary>
[TestFixture]
public sealed class ProcessTests
{
    private static readonly string s_service = typeof(LeaseServiceReflection).Assembly.Location;

    [TestCase("Listen:Grpc is \"0.0.0.0:0\": the service does not know its callers yet", "--Listen:Grpc=0.0.0.0:0")]
    [TestCase("Listen:Http is \"localhost:0\": must be an address and a port", "--Listen:Http=localhost:0")]
    [TestCase("The setting urls is not used here", "--urls=http://127.0.0.1:0")]
    [TestCase("The setting http_ports is not used here", "--http_ports=0")]
    [TestCase("The setting Kestrel:Endpoints is not used here", "--Kestrel:Endpoints:Other:Url=http://127.0.0.1:0")]
    [TestCase("Bounds: LeastAging (00:01:00) must be longer", "--Bounds:LeastAging=00:01:00")]
    public async Task A_start_that_is_refused_says_why_in_one_line_and_exits_with_1(string message, string argument)
    {
        var (exitCode, output) = await StartAsync("--Listen:Grpc=127.0.0.1:0", "--Listen:Http=127.0.0.1:0", argument);
        Assert.That(output, Does.Contain($"Virtual Number does not start. {message}"));
        Assert.That(output, Does.Not.Contain("   at "), "No stack trace helps an operator.");
        Assert.That(exitCode, Is.EqualTo(1));
    }

    [Test]
    public async Task A_port_in_use_is_named()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var (exitCode, output) = await StartAsync($"--Listen:Grpc={other.LocalEndpoint}", "--Listen:Http=127.0.0.1:0");
        Assert.That(output, Does.Contain("Virtual Number does not start.").And.Contain($"{other.LocalEndpoint}").And.Contain("address already in use"));
        Assert.That(exitCode, Is.EqualTo(1));
    }

    [Test]
    public async Task A_request_to_terminate_ends_it_with_0_and_it_has_warned_of_the_embedded_store()
    {
        await using var service = await ServiceProcess.StartAsync(new Dictionary<string, string>());
        Assert.That(await service.StopAsync(), Is.Zero);
        Assert.That(service.Output, Does.Contain("The embedded store keeps everything in memory and forgets it on exit"));
    }

    private static Task<(int ExitCode, string Output)> StartAsync(params string[] arguments) =>
        Sources.RunAsync("dotnet", [s_service, .. arguments]);
}
