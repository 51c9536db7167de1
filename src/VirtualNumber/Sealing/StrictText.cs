using System.Buffers.Binary;
using System.Text;

namespace VirtualNumber.Sealing;

/// <summary>Text as bytes for a MAC or for associated data: two different texts never give the same bytes.</summary>
internal static class StrictText
{
    /// <summary>Throws on unpaired surrogates, which the usual encoder would all turn into the same replacement character.</summary>
    public static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Bytes that <see cref="WritePart(ReadOnlySpan{char}, Span{byte})"/> needs at most.</summary>
    public static int MaxPartLength(ReadOnlySpan<char> text) => sizeof(uint) + Utf8.GetMaxByteCount(text.Length);

    /// <summary>
    /// Writes the text with its length in front (4 bytes, big-endian), so that the border between two parts is part of the bytes.
    /// </summary>
    /// <returns>The bytes written.</returns>
    public static int WritePart(ReadOnlySpan<char> text, Span<byte> destination)
    {
        var length = Utf8.GetBytes(text, destination[sizeof(uint)..]);
        BinaryPrimitives.WriteUInt32BigEndian(destination, (uint)length);
        return sizeof(uint) + length;
    }

    /// <summary>Writes the bytes with their length in front (4 bytes, big-endian).</summary>
    /// <returns>The bytes written.</returns>
    public static int WritePart(ReadOnlySpan<byte> bytes, Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt32BigEndian(destination, (uint)bytes.Length);
        bytes.CopyTo(destination[sizeof(uint)..]);
        return sizeof(uint) + bytes.Length;
    }
}
