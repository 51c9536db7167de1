using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Google.Protobuf.Reflection;
using RpcStatus = Google.Rpc.Status;

namespace VirtualNumber.Http;

/// <summary>
/// The door as an OpenAPI 3 document, made from the same bindings that serve it. Names, types and values: meaning, ranges and errors stand in the
/// proto files, whose comments no descriptor carries at run time.
/// </summary>
internal sealed partial class OpenApiDocument
{
    private readonly OpenApiSchemas _schemas = new();
    private readonly HashSet<string> _operationIds = [];

    private OpenApiDocument()
    {
    }

    /// <summary>The document in JSON.</summary>
    public static string Make(IEnumerable<HttpBinding> bindings)
    {
        var document = new OpenApiDocument();
        var paths = new JsonObject();
        foreach (var group in bindings.GroupBy(binding => PathOf(binding.Path)).OrderBy(group => group.Key, StringComparer.Ordinal))
            paths[group.Key] = new JsonObject(group.Select(binding => KeyValuePair.Create(binding.Verb.ToLowerInvariant(), (JsonNode?)document.Operation(binding))));
        return new JsonObject
        {
            ["openapi"] = "3.0.3",
            ["info"] = new JsonObject { ["title"] = "Virtual Number", ["version"] = "v1" },
            ["paths"] = paths,
            ["components"] = new JsonObject { ["schemas"] = document._schemas.ToJson() },
        }.ToJsonString();
    }

    /// <summary>A variable's own segments have no place in a document of this kind.</summary>
    private static string PathOf(PathTemplate path) => VariableSegments().Replace(path.Text, "}");

    private JsonObject Operation(HttpBinding binding)
    {
        var operation = new JsonObject
        {
            ["operationId"] = OperationId(binding.Method),
            ["tags"] = new JsonArray(binding.Method.Service.Name),
        };
        if (Parameters(binding) is { Count: > 0 } parameters)
            operation["parameters"] = parameters;
        if (binding.HasBody)
            operation["requestBody"] = new JsonObject { ["required"] = true, ["content"] = Json(binding.BodyField?.MessageType ?? binding.Method.InputType) };
        operation["responses"] = new JsonObject
        {
            ["200"] = new JsonObject { ["description"] = binding.IsStream ? "Messages, one a line; an error after the first is a last line {\"error\": ...}." : "Done.", ["content"] = Json(binding.Method.OutputType, binding.IsStream) },
            ["default"] = new JsonObject { ["description"] = "An error, with its reason in the details.", ["content"] = Json(RpcStatus.Descriptor) },
        };
        return operation;
    }

    private JsonArray Parameters(HttpBinding binding)
    {
        var inPath = binding.Path.Fields.Select(name => FieldPath.Find(binding.Method.InputType, name)!).ToList();
        var names = inPath.Select(path => path.Name).ToHashSet();
        var inQuery = binding.BodyIsRequest
            ? []
            : FieldPath.AllOf(binding.Method.InputType).Where(path => !names.Contains(path.Name) && path.Fields[0] != binding.BodyField);
        return [.. inPath.Select(path => Parameter(path, "path")), .. inQuery.Select(path => Parameter(path, "query"))];
    }

    private JsonObject Parameter(FieldPath path, string place) => new()
    {
        ["name"] = path.Name,
        ["in"] = place,
        ["required"] = place == "path",
        ["schema"] = _schemas.Of(path.Field),
    };

    private JsonObject Json(MessageDescriptor type, bool isStream = false) =>
        new() { [isStream ? JsonLines.MediaType : JsonAnswer.MediaType] = new JsonObject { ["schema"] = _schemas.Of(type) } };

    /// <summary>A method that can be called in several ways has as many operations.</summary>
    private string OperationId(MethodDescriptor method)
    {
        var id = $"{method.Service.Name}_{method.Name}";
        for (var i = 2; !_operationIds.Add(id); i++)
            id = $"{method.Service.Name}_{method.Name}_{i}";
        return id;
    }

    [GeneratedRegex("=[^}]*}")]
    private static partial Regex VariableSegments();
}
