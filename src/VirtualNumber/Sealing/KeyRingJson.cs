using System.Security.Cryptography;
using System.Text.Json;

namespace VirtualNumber.Sealing;

/// <summary>Reads and writes <see cref="KeyRingFile"/>'s text. Messages name properties of the form, never a value.</summary>
internal static class KeyRingJson
{
    public static KeyRing Read(ReadOnlySpan<byte> utf8Json)
    {
        // A doubled property would let the last one win in silence.
        var options = new JsonDocumentOptions { AllowDuplicateProperties = false };
        var copy = utf8Json.ToArray();
        try
        {
            using var document = JsonDocument.Parse(copy, options);
            return ReadRing(document.RootElement);
        }
        catch (JsonException fault)
        {
            // Its own message may quote the text. Only a doubled property comes without a place.
            throw new KeyRingException(
                fault.LineNumber is { } line
                    ? $"not valid JSON from line {line + 1}, byte {fault.BytePositionInLine + 1}"
                    : "a property is there twice in one object");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(copy);
        }
    }

    public static byte[] Write(KeyRing ring)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
        {
            writer.WriteStartObject();
            writer.WriteNumber("version", KeyRingFile.Version);
            writer.WriteNumber("currentKeyId", ring.CurrentKeyId);
            writer.WriteStartArray("keys");
            foreach (var key in ring.Keys)
            {
                writer.WriteStartObject();
                writer.WriteNumber("id", key.Id);
                writer.WriteString("createdTime", key.CreatedTime);
                writer.WriteBase64String("material", key.Material);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteBase64String("indexKey", ring.IndexKey);
            writer.WriteEndObject();
        }

        var text = stream.ToArray();
        CryptographicOperations.ZeroMemory(stream.GetBuffer());
        return text;
    }

    private static KeyRing ReadRing(JsonElement root)
    {
        // First of all, since another version may have another form.
        if (!Property(root, "version", "").TryGetIntegral(out var version) || version != KeyRingFile.Version)
        {
            throw new KeyRingException($"version must be {KeyRingFile.Version}");
        }

        var currentKeyId = ReadKeyId(root, "currentKeyId", "");
        var keys = Property(root, "keys", "");
        if (keys.ValueKind != JsonValueKind.Array)
        {
            throw new KeyRingException("keys must be an array");
        }

        var ringKeys = keys.EnumerateArray().Select((key, index) => ReadKey(key, $"keys[{index}].")).ToList();
        return new KeyRing(currentKeyId, ringKeys, ReadBytes(root, "indexKey", ""));
    }

    private static RingKey ReadKey(JsonElement key, string place)
    {
        var id = ReadKeyId(key, "id", place);
        var createdTime = Property(key, "createdTime", place);
        if (createdTime.ValueKind != JsonValueKind.String || !createdTime.TryGetDateTimeOffset(out var time))
        {
            throw new KeyRingException($"{place}createdTime must be a time such as 2026-01-05T08:00:00Z");
        }

        return new RingKey(id, ReadBytes(key, "material", place), time);
    }

    private static byte ReadKeyId(JsonElement parent, string name, string place) =>
        Property(parent, name, place).TryGetIntegral(out var id) && id is >= 0 and <= 255
            ? (byte)id
            : throw new KeyRingException($"{place}{name} must be a whole number from 0 to 255");

    private static byte[] ReadBytes(JsonElement parent, string name, string place)
    {
        var value = Property(parent, name, place);
        return value.ValueKind == JsonValueKind.String && value.TryGetBytesFromBase64(out var bytes)
            ? bytes
            : throw new KeyRingException($"{place}{name} must be a text in base64");
    }

    private static JsonElement Property(JsonElement parent, string name, string place)
    {
        if (parent.ValueKind != JsonValueKind.Object)
        {
            throw new KeyRingException($"{(place.Length == 0 ? "the file" : place.TrimEnd('.'))} must be an object");
        }

        return parent.TryGetProperty(name, out var value) ? value : throw new KeyRingException($"{place}{name} is missing");
    }

    private static bool TryGetIntegral(this JsonElement value, out int number)
    {
        number = 0;
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out number);
    }
}
