using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace VirtualNumber.Leasing;

/// <summary>
/// How call rules are packed, big-endian: at the end of a lease's record, in a pool's definition, and for the digest of what a request asks.
/// <code>
/// bytes  what
///     1  form: 1
///     1  1: with hours; 2: only the allowed callers
///        with hours: time zone 1+n, how many windows 1, and for each: start 2, end 2, days 1
///     2  how many callers are allowed, and for each: digest 16
///     2  how many are blocked; for each the same
/// </code>
/// </summary>
public static class CallRulesFormat
{
    private const byte Form = 1;
    private const byte WithHours = 1;
    private const byte OnlyAllowed = 2;
    private const int WindowLength = 5;
    private const int DigestLength = 16;

    /// <summary>Packs rules; nothing where there are none.</summary>
    public static byte[] Pack(CallRules rules)
    {
        ArgumentNullException.ThrowIfNull(rules);
        if (rules.AreNone())
            return [];
        using var packed = new MemoryStream();
        packed.WriteByte(Form);
        packed.WriteByte((byte)((rules.Hours is null ? 0 : WithHours) | (rules.Allowed is null ? 0 : OnlyAllowed)));
        if (rules.Hours is { } hours)
            Write(packed, hours);
        Write(packed, rules.Allowed ?? CallerSet.Empty);
        Write(packed, rules.Blocked);
        return packed.ToArray();
    }

    /// <summary>Reads rules.</summary>
    /// <exception cref="FormatException">They are not packed in a form that is known here.</exception>
    public static CallRules Unpack(ReadOnlySpan<byte> packed)
    {
        if (packed.IsEmpty)
            return CallRules.None;
        if (packed.Length < 2 || packed[0] != Form)
            throw new FormatException("Call rules have a form that this version does not know.");
        try
        {
            var rest = packed[2..];
            var hours = (packed[1] & WithHours) != 0 ? ReadHours(ref rest) : null;
            var (allowed, blocked) = (ReadCallers(ref rest), ReadCallers(ref rest));
            return new() { Hours = hours, Allowed = (packed[1] & OnlyAllowed) != 0 ? allowed : null, Blocked = blocked };
        }
        catch (Exception exception) when (exception is ArgumentOutOfRangeException or IndexOutOfRangeException)
        {
            throw new FormatException("Call rules were cut short.", exception);
        }
    }

    private static void Write(MemoryStream packed, CallHours hours)
    {
        packed.WriteByte(checked((byte)hours.TimeZone.Length));
        packed.Write(Encoding.ASCII.GetBytes(hours.TimeZone));
        packed.WriteByte(checked((byte)hours.Windows.Length));
        Span<byte> window = stackalloc byte[WindowLength];
        foreach (var (start, end, days) in hours.Windows)
        {
            BinaryPrimitives.WriteUInt16BigEndian(window, checked((ushort)start));
            BinaryPrimitives.WriteUInt16BigEndian(window[2..], checked((ushort)end));
            window[4] = (byte)days;
            packed.Write(window);
        }
    }

    internal static void Write(MemoryStream packed, CallerSet callers)
    {
        Span<byte> digest = stackalloc byte[DigestLength];
        BinaryPrimitives.WriteUInt16BigEndian(digest, checked((ushort)callers.Count));
        packed.Write(digest[..2]);
        foreach (var caller in callers.Digests)
        {
            BinaryPrimitives.WriteUInt128BigEndian(digest, caller);
            packed.Write(digest);
        }
    }

    private static CallHours ReadHours(ref ReadOnlySpan<byte> rest)
    {
        var zone = Encoding.ASCII.GetString(rest.Slice(1, rest[0]));
        rest = rest[(1 + zone.Length)..];
        var windows = ImmutableArray.CreateBuilder<CallWindow>(rest[0]);
        rest = rest[1..];
        while (windows.Count < windows.Capacity)
        {
            windows.Add(new(BinaryPrimitives.ReadUInt16BigEndian(rest), BinaryPrimitives.ReadUInt16BigEndian(rest[2..]), (Weekdays)rest[4]));
            rest = rest[WindowLength..];
        }

        return new(zone, windows.MoveToImmutable());
    }

    internal static CallerSet ReadCallers(ref ReadOnlySpan<byte> rest)
    {
        var digests = new UInt128[BinaryPrimitives.ReadUInt16BigEndian(rest)];
        rest = rest[2..];
        for (var i = 0; i < digests.Length; i++)
        {
            digests[i] = BinaryPrimitives.ReadUInt128BigEndian(rest);
            rest = rest[DigestLength..];
        }

        return CallerSet.Of(digests);
    }
}

/// <summary>In JSON, as in a pool's definition, packed and in base 64.</summary>
internal sealed class CallRulesJson : PackedJson<CallRules>
{
    protected override CallRules Unpack(ReadOnlySpan<byte> packed) => CallRulesFormat.Unpack(packed);

    protected override byte[] Pack(CallRules value) => CallRulesFormat.Pack(value);
}

/// <summary>Likewise.</summary>
internal sealed class CallerSetJson : PackedJson<CallerSet>
{
    protected override CallerSet Unpack(ReadOnlySpan<byte> packed) => CallRulesFormat.ReadCallers(ref packed);

    protected override byte[] Pack(CallerSet value)
    {
        using var packed = new MemoryStream();
        CallRulesFormat.Write(packed, value);
        return packed.ToArray();
    }
}

/// <summary>What is packed stands in JSON in base 64.</summary>
internal abstract class PackedJson<T> : JsonConverter<T>
    where T : class
{
    /// <summary>Nothing in the place of rules would be fewer of them than were written.</summary>
    public override bool HandleNull => true;

    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        try
        {
            return Unpack(reader.GetBytesFromBase64());
        }
        catch (Exception exception) when (exception is FormatException or InvalidOperationException or ArgumentOutOfRangeException)
        {
            throw new JsonException("Call rules that cannot be read.", exception);
        }
    }

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteBase64StringValue(Pack(value));

    protected abstract T Unpack(ReadOnlySpan<byte> packed);

    protected abstract byte[] Pack(T value);
}
