using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Reflection.V1;

namespace VirtualNumber.Tests.GrpcOnKestrel;

/// <summary>grpc.reflection.v1, as its standard says.</summary>
[TestFixture]
public sealed class ReflectionTests
{
    private const string EchoFile = "GrpcOnKestrel/echo.proto";

    private static readonly string[] EchoFiles = [EchoFile, "google/protobuf/descriptor.proto"];

    private TestServer _server = null!;

    [OneTimeSetUp]
    public async Task StartAsync() => _server = await TestServer.StartAsync();

    [OneTimeTearDown]
    public async Task StopAsync() => await _server.DisposeAsync();

    [Test]
    public async Task Services_are_listed()
    {
        var response = await AskAsync(new ServerReflectionRequest { ListServices = "" });
        Assert.That(
            response.ListServicesResponse.Service.Select(service => service.Name),
            Is.EqualTo(new[] { "grpc.health.v1.Health", "virtualnumber.test.v1.EchoService" }));
    }

    [TestCase("virtualnumber.test.v1.EchoService")]
    [TestCase("virtualnumber.test.v1.EchoService.Chat")]
    [TestCase("virtualnumber.test.v1.EchoRequest")]
    [TestCase("virtualnumber.test.v1.EchoRequest.text")]
    public async Task A_symbol_leads_to_its_file(string symbol)
    {
        var response = await AskAsync(new ServerReflectionRequest { FileContainingSymbol = symbol });
        Assert.That(Files(response), Is.EqualTo(EchoFiles));
    }

    [TestCase("grpc.health.v1.HealthCheckResponse.ServingStatus")]
    [TestCase("grpc.health.v1.HealthListResponse.StatusesEntry")]
    public async Task A_nested_symbol_leads_to_its_file(string symbol)
    {
        var response = await AskAsync(new ServerReflectionRequest { FileContainingSymbol = symbol });
        Assert.That(Files(response), Has.Exactly(1).EndsWith("health.proto"));
    }

    [Test]
    public async Task A_file_is_found_by_its_name()
    {
        var response = await AskAsync(new ServerReflectionRequest { Host = "host", FileByFilename = EchoFile });
        Assert.Multiple(() =>
        {
            Assert.That(Files(response), Is.EqualTo(EchoFiles));
            Assert.That(response.ValidHost, Is.EqualTo("host"));
            Assert.That(response.OriginalRequest.FileByFilename, Is.EqualTo(EchoFile));
        });
    }

    [Test]
    public async Task What_is_not_known_is_not_found()
    {
        ServerReflectionRequest[] requests =
        [
            new() { FileByFilename = "missing.proto" },
            new() { FileContainingSymbol = "no.such.Message" },
            new() { FileContainingExtension = new ExtensionRequest { ContainingType = "no.such.Message", ExtensionNumber = 1 } },
            new() { AllExtensionNumbersOfType = "no.such.Message" },
        ];
        foreach (var request in requests)
            Assert.That((await AskAsync(request)).ErrorResponse?.ErrorCode, Is.EqualTo((int)StatusCode.NotFound), $"{request}");
    }

    [Test]
    public async Task An_extension_leads_to_its_file_and_its_message_tells_its_number()
    {
        const string Extended = "google.protobuf.MethodOptions";
        var file = await AskAsync(new ServerReflectionRequest
        {
            FileContainingExtension = new ExtensionRequest { ContainingType = Extended, ExtensionNumber = 50001 },
        });
        var symbol = await AskAsync(new ServerReflectionRequest { FileContainingSymbol = "virtualnumber.test.v1.note" });
        var numbers = await AskAsync(new ServerReflectionRequest { AllExtensionNumbersOfType = Extended });
        Assert.Multiple(() =>
        {
            Assert.That(Files(file), Is.EqualTo(EchoFiles));
            Assert.That(Files(symbol), Is.EqualTo(EchoFiles));
            Assert.That(numbers.AllExtensionNumbersResponse.ExtensionNumber, Is.EqualTo(new[] { 50001 }));
        });
    }

    [Test]
    public async Task A_message_without_extensions_has_none()
    {
        var response = await AskAsync(new ServerReflectionRequest { AllExtensionNumbersOfType = "virtualnumber.test.v1.EchoRequest" });
        Assert.Multiple(() =>
        {
            Assert.That(response.AllExtensionNumbersResponse.BaseTypeName, Is.EqualTo("virtualnumber.test.v1.EchoRequest"));
            Assert.That(response.AllExtensionNumbersResponse.ExtensionNumber, Is.Empty);
        });
    }

    [Test]
    public async Task A_request_for_nothing_is_invalid() =>
        Assert.That(
            (await AskAsync(new ServerReflectionRequest())).ErrorResponse.ErrorCode, Is.EqualTo((int)StatusCode.InvalidArgument));

    [Test]
    public void Dependencies_come_along_each_once()
    {
        var files = VirtualNumber.Api.ReflectionCatalog.WithDependencies(Google.Api.HttpReflection.Descriptor);
        var annotations = VirtualNumber.Api.ReflectionCatalog.WithDependencies(Google.Api.AnnotationsReflection.Descriptor);
        Assert.Multiple(() =>
        {
            Assert.That(files.Select(file => file.Name), Is.EqualTo(new[] { "google/api/http.proto" }));
            Assert.That(annotations.Select(file => file.Name), Is.EqualTo(new[]
            {
                "google/api/annotations.proto", "google/api/http.proto", "google/protobuf/descriptor.proto",
            }));
        });
    }

    private static IEnumerable<string> Files(ServerReflectionResponse response) =>
        response.FileDescriptorResponse.FileDescriptorProto.Select(bytes => FileDescriptorProto.Parser.ParseFrom(bytes).Name);

    private async Task<ServerReflectionResponse> AskAsync(ServerReflectionRequest request)
    {
        var client = new ServerReflection.ServerReflectionClient(_server.Channel());
        using var call = client.ServerReflectionInfo();
        await call.RequestStream.WriteAsync(request);
        await call.RequestStream.CompleteAsync();
        Assert.That(await call.ResponseStream.MoveNext(default), Is.True);
        return call.ResponseStream.Current;
    }
}
