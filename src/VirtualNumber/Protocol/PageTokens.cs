using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using VirtualNumber.Sealing;

namespace VirtualNumber.Protocol;

/// <summary>
/// Page tokens: where a walk goes on, bound to the query it belongs to. Opaque to callers; one of another query, or one that was
/// changed or made up, is refused. The empty token is the start of every query.
/// </summary>
internal sealed class PageTokens(TokenSealer sealer, BlindIndex index)
{
    private const string Purpose = "page";

    private const int CallCursorLength = sizeof(int) + sizeof(long) + Digest.Length;

    /// <summary>Makes the token for the next page of a walk over blocks.</summary>
    public string Write(RecordCursor next, params ReadOnlySpan<string> query)
    {
        Span<byte> cursor = stackalloc byte[2 * sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(cursor, next.Block);
        BinaryPrimitives.WriteInt32BigEndian(cursor[sizeof(int)..], next.Slot);
        return Protect(cursor, query);
    }

    /// <summary>Reads a token of a walk over blocks.</summary>
    public bool TryRead(string token, out RecordCursor from, params ReadOnlySpan<string> query)
    {
        from = default;
        if (token.Length == 0)
            return true;
        if (!TryUnprotect(token, query, out var cursor) || cursor.Length != 2 * sizeof(int))
            return false;
        from = new RecordCursor(
            BinaryPrimitives.ReadInt32BigEndian(cursor), BinaryPrimitives.ReadInt32BigEndian(cursor.AsSpan(sizeof(int))));
        return true;
    }

    /// <summary>Makes the token for the next page of a walk over calls.</summary>
    public string WriteCall(CallCursor next, params ReadOnlySpan<string> query)
    {
        Span<byte> cursor = stackalloc byte[CallCursorLength];
        BinaryPrimitives.WriteInt32BigEndian(cursor, next.Block);
        BinaryPrimitives.WriteInt64BigEndian(cursor[sizeof(int)..], next.Due?.ToUnixTimeMilliseconds() ?? long.MinValue);
        next.Call.CopyTo(cursor[(sizeof(int) + sizeof(long))..]);
        return Protect(cursor, query);
    }

    /// <summary>Reads a token of a walk over calls.</summary>
    public bool TryReadCall(string token, out CallCursor from, params ReadOnlySpan<string> query)
    {
        from = default;
        if (token.Length == 0)
            return true;
        if (!TryUnprotect(token, query, out var cursor) || cursor.Length != CallCursorLength)
            return false;
        var due = BinaryPrimitives.ReadInt64BigEndian(cursor.AsSpan(sizeof(int)));
        from = new CallCursor(
            BinaryPrimitives.ReadInt32BigEndian(cursor),
            due == long.MinValue ? null : DateTimeOffset.FromUnixTimeMilliseconds(due),
            new Digest(cursor.AsSpan(sizeof(int) + sizeof(long))));
        return true;
    }

    /// <summary>Makes the token for the next page of a walk over parked pushes.</summary>
    public string WriteParked(ParkedPlace last, params ReadOnlySpan<string> query)
    {
        var cursor = new byte[sizeof(long) + Encoding.UTF8.GetByteCount(last.Id)];
        BinaryPrimitives.WriteInt64BigEndian(cursor, last.ParkedTime.ToUnixTimeMilliseconds());
        Encoding.UTF8.GetBytes(last.Id, cursor.AsSpan(sizeof(long)));
        return Protect(cursor, query);
    }

    /// <summary>Reads a token of a walk over parked pushes; null: from the start.</summary>
    public bool TryReadParked(string token, out ParkedPlace? last, params ReadOnlySpan<string> query)
    {
        last = null;
        if (token.Length == 0)
            return true;
        if (!TryUnprotect(token, query, out var cursor) || cursor.Length < sizeof(long))
            return false;
        last = new(
            DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64BigEndian(cursor)), Encoding.UTF8.GetString(cursor.AsSpan(sizeof(long))));
        return true;
    }

    /// <summary>Makes the token for the next page of a walk in the order of ids.</summary>
    public string WriteText(string last, params ReadOnlySpan<string> query) => Protect(Encoding.UTF8.GetBytes(last), query);

    /// <summary>Reads a token of a walk in the order of ids; null: from the start.</summary>
    public bool TryReadText(string token, out string? last, params ReadOnlySpan<string> query)
    {
        last = null;
        if (token.Length == 0)
            return true;
        if (!TryUnprotect(token, query, out var bytes))
            return false;
        last = Encoding.UTF8.GetString(bytes);
        return true;
    }

    private string Protect(ReadOnlySpan<byte> position, ReadOnlySpan<string> query)
    {
        var payload = new byte[Digest.Length + position.Length];
        index.Of("page-query", query).CopyTo(payload);
        position.CopyTo(payload.AsSpan(Digest.Length));
        return sealer.Protect(Purpose, payload);
    }

    private bool TryUnprotect(string token, ReadOnlySpan<string> query, [NotNullWhen(true)] out byte[]? position)
    {
        position = null;
        if (!sealer.TryUnprotect(Purpose, token, out var payload) || payload.Length < Digest.Length
            || new Digest(payload.AsSpan(0, Digest.Length)) != index.Of("page-query", query))
        {
            return false;
        }

        position = payload[Digest.Length..];
        return true;
    }
}
