using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace VirtualNumber.Tests.Hosting;

/// <summary>Searches what a run has written for the real numbers and waybill numbers that it was given.</summary>
internal sealed class SecretScanner(IReadOnlyList<string> numbers, IReadOnlyList<string> waybills)
{
    /// <summary>Shorter forms of a number meet random bytes by chance.</summary>
    private const int PackedDigits = 10;

    private readonly IReadOnlyList<byte[]> _packed = [.. numbers.SelectMany(PackedForms).Concat(waybills.SelectMany(EncodedForms))];

    /// <summary>
    /// A number counts as shown when seven of its last eight digits stand together, whatever groups them; a mask shows no such run.
    /// </summary>
    public IReadOnlyList<string> FindIn(string text) => FindIn(text, digits => [digits[^7..], digits[^8..^1]]);

    /// <summary>
    /// In bytes a number counts as shown when its last eight digits stand together as text (seven would meet one of the many instants by
    /// chance), or when it is there packed or encoded in one of the usual ways.
    /// </summary>
    public IReadOnlyList<string> FindIn(byte[] bytes) =>
    [
        .. FindIn(Encoding.Latin1.GetString(bytes), digits => [digits[^8..]]),
        .. _packed.Where(form => bytes.AsSpan().IndexOf(form) >= 0).Select(Convert.ToHexString),
    ];

    private IReadOnlyList<string> FindIn(string text, Func<string, string[]> partsOf)
    {
        var grouped = string.Concat(text.Where(c => c is not ('-' or ' ' or '(' or ')')));
        return
        [
            .. numbers.Select(number => string.Concat(number.Where(char.IsAsciiLetterOrDigit))).SelectMany(partsOf)
                .Where(part => grouped.Contains(part, StringComparison.Ordinal)),
            .. waybills.Where(waybill => text.Contains(waybill, StringComparison.OrdinalIgnoreCase)),
        ];
    }

    private static IEnumerable<byte[]> PackedForms(string number)
    {
        var digits = string.Concat(number.Where(char.IsAsciiDigit));
        foreach (var form in EncodedForms(digits[^8..]))
            yield return form;

        // Decimals two to a byte, from the first or the second half byte on, and with the half bytes swapped as in telephony.
        foreach (var pairs in new[] { digits[^PackedDigits..], digits[^(digits.Length > PackedDigits ? PackedDigits + 1 : PackedDigits - 1)..^1] })
        {
            yield return [.. pairs.Chunk(2).Select(pair => Convert.ToByte($"{pair[0]}{pair[1]}", 16))];
            yield return [.. pairs.Chunk(2).Select(pair => Convert.ToByte($"{pair[1]}{pair[0]}", 16))];
        }

        // Redis keeps what looks like an integer as one. With and without the country code; the trunk zero is lost.
        foreach (var value in new[] { digits, "86" + digits.TrimStart('0') })
        {
            var integer = new byte[sizeof(long)];
            BinaryPrimitives.WriteInt64LittleEndian(integer, long.Parse(value, CultureInfo.InvariantCulture));
            yield return integer;
            yield return [.. integer.Reverse()];
        }
    }

    /// <summary>The text in UTF-16, in hexadecimal digits, and in base64 wherever it begins in a group of three bytes.</summary>
    private static IEnumerable<byte[]> EncodedForms(string text)
    {
        var ascii = Encoding.ASCII.GetBytes(text);
        yield return Encoding.Unicode.GetBytes(text);
        yield return Encoding.ASCII.GetBytes(Convert.ToHexString(ascii));
        yield return Encoding.ASCII.GetBytes(Convert.ToHexStringLower(ascii));
        for (var before = 0; before < 3; before++)
        {
            var base64 = Convert.ToBase64String([.. new byte[before], .. ascii]);
            // What a neighbour has a bit in says nothing.
            var (first, last) = ((before * 8 + 5) / 6, (before + ascii.Length) * 8 / 6);
            yield return Encoding.ASCII.GetBytes(base64[first..last]);
        }
    }
}
