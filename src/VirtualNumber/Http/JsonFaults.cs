using System.Text.Json;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using VirtualNumber.Api;

namespace VirtualNumber.Http;

/// <summary>
/// Finds out which fields of a JSON text are wrong, after the parser has refused all of it: the parser names no field, and repeats values, which
/// may be telephone numbers. Each value is given to the parser by itself, so what is right and wrong is the parser's word alone.
/// </summary>
internal sealed class JsonFaults(FieldFaults faults)
{
    /// <summary>More would help nobody, and each costs an exception.</summary>
    private const int MostFaults = 50;

    private int _count;

    /// <summary>Notes what is wrong with a message.</summary>
    /// <param name="json">A JSON text that was refused as this message.</param>
    /// <param name="type">Which message.</param>
    /// <param name="prefix">Where the message is in the request: empty, or the name of a field and a dot.</param>
    public void Find(JsonElement json, MessageDescriptor type, string prefix)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            Add(prefix.TrimEnd('.'), "Must be a JSON object.");
            return;
        }

        var oneofs = new HashSet<string>();
        foreach (var property in json.EnumerateObject())
        {
            if (_count == MostFaults)
                return;
            if (!FieldPath.TryFindField(type, property.Name, out var field))
                Add(prefix + FieldNames.Shown(property.Name), FieldNames.Unknown);
            else if (field.RealContainingOneof is { } oneof && !oneofs.Add(oneof.Name))
                Add(prefix + field.Name, $"Stands beside another field of {oneof.Name}: only one of them may be set.");
            else
                FindIn(property.Value, field, prefix + field.Name);
        }
    }

    private void FindIn(JsonElement value, FieldDescriptor field, string name)
    {
        if (value.ValueKind == JsonValueKind.Null)
            return;
        if (field.IsMap)
        {
            Try(value.GetRawText(), field, name);
            return;
        }

        if (!field.IsRepeated)
        {
            FindInOne(value, field, name);
            return;
        }

        if (value.ValueKind != JsonValueKind.Array)
        {
            Add(name, "Must be a JSON array.");
            return;
        }

        var index = 0;
        foreach (var item in value.EnumerateArray())
        {
            if (_count == MostFaults)
                return;
            FindInOne(item, field, $"{name}[{index++}]");
        }
    }

    private void FindInOne(JsonElement value, FieldDescriptor field, string name)
    {
        if (FieldPath.IsMessage(field))
            Find(value, field.MessageType, name + ".");
        else
            Try(field.IsRepeated ? $"[{value.GetRawText()}]" : value.GetRawText(), field, name);
    }

    private void Try(string value, FieldDescriptor field, string name)
    {
        if (ProtoJson.Parse($"{{\"{field.JsonName}\":{value}}}", field.ContainingType) is null)
            Add(name, Describe(field));
    }

    private void Add(string name, string description)
    {
        _count++;
        faults.Add(name.Length == 0 ? FieldNames.Body : name, description);
    }

    /// <summary>What a field's value must be.</summary>
    public static string Describe(FieldDescriptor field) => field switch
    {
        { IsMap: true } => "Must be a JSON object with values of one kind.",
        { FieldType: FieldType.Message } when field.MessageType.FullName == Timestamp.Descriptor.FullName =>
            "Must be a time as RFC 3339 has it, for example 2026-03-02T08:00:00Z.",
        { FieldType: FieldType.Message } when field.MessageType.FullName == Duration.Descriptor.FullName =>
            "Must be a duration in seconds, for example 604800s.",
        { FieldType: FieldType.Enum } => $"Must be the name of a value of {field.EnumType.Name}, for example {field.EnumType.Values[^1].Name}, or its number.",
        { FieldType: FieldType.Bool } => "Must be true or false.",
        { FieldType: FieldType.String } => "Must be a string.",
        { FieldType: FieldType.Bytes } => "Must be base64.",
        { FieldType: FieldType.Double or FieldType.Float } => "Must be a number.",
        { FieldType: FieldType.Int64 or FieldType.SInt64 or FieldType.SFixed64 or FieldType.UInt64 or FieldType.Fixed64 } => "Must be a whole number of 64 bits.",
        { FieldType: FieldType.Int32 or FieldType.SInt32 or FieldType.SFixed32 or FieldType.UInt32 or FieldType.Fixed32 } => "Must be a whole number of 32 bits.",
        _ => "Is not what proto3 JSON has for it.",
    };
}
