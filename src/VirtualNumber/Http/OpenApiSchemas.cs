using System.Text.Json.Nodes;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;

namespace VirtualNumber.Http;

/// <summary>Messages and enums as schemas of OpenAPI, by their full names, as proto3 JSON writes them.</summary>
internal sealed class OpenApiSchemas
{
    private readonly SortedDictionary<string, JsonObject?> _schemas = new(StringComparer.Ordinal);

    /// <summary>All schemas that were asked for, and those that they refer to.</summary>
    public JsonObject ToJson() => new(_schemas.Select(schema => KeyValuePair.Create(schema.Key, (JsonNode?)schema.Value)));

    /// <summary>The schema of a field.</summary>
    public JsonObject Of(FieldDescriptor field)
    {
        if (field.IsMap)
            return new() { ["type"] = "object", ["additionalProperties"] = OfOne(field.MessageType.FindFieldByNumber(2)) };
        return field.IsRepeated ? new() { ["type"] = "array", ["items"] = OfOne(field) } : OfOne(field);
    }

    /// <summary>A reference to the schema of a message.</summary>
    public JsonObject Of(MessageDescriptor type) => Refer(type.FullName, () => new()
    {
        ["type"] = "object",
        ["properties"] = new JsonObject(type.Fields.InDeclarationOrder().Select(field => KeyValuePair.Create(field.JsonName, (JsonNode?)Of(field)))),
    });

    private JsonObject OfOne(FieldDescriptor field) => field.FieldType switch
    {
        FieldType.Bool => Plain("boolean"),
        FieldType.String => Plain("string"),
        FieldType.Bytes => Plain("string", "byte"),
        FieldType.Double => Plain("number", "double"),
        FieldType.Float => Plain("number", "float"),
        FieldType.Int32 or FieldType.SInt32 or FieldType.SFixed32 => Plain("integer", "int32"),
        FieldType.UInt32 or FieldType.Fixed32 => Plain("integer", "uint32"),
        // JSON's numbers are doubles to many a reader.
        FieldType.Int64 or FieldType.SInt64 or FieldType.SFixed64 => Plain("string", "int64"),
        FieldType.UInt64 or FieldType.Fixed64 => Plain("string", "uint64"),
        FieldType.Enum => Refer(field.EnumType.FullName, () => new()
        {
            ["type"] = "string",
            ["enum"] = new JsonArray([.. field.EnumType.Values.Select(value => (JsonNode)value.Name)]),
        }),
        _ => OfMessage(field.MessageType),
    };

    private JsonObject OfMessage(MessageDescriptor type)
    {
        if (type.FullName == Timestamp.Descriptor.FullName)
            return Plain("string", "date-time");
        if (type.FullName == Duration.Descriptor.FullName)
            return new() { ["type"] = "string", ["pattern"] = @"^-?[0-9]+(\.[0-9]{1,9})?s$" };
        if (type.FullName != Any.Descriptor.FullName)
            return Of(type);
        return new()
        {
            ["type"] = "object",
            ["properties"] = new JsonObject { ["@type"] = Plain("string") },
            ["required"] = new JsonArray("@type"),
            ["additionalProperties"] = true,
        };
    }

    private JsonObject Refer(string name, Func<JsonObject> make)
    {
        // First the place, then the schema: a message may hold itself.
        if (_schemas.TryAdd(name, null))
            _schemas[name] = make();
        return new() { ["$ref"] = $"#/components/schemas/{name}" };
    }

    private static JsonObject Plain(string type, string? format = null)
    {
        var schema = new JsonObject { ["type"] = type };
        if (format is not null)
            schema["format"] = format;
        return schema;
    }
}
