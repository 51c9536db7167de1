using System.Collections.Frozen;
using Grpc.Core;

namespace Grpc.Wire;

/// <summary>Metadata from HTTP headers: what belongs to the protocol is left out, <c>-bin</c> values are decoded.</summary>
internal static class MetadataHeaders
{
    private static readonly FrozenSet<string> Protocol = new[]
    {
        "grpc-encoding", "grpc-accept-encoding", "grpc-timeout", "grpc-status", "grpc-message",
        "content-type", "content-length", "te", "host", "accept-encoding",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether a key may not be set by users, because the protocol sets it.</summary>
    public static bool IsProtocol(string key) => Protocol.Contains(key);

    /// <summary>Adds one header to the metadata.</summary>
    /// <exception cref="RpcException">INTERNAL: the value of a <c>-bin</c> header is not base64.</exception>
    public static void Add(Metadata metadata, string key, string? value)
    {
        if (value is null || IsProtocol(key) || !Metadata.Entry.IsValidKey(key))
            return;
        if (!Metadata.Entry.HasBinarySuffix(key))
        {
            metadata.Add(key, value);
            return;
        }

        // Repeated binary headers may arrive joined by commas, and no comma is base64.
        foreach (var part in value.Split(','))
            metadata.Add(key, DecodeBase64(key, part.Trim()));
    }

    private static byte[] DecodeBase64(string key, string text)
    {
        try
        {
            return Convert.FromBase64String(text.Length % 4 == 0 ? text : text + new string('=', 4 - text.Length % 4));
        }
        catch (FormatException exception)
        {
            throw new RpcException(new Status(StatusCode.Internal, $"Malformed binary header '{key}'.", exception));
        }
    }
}
