using System.Collections;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace VirtualNumber.Load.Fuzz;

/// <summary>Makes valid requests hostile: by their descriptors, so that they stay messages, and by their bytes, so that they need not.</summary>
internal static class Mutations
{
    private static readonly long[] s_extremes =
    [
        0, 1, -1, int.MaxValue, int.MinValue, long.MaxValue, long.MinValue, 999_999_999, 1_000_000_000, 253_402_300_799, 253_402_300_800, -62_135_596_800,
        -62_135_596_801, 315_576_000_000, 315_576_000_001, 4_294_967_295,
    ];

    private static readonly int[] s_counts = [1, 2, 3, 17, 101, 1_001, 3_000];

    /// <summary>The bytes of a request, one of three as valid as it was.</summary>
    public static byte[] Body(IMessage request, Random random)
    {
        var kind = random.Next(6);
        if (kind >= 2)
        {
            for (var changes = random.Next(1, 4); changes > 0; changes--)
                ChangeField(request, random);
        }

        var bytes = IsTooLong(request) ? [] : request.ToByteArray();
        if (kind >= 4)
        {
            for (var changes = random.Next(1, 4); changes > 0; changes--)
                bytes = ChangeBytes(bytes, random);
        }

        return bytes;
    }

    /// <summary>A long text in an item that stands in a list a thousand times: not worth the time that it takes to send.</summary>
    private static bool IsTooLong(IMessage message)
    {
        const int most = 16 * 1024 * 1024;
        try
        {
            return message.CalculateSize() is < 0 or > most;
        }
        catch (OverflowException)
        {
            return true;
        }
    }

    /// <summary>Puts something hostile into a field, of the message or of one within it.</summary>
    private static void ChangeField(IMessage message, Random random)
    {
        var fields = message.Descriptor.Fields.InFieldNumberOrder();
        if (fields.Count == 0)
            return;
        var field = fields[random.Next(fields.Count)];
        if (field.IsMap)
            return;
        if (field.IsRepeated)
        {
            ChangeList((IList)field.Accessor.GetValue(message), field, random);
            return;
        }

        var present = field.Accessor.GetValue(message);
        if (field.FieldType == FieldType.Message && present is IMessage inner && random.Next(5) > 0)
            ChangeField(inner, random);
        else if (random.Next(10) == 0)
            field.Accessor.Clear(message);
        else
            field.Accessor.SetValue(message, Hostile(field, present, random));
    }

    private static void ChangeList(IList list, FieldDescriptor field, Random random)
    {
        if (list.Count > 0 && random.Next(3) > 0)
        {
            var at = random.Next(list.Count);
            if (list[at] is IMessage item)
                ChangeField(item, random);
            else
                list[at] = Hostile(field, list[at], random);
            return;
        }

        var one = list.Count > 0 && random.Next(2) == 0 ? list[0] : Hostile(field, null, random);
        // Long lists are rare: each costs as much as a thousand other inputs.
        for (var count = s_counts[random.Next(random.Next(30) == 0 ? s_counts.Length : 4)]; count > 0; count--)
            list.Add(one);
    }

    private static object Hostile(FieldDescriptor field, object? present, Random random)
    {
        var extreme = random.Next(4) == 0 ? random.NextInt64() : s_extremes[random.Next(s_extremes.Length)];
        return field.FieldType switch
        {
            FieldType.String => HostileTexts.InPlaceOf(present as string ?? "", random),
            FieldType.Bytes => ByteString.CopyFromUtf8(HostileTexts.InPlaceOf("", random)),
            FieldType.Bool => random.Next(2) == 0,
            FieldType.Enum => System.Enum.ToObject(field.EnumType.ClrType, unchecked((int)(random.Next(2) == 0 ? random.Next(-1, 12) : extreme))),
            FieldType.Message => Filled(field.MessageType, random),
            FieldType.Int32 or FieldType.SInt32 or FieldType.SFixed32 => unchecked((int)extreme),
            FieldType.UInt32 or FieldType.Fixed32 => unchecked((uint)extreme),
            FieldType.UInt64 or FieldType.Fixed64 => unchecked((ulong)extreme),
            FieldType.Float => BitConverter.Int32BitsToSingle(unchecked((int)extreme)),
            FieldType.Double => BitConverter.Int64BitsToDouble(extreme),
            _ => extreme,
        };
    }

    private static IMessage Filled(MessageDescriptor type, Random random)
    {
        var message = type.Parser.ParseFrom(ByteString.Empty);
        ChangeField(message, random);
        ChangeField(message, random);
        return message;
    }

    /// <summary>Changes bytes without looking what they mean.</summary>
    public static byte[] ChangeBytes(byte[] bytes, Random random)
    {
        var at = random.Next(bytes.Length + 1);
        switch (random.Next(9))
        {
            case 0:
                return bytes[..at];
            case 1:
                byte[] any = new byte[random.Next(1, 64)];
                random.NextBytes(any);
                return Insert(bytes, at, any);
            case 2 when at < bytes.Length:
                byte[] flipped = [.. bytes];
                flipped[at] ^= (byte)(1 << random.Next(8));
                return flipped;
            // A varint that never ends, or ends too late.
            case 3:
                return Insert(bytes, at, [.. Enumerable.Repeat((byte)0xFF, random.Next(1, 12)), 0x7F]);
            // A field that nobody knows, of any wire type there is and of those that there are not.
            case 4:
                return [.. bytes, .. Varint(((ulong)random.NextInt64(1, 1L << 29) << 3) | (uint)random.Next(8)), .. Varint((ulong)random.Next(200))];
            // Groups within groups, to the depth at which a parser gives up, and far beyond.
            case 5:
                return [.. bytes, .. Enumerable.Repeat((byte)0x7B, random.Next(1, random.Next(10) == 0 ? 100_000 : 200))];
            case 6:
                return [.. bytes, .. bytes];
            // A length that lies.
            case 7:
                return Insert(bytes, at, [(byte)((random.Next(1, 12) << 3) | 2), .. Varint((ulong)random.NextInt64(0, 1L << random.Next(1, 62)))]);
            // Bytes that are no UTF-8, in the place of a text.
            default:
                return [.. bytes, (byte)((random.Next(1, 12) << 3) | 2), 4, 0xC0, 0x80, 0xED, 0xA0];
        }
    }

    private static byte[] Insert(byte[] bytes, int at, ReadOnlySpan<byte> part) => [.. bytes.AsSpan(0, at), .. part, .. bytes.AsSpan(at)];

    private static byte[] Varint(ulong value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7)
            bytes.Add((byte)(value | 0x80));
        bytes.Add((byte)value);
        return [.. bytes];
    }
}
