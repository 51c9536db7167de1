using System.Net;
using System.Net.Sockets;
using VirtualNumber.Load;
using VirtualNumber.Sealing;
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
    [Platform(Exclude = "Win")]
    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    public async Task With_Redis_a_ring_that_is_missing_or_malformed_or_open_to_others_stops_the_start()
    {
        using var folder = new TemporaryFolder();
        var ring = folder.At("vn-keys.json");
        await IsRefusedAsync("there is no such file.", $"make one with the command: keys create {ring}");

        File.WriteAllText(ring, "{ \"version\": 1 }");
        File.SetUnixFileMode(ring, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await IsRefusedAsync("currentKeyId is missing");

        File.Delete(ring);
        KeyRingFile.Save(KeyRing.CreateThrowAway(), ring);
        File.SetUnixFileMode(ring, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        await IsRefusedAsync("group or others have access to it (OtherRead); allow its owner only (chmod 600).");

        async Task IsRefusedAsync(params string[] told)
        {
            var (exitCode, output) = await StartAsync(
                "--Listen:Grpc=127.0.0.1:0", "--Listen:Http=127.0.0.1:0", "--Redis:Configuration=127.0.0.1:1", $"--Sealing:KeyRing={ring}");
            Assert.That(output, Does.Contain($"Virtual Number does not start. Key ring {ring}: ").And.Not.Contain("   at "));
            foreach (var text in told)
                Assert.That(output, Does.Contain(text));
            Assert.That(exitCode, Is.EqualTo(1));
        }
    }

    [Test]
    public async Task A_key_ring_is_made_added_to_and_turned_over_by_commands_and_never_overwritten()
    {
        using var folder = new TemporaryFolder();
        var ring = folder.At("ring.json");
        Assert.That((await StartAsync("keys", "create", ring)).ExitCode, Is.Zero);
        using var made = KeyRingFile.Load(ring);

        var (exitCode, output) = await StartAsync("keys", "create", ring);
        Assert.That((exitCode, output), Is.EqualTo((1, $"The file '{ring}' already exists.{Environment.NewLine}")));
        Assert.That((await StartAsync("keys", "add", ring)).Output, Does.Contain("keys use 2"));
        using var longer = KeyRingFile.Load(ring);
        Assert.That((await StartAsync("keys", "use", "2", ring)).ExitCode, Is.Zero);
        using var turned = KeyRingFile.Load(ring);

        Assert.That((made.CurrentKeyId, longer.CurrentKeyId, turned.CurrentKeyId), Is.EqualTo((1, 1, 2)));
        Assert.That(turned.Fingerprints(), Is.EqualTo(longer.Fingerprints()));
        Assert.That(longer.Fingerprints().Take(2), Is.EqualTo(made.Fingerprints()));
        Assert.That(Directory.GetFiles(folder.Path), Is.EqualTo(new[] { ring }));
    }

    [TestCase("Usage: keys create", "keys")]
    [TestCase("Usage: keys create", "keys", "delete", "ring.json")]
    [TestCase("first is no key id", "keys", "use", "first")]
    [TestCase("there is no such file", "keys", "use", "2", "no-such-ring.json")]
    [TestCase("there is no such file", "keys", "add", "no-such-ring.json")]
    public async Task A_command_on_keys_that_cannot_be_done_says_why(string message, params string[] command)
    {
        var (exitCode, output) = await StartAsync(command);
        Assert.That(output, Does.Contain(message).And.Not.Contain("   at "));
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
