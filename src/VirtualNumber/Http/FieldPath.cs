using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;

namespace VirtualNumber.Http;

/// <summary>A field of a request, or of a message within it, that can be given as text: in a path or a query.</summary>
/// <param name="Fields">The fields from the request inwards; the last one holds the value.</param>
internal sealed record FieldPath(IReadOnlyList<FieldDescriptor> Fields)
{
    /// <summary>The field that holds the value.</summary>
    public FieldDescriptor Field => Fields[^1];

    /// <summary>How the proto writes it: <c>delivery.carrier</c>.</summary>
    public string Name => string.Join('.', Fields.Select(each => each.Name));

    /// <summary>The field of a dotted path, by the proto's names or by those of JSON; null: there is none, or it cannot be given as text.</summary>
    public static FieldPath? Find(MessageDescriptor type, string path)
    {
        var fields = new List<FieldDescriptor>();
        MessageDescriptor? within = type;
        foreach (var name in path.Split('.'))
        {
            if (within is null || !TryFindField(within, name, out var field))
                return null;
            fields.Add(field);
            within = IsMessage(field) && !field.IsRepeated ? field.MessageType : null;
        }

        return IsMessage(fields[^1]) ? null : new(fields);
    }

    /// <summary>All fields of a message that can be given as text, also those of messages within it.</summary>
    public static IEnumerable<FieldPath> AllOf(MessageDescriptor type) => AllOf(type, []);

    /// <summary>A field by the proto's name or by that of JSON.</summary>
    public static bool TryFindField(MessageDescriptor type, string name, [NotNullWhen(true)] out FieldDescriptor? field)
    {
        field = type.Fields.InDeclarationOrder().FirstOrDefault(each => each.JsonName == name || each.Name == name);
        return field is not null;
    }

    /// <summary>Whether a field is a message that JSON writes as an object: not so a time, a duration or a wrapped value.</summary>
    public static bool IsMessage(FieldDescriptor field) => field.FieldType is FieldType.Message or FieldType.Group && !IsWrittenAsText(field.MessageType);

    /// <summary>What the value is in a message; null where the message that holds it is missing.</summary>
    public object? ValueIn(IMessage message) =>
        Fields.Aggregate((object?)message, (value, field) => value is IMessage within ? field.Accessor.GetValue(within) : null);

    /// <summary>What the value is where nobody has given one.</summary>
    public object? DefaultValue => Field.Accessor.GetValue(Field.ContainingType.Parser.ParseFrom(ByteString.Empty));

    private static IEnumerable<FieldPath> AllOf(MessageDescriptor type, IReadOnlyList<FieldDescriptor> outer) =>
        type.Fields.InDeclarationOrder().Where(field => !outer.Any(each => each.ContainingType == field.ContainingType)).SelectMany(field =>
            !IsMessage(field) ? [new FieldPath([.. outer, field])]
            : field.IsRepeated || field.IsMap ? []
            : AllOf(field.MessageType, [.. outer, field]));

    private static bool IsWrittenAsText(MessageDescriptor type) =>
        type.FullName == Timestamp.Descriptor.FullName || type.FullName == Duration.Descriptor.FullName
        || type.FullName == FieldMask.Descriptor.FullName || type.File.Name == WrappersReflection.Descriptor.Name;
}
