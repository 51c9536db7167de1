using System.Buffers.Binary;
using VirtualNumber.Sealing;

namespace VirtualNumber.Protocol;

/// <summary>
/// Page tokens: where a walk goes on, bound to the query it belongs to. Opaque to callers; one of another query, or one that was
/// changed or made up, is refused.
/// </summary>
internal sealed class PageTokens(TokenSealer sealer, BlindIndex index)
{
    private const string Purpose = "page";
    private const int CursorLength = 2 * sizeof(int);

    /// <summary>Makes the token for the next page of a query.</summary>
    public string Write(RecordCursor next, params ReadOnlySpan<string> query)
    {
        Span<byte> payload = stackalloc byte[Digest.Length + CursorLength];
        index.Of("page-query", query).CopyTo(payload);
        BinaryPrimitives.WriteInt32BigEndian(payload[Digest.Length..], next.Block);
        BinaryPrimitives.WriteInt32BigEndian(payload[(Digest.Length + sizeof(int))..], next.Slot);
        return sealer.Protect(Purpose, payload);
    }

    /// <summary>Reads a token; the empty one is the start of every query. False when it is not of this query.</summary>
    public bool TryRead(string token, out RecordCursor from, params ReadOnlySpan<string> query)
    {
        from = default;
        if (token.Length == 0)
            return true;
        if (!sealer.TryUnprotect(Purpose, token, out var payload) || payload.Length != Digest.Length + CursorLength
            || new Digest(payload.AsSpan(0, Digest.Length)) != index.Of("page-query", query))
        {
            return false;
        }

        from = new RecordCursor(
            BinaryPrimitives.ReadInt32BigEndian(payload.AsSpan(Digest.Length)),
            BinaryPrimitives.ReadInt32BigEndian(payload.AsSpan(Digest.Length + sizeof(int))));
        return true;
    }
}
