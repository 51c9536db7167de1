using System.Buffers;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Microsoft.Net.Http.Headers;
using VirtualNumber.Api;

namespace VirtualNumber.Http;

/// <summary>Makes a method's request of what came by HTTP: the path's values, the query and the body.</summary>
internal sealed class RequestReader(HttpBinding binding)
{
    private static readonly JsonDocumentOptions s_strict = new() { MaxDepth = ProtoJson.MostDepth };
    private static readonly UTF8Encoding s_utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly MessageDescriptor _type = binding.Method.InputType;

    /// <exception cref="Grpc.Core.RpcException">It makes none; the error names every field that is wrong.</exception>
    public async ValueTask<IMessage> ReadAsync(HttpRequest http, HttpTarget target, CancellationToken cancellation)
    {
        var faults = new FieldFaults();
        var request = binding.HasBody ? ReadBody(await ReadTextAsync(http, cancellation), faults) : _type.Parser.ParseFrom(ByteString.Empty);
        PutPath(request, target.Values, faults);
        PutQuery(request, target.Query, faults);
        faults.ThrowIfAny();
        return request;
    }

    private static async ValueTask<byte[]> ReadTextAsync(HttpRequest http, CancellationToken cancellation)
    {
        if (!MediaTypeHeaderValue.TryParse(http.ContentType, out var type) || !type.MediaType.Equals(JsonAnswer.MediaType, StringComparison.OrdinalIgnoreCase)
            || (type.Charset.HasValue && !type.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase)))
        {
            throw new BodyRefusedException(StatusMap.MediaTypeUnsupported(), StatusCodes.Status415UnsupportedMediaType);
        }

        var isTooLarge = false;
        while (true)
        {
            var read = await http.BodyReader.ReadAsync(cancellation);
            isTooLarge |= read.Buffer.Length > RequestRules.LargestMessage;
            if (read.IsCompleted)
            {
                var text = isTooLarge ? [] : read.Buffer.ToArray();
                http.BodyReader.AdvanceTo(read.Buffer.End);
                return isTooLarge ? throw TooLarge() : text;
            }

            // What is too large is read to its end, or to the limit of the port, and not kept: who still sends does not look at answers.
            http.BodyReader.AdvanceTo(isTooLarge ? read.Buffer.End : read.Buffer.Start, read.Buffer.End);
        }
    }

    /// <summary>The error that a body is larger than a message may be.</summary>
    public static BodyRefusedException TooLarge() => new(StatusMap.MessageTooLarge(), StatusCodes.Status413PayloadTooLarge);

    private IMessage ReadBody(byte[] text, FieldFaults faults)
    {
        var (type, prefix) = binding.BodyField is { } field ? (field.MessageType, field.Name + ".") : (_type, "");
        var json = Decode(text);
        if (ProtoJson.Parse(json, type) is not { } message)
        {
            Explain(json, type, prefix, faults);
            return _type.Parser.ParseFrom(ByteString.Empty);
        }

        if (binding.BodyField is null)
            return message;
        var request = _type.Parser.ParseFrom(ByteString.Empty);
        binding.BodyField.Accessor.SetValue(request, message);
        return request;
    }

    private static string Decode(byte[] text)
    {
        try
        {
            return s_utf8.GetString(text);
        }
        catch (DecoderFallbackException)
        {
            throw StatusMap.BodyMalformed(FieldNames.Body, "Is not in UTF-8.");
        }
    }

    private static void Explain(string text, MessageDescriptor type, string prefix, FieldFaults faults)
    {
        try
        {
            using var json = JsonDocument.Parse(text, s_strict);
            new JsonFaults(faults).Find(json.RootElement, type, prefix);
        }
        catch (JsonException exception)
        {
            throw StatusMap.BodyMalformed(
                FieldNames.Body, $"Is not JSON from line {exception.LineNumber + 1}, byte {exception.BytePositionInLine + 1} on.");
        }
        catch (InvalidOperationException)
        {
            // Half a character by its number, in a name.
        }

        // What the two readers of JSON see differently.
        if (!faults.Any)
            throw StatusMap.BodyMalformed(FieldNames.Body, "Is not a message of this method in proto3 JSON.");
    }

    private void PutPath(IMessage request, IReadOnlyList<PathValue> values, FieldFaults faults)
    {
        foreach (var (name, text) in values)
        {
            var path = FieldPath.Find(_type, name)!;
            var before = path.ValueIn(request);
            TextFields.Put(request, path, text, faults);
            // A body that names another one was meant for another path.
            faults.Require(
                before is null || before.Equals(path.DefaultValue) || before.Equals(path.ValueIn(request)),
                path.Name,
                "Is in the path: it must be the same in the body, or missing there.");
        }
    }

    private void PutQuery(IMessage request, string query, FieldFaults faults)
    {
        var seen = new HashSet<string>();
        foreach (var (name, text) in QueryText.Split(query))
        {
            if (FieldPath.Find(_type, name) is not { } path)
                faults.Add(FieldNames.Shown(name), FieldNames.Unknown);
            else if (IsElsewhere(path))
                faults.Add(path.Name, "Must not be in the query: it is in the path or in the body.");
            else if (!seen.Add(path.Name) && !path.Field.IsRepeated)
                faults.Add(path.Name, "Is given more than once.");
            else
                TextFields.Put(request, path, text, faults);
        }
    }

    private bool IsElsewhere(FieldPath path) =>
        binding.BodyIsRequest || path.Fields[0] == binding.BodyField || binding.Path.Fields.Contains(path.Name);
}
