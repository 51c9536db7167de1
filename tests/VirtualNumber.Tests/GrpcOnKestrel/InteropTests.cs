using System.Diagnostics;
using System.Runtime.CompilerServices;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace VirtualNumber.Tests.GrpcOnKestrel;

/// <summary>Other people's clients call the echo service: that we understand ourselves would prove little.</summary>
[TestFixture]
public sealed class InteropTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly string Sources = Path.GetDirectoryName(ThisFile())!;

    private static readonly string Clients = Path.GetFullPath(Path.Combine(Sources, "..", "..", "interop"));

    private TestServer _server = null!;

    [SetUp]
    public async Task StartAsync() => _server = await TestServer.StartAsync(options => options.ResponseCompressionAlgorithm = "gzip");

    [TearDown]
    public async Task StopAsync()
    {
        // What the server logged about a step that failed.
        foreach (var line in _server.Logs.Lines.Where(line => line.StartsWith("Error", StringComparison.Ordinal)))
            await TestContext.Out.WriteLineAsync(line);
        await _server.DisposeAsync();
    }

    [Test]
    public async Task Grpc_js_finds_everything_as_it_should()
    {
        Require(Path.Combine(Clients, "node_modules", "@grpc", "grpc-js"), "run 'npm ci' in tests/interop");
        var output = await RunAsync("node", Path.Combine(Clients, "node.js"), _server.Address.Authority, Sources);
        Assert.That(output.Split('\n', StringSplitOptions.RemoveEmptyEntries), Is.EqualTo(new[]
        {
            "ok: unary", "ok: client streaming", "ok: server streaming", "ok: duplex streaming", "ok: error with details",
            "ok: unknown method", "ok: deadline", "ok: gzip both ways", "ok: metadata",
        }));
        Assert.That(_server.Probe.RequestEncodings, Has.Member("gzip"));
    }

    [Test]
    public async Task The_c_core_finds_everything_as_it_should()
    {
        Require("/usr/lib/python3/dist-packages/grpc", "install python3-grpcio and python3-protobuf");
        var descriptors = Path.Combine(TestContext.CurrentContext.WorkDirectory, "echo.descriptors");
        // What is imported comes first.
        var files = global::VirtualNumber.Api.ReflectionCatalog.WithDependencies(EchoReflection.Descriptor).Reverse();
        var set = new FileDescriptorSet { File = { files.Select(file => FileDescriptorProto.Parser.ParseFrom(file.SerializedData)) } };
        await File.WriteAllBytesAsync(descriptors, set.ToByteArray());
        var output = await RunAsync("/usr/bin/python3", Path.Combine(Clients, "client.py"), _server.Address.Authority, descriptors);
        Assert.That(output.Split('\n', StringSplitOptions.RemoveEmptyEntries), Is.EqualTo(new[]
        {
            "ok: unary", "ok: client streaming", "ok: server streaming", "ok: duplex streaming", "ok: error with details",
            "ok: unknown method", "ok: deadline", "ok: cancellation", "ok: gzip both ways", "ok: metadata",
        }));
        Assert.That(_server.Probe.RequestEncodings, Has.Member("gzip"));
    }

    [Test]
    public async Task Buf_curl_calls_unary_methods_by_reflection()
    {
        var output = await BufCurlAsync("""{"text":"from buf"}""", "Echo");
        Assert.That(output, Does.Contain("\"text\": \"from buf\"").Or.Contain("\"text\":\"from buf\""));
    }

    [Test]
    public async Task Buf_curl_calls_streaming_methods_by_reflection()
    {
        var output = await BufCurlAsync("""{"text":"a"} {"text":"b"}""", "Chat");
        var messages = EchoesIn(output);
        Assert.That(messages, Is.EqualTo(new EchoResponse[] { new() { Text = "a" }, new() { Text = "b", Index = 1 } }));
    }

    [Test]
    public async Task Buf_curl_lists_the_methods()
    {
        var output = await RunAsync(
            Buf(), "curl", "--http2-prior-knowledge", "--protocol", "grpc", "--list-methods", _server.Address.ToString());
        Assert.That(output.Split('\n'), Has.Member("virtualnumber.test.v1.EchoService/Chat"));
    }

    private static IEnumerable<EchoResponse> EchoesIn(string output) =>
        output.Replace("}", "}\0", StringComparison.Ordinal)
            .Split('\0', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(JsonParser.Default.Parse<EchoResponse>);

    private static string Buf()
    {
        var buf = Path.Combine(Clients, "node_modules", ".bin", "buf");
        Require(buf, "run 'npm ci' in tests/interop");
        return buf;
    }

    private static void Require(string path, string remedy)
    {
        if (!Path.Exists(path))
            Assert.Fail($"{path} is missing: {remedy}, or let tests/run do it.");
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
        }

        Assert.That(process.ExitCode, Is.Zero, $"{await output}\n{await errors}");
        return await output;
    }

    private Task<string> BufCurlAsync(string data, string method) => RunAsync(
        Buf(), "curl", "--http2-prior-knowledge", "--protocol", "grpc", "--data", data,
        new Uri(_server.Address, $"/virtualnumber.test.v1.EchoService/{method}").ToString());
}
