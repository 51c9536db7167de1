using System.Text.Json;
using System.Text.RegularExpressions;
using Google.Protobuf.Reflection;
using VirtualNumber.Tests.Api;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Http;

/// <summary>The OpenAPI document describes what is served, and holds together.</summary>
[TestFixture]
public sealed partial class OpenApiTests
{
    private static readonly MethodDescriptor[] s_methods = [.. LeaseService.Descriptor.Methods.Concat(RoutingService.Descriptor.Methods)];

    private JsonDocument _document = null!;

    private JsonElement Root => _document.RootElement;

    [OneTimeSetUp]
    public async Task ReadAsync()
    {
        await using var service = await TestService.StartAsync();
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = service.HttpAddress };
        using var response = await http.GetAsync(new Uri("/openapi.json", UriKind.Relative));
        Assert.That(response.Content.Headers.ContentType?.MediaType, Is.EqualTo("application/json"));
        _document = JsonDocument.Parse(await response.Content.ReadAsStreamAsync());
    }

    [OneTimeTearDown]
    public void Close() => _document.Dispose();

    [Test]
    public void It_says_what_it_is()
    {
        Assert.That(Root.GetProperty("openapi").GetString(), Does.Match("^3\\.0\\.[0-9]+$"));
        Assert.That(Root.GetProperty("info").GetProperty("title").GetString(), Is.Not.Empty);
        Assert.That(Root.GetProperty("info").GetProperty("version").GetString(), Is.Not.Empty);
    }

    [Test]
    public void Every_path_of_the_protos_is_in_it_and_no_other()
    {
        var annotated = s_methods.Select(method => method.GetOptions()?.GetExtension(Google.Api.AnnotationsExtensions.Http)).OfType<Google.Api.HttpRule>()
            .Select(rule => rule.Get.Length > 0 ? $"get {rule.Get}" : $"post {rule.Post}");
        Assert.That(Operations().Select(operation => $"{operation.Verb} {operation.Path}"), Is.EquivalentTo(annotated));
    }

    [Test]
    public void Every_operation_has_an_id_its_parameters_its_answer_and_its_error()
    {
        foreach (var (path, verb, operation) in Operations())
        {
            var parameters = operation.TryGetProperty("parameters", out var list) ? list.EnumerateArray().ToList() : [];
            var inPath = parameters.Where(parameter => parameter.GetProperty("in").GetString() == "path").ToList();
            Assert.That(inPath.Select(Name), Is.EqualTo(Variable().Matches(path).Select(match => match.Groups[1].Value)), path);
            Assert.That(inPath.Select(parameter => parameter.GetProperty("required").GetBoolean()), Is.All.True, path);
            Assert.That(parameters.Select(parameter => parameter.GetProperty("schema").EnumerateObject().Count()), Is.All.GreaterThan(0), path);
            Assert.That(operation.TryGetProperty("requestBody", out _), Is.EqualTo(verb == "post"), path);
            foreach (var code in new[] { "200", "default" })
            {
                var response = operation.GetProperty("responses").GetProperty(code);
                Assert.That(response.GetProperty("description").GetString(), Is.Not.Empty);
                var mediaType = code == "200" && path.EndsWith(":watch", StringComparison.Ordinal) ? "application/x-ndjson" : "application/json";
                Assert.That(response.GetProperty("content").GetProperty(mediaType).GetProperty("schema").GetProperty("$ref").GetString(), Is.Not.Empty);
            }
        }

        Assert.That(Operations().Select(operation => operation.Node.GetProperty("operationId").GetString()), Is.Unique.And.Contains("LeaseService_CreateLease"));
        Assert.That(
            Operations().Where(operation => operation.Verb == "get").ToDictionary(
                operation => operation.Path, operation => operation.Node.GetProperty("parameters").EnumerateArray().Select(Name).ToArray()),
            Is.EquivalentTo(new Dictionary<string, string[]>
            {
                ["/v1/leases/{lease_id}"] = ["lease_id", "tenant_id"],
                ["/v1/events:watch"] = ["tenant_id", "cursor", "from_oldest"],
            }));
    }

    [Test]
    public void Every_reference_resolves_and_every_schema_is_referred_to()
    {
        var schemas = Root.GetProperty("components").GetProperty("schemas").EnumerateObject().Select(schema => $"#/components/schemas/{schema.Name}").ToList();
        var references = ReferencesIn(Root).Distinct().ToList();
        Assert.That(references, Is.EquivalentTo(schemas));
        Assert.That(schemas, Has.Count.GreaterThan(25));
        Assert.That(schemas.Select(schema => schema.Split('/')[^1]), Is.All.Match("^[a-zA-Z0-9._-]+$"));
    }

    [Test]
    public void Names_types_and_values_are_those_of_proto3_JSON()
    {
        Assert.That(Property("Lease", "leaseId").GetProperty("type").GetString(), Is.EqualTo("string"));
        Assert.That(Format("Lease", "epoch"), Is.EqualTo(("string", "int64")));
        Assert.That(Format("Lease", "extensionCount"), Is.EqualTo(("integer", "int32")));
        Assert.That(Format("Lease", "expireTime"), Is.EqualTo(("string", "date-time")));
        Assert.That(Regex.IsMatch("604800.5s", Property("ExtendLeaseRequest", "extension").GetProperty("pattern").GetString()!), Is.True);
        Assert.That(Property("AreaPreference", "fallbackAreaCodes").GetProperty("items").GetProperty("type").GetString(), Is.EqualTo("string"));
        Assert.That(Property("CreateLeaseRequest", "delivery").GetProperty("$ref").GetString(), Is.EqualTo("#/components/schemas/virtualnumber.v1.Delivery"));
        Assert.That(
            Schema("virtualnumber.v1.DeliveryRole").GetProperty("enum").EnumerateArray().Select(value => value.GetString()),
            Is.EqualTo(TypesReflection.Descriptor.EnumTypes.Single(type => type.Name == "DeliveryRole").Values.Select(value => value.Name)));
        Assert.That(Schema("google.rpc.Status").GetProperty("properties").EnumerateObject().Select(property => property.Name), Is.EqualTo(new[] { "code", "message", "details" }));
    }

    private (string?, string?) Format(string message, string property) =>
        (Property(message, property).GetProperty("type").GetString(), Property(message, property).GetProperty("format").GetString());

    private JsonElement Property(string message, string property) => Schema($"virtualnumber.v1.{message}").GetProperty("properties").GetProperty(property);

    private JsonElement Schema(string name) => Root.GetProperty("components").GetProperty("schemas").GetProperty(name);

    private IEnumerable<(string Path, string Verb, JsonElement Node)> Operations() => Root.GetProperty("paths").EnumerateObject()
        .SelectMany(path => path.Value.EnumerateObject().Select(operation => (path.Name, operation.Name, operation.Value)));

    private static string? Name(JsonElement parameter) => parameter.GetProperty("name").GetString();

    private static IEnumerable<string> ReferencesIn(JsonElement node) => node.ValueKind switch
    {
        JsonValueKind.Object => node.EnumerateObject().SelectMany(property => property.Name == "$ref" ? [property.Value.GetString()!] : ReferencesIn(property.Value)),
        JsonValueKind.Array => node.EnumerateArray().SelectMany(ReferencesIn),
        _ => [],
    };

    [GeneratedRegex("{([a-z_.]+)}")]
    private static partial Regex Variable();
}
