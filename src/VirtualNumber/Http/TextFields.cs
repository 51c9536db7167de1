using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using VirtualNumber.Api;

namespace VirtualNumber.Http;

/// <summary>Puts values that are given as text, in a path or a query, into a request: each as the JSON that it stands for.</summary>
internal static class TextFields
{
    /// <summary>Notes a fault where the text is no value of the field.</summary>
    public static void Put(IMessage request, FieldPath path, string text, FieldFaults faults)
    {
        if (ProtoJson.Parse(JsonOf(path, text), request.Descriptor) is { } part)
            request.MergeFrom(part.ToByteString());
        else
            faults.Add(path.Name, JsonFaults.Describe(path.Field));
    }

    /// <summary>A message with nothing but the value.</summary>
    private static string JsonOf(FieldPath path, string text)
    {
        var json = new StringBuilder();
        foreach (var field in path.Fields)
            json.Append("{\"").Append(field.JsonName).Append("\":");
        var value = IsToken(path.Field, text) ? text : JsonSerializer.Serialize(text);
        return json.Append(path.Field.IsRepeated ? $"[{value}]" : value).Append('}', path.Fields.Count).ToString();
    }

    /// <summary>Proto3 JSON takes all values as strings but for these two.</summary>
    private static bool IsToken(FieldDescriptor field, string text) => field.FieldType switch
    {
        FieldType.Bool => text is "true" or "false",
        FieldType.Enum => int.TryParse(text, System.Globalization.NumberStyles.AllowLeadingSign, System.Globalization.CultureInfo.InvariantCulture, out _)
            && text[0] != '+',
        FieldType.Message => field.MessageType.File.Name == WrappersReflection.Descriptor.Name && text is "true" or "false",
        _ => false,
    };
}
