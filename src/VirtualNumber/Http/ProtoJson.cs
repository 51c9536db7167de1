using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Rpc;

namespace VirtualNumber.Http;

/// <summary>Messages as proto3 JSON, both ways, and the types that an Any of this service may hold.</summary>
internal static class ProtoJson
{
    /// <summary>Deeper than any message of this service; what is deeper is hostile.</summary>
    public const int MostDepth = 32;

    /// <summary>ErrorInfo last: the file of the others has one too, with another name for its reason, and the last one counts.</summary>
    private static readonly TypeRegistry s_types =
        TypeRegistry.FromMessages(BadRequest.Descriptor, RetryInfo.Descriptor, Details.ErrorInfo.Descriptor);

    private static readonly JsonFormatter s_formatter = new(JsonFormatter.Settings.Default.WithTypeRegistry(s_types));

    private static readonly JsonParser s_parser = new(new JsonParser.Settings(MostDepth, s_types));

    /// <summary>A message as JSON: names in camel case, fields that have their default value left out.</summary>
    public static string Format(IMessage message) => s_formatter.Format(message);

    /// <summary>Reads a message; null where the text is none. The parser's own words may repeat values, so they are not for callers.</summary>
    public static IMessage? Parse(string json, MessageDescriptor type)
    {
        try
        {
            return s_parser.Parse(json, type);
        }
        // What its tokenizer and its conversions throw on hostile text: both of its own exceptions are IOExceptions.
        catch (Exception exception) when (exception is IOException or FormatException or OverflowException or ArgumentException or InvalidOperationException)
        {
            return null;
        }
    }
}
