namespace VirtualNumber.Sealing;

/// <summary>
/// Crockford's base 32: no I, L, O or U, any case, and I and L read as 1, O as 0; with one check character behind.
/// </summary>
/// <remarks>
/// The check character is that of a Reed-Solomon code with one check symbol over GF(32), field polynomial x^5 + x^2 + 1: the
/// characters' values, weighted with rising powers of x from the last one (the check itself, weight 1) to the first, add up to zero.
/// No weight is zero, so every change of a single character is found; the weights of up to 31 characters all differ, so every exchange
/// of any two different characters is found, next to each other or not. A check modulo 37, Crockford's own, needs five more symbols.
/// </remarks>
internal static class Base32
{
    /// <summary>Beyond this length weights would repeat.</summary>
    public const int MaxLength = 31;

    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    private const byte Invalid = 0xff;

    private static readonly byte[] Values = BuildValues();

    /// <summary>Writes the bytes' bits, five to a character, zeros after the last, and the check character.</summary>
    /// <param name="bytes">What to write.</param>
    /// <param name="text">Exactly one character for each five bits begun, and one for the check.</param>
    public static void Encode(ReadOnlySpan<byte> bytes, Span<char> text)
    {
        var (bits, bitCount, next, check) = (0u, 0, 0, 0);
        foreach (var octet in bytes)
        {
            bits = (bits << 8) | octet;
            for (bitCount += 8; bitCount >= 5; bitCount -= 5)
            {
                Write(text, (int)(bits >> (bitCount - 5)) & 31);
            }
        }

        if (bitCount > 0)
        {
            Write(text, (int)(bits << (5 - bitCount)) & 31);
        }

        text[next] = Alphabet[TimesX(check)];

        void Write(Span<char> destination, int value)
        {
            check = TimesX(check) ^ value;
            destination[next++] = Alphabet[value];
        }
    }

    /// <summary>Reads characters to their values, 0 to 31.</summary>
    /// <returns>False where a character is outside the alphabet.</returns>
    public static bool TryRead(ReadOnlySpan<char> text, Span<byte> values)
    {
        for (var i = 0; i < text.Length; i++)
        {
            values[i] = text[i] < Values.Length ? Values[text[i]] : Invalid;
            if (values[i] == Invalid)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether the last value is the check of those before it.</summary>
    public static bool Checks(ReadOnlySpan<byte> values)
    {
        var sum = 0;
        foreach (var value in values)
        {
            sum = TimesX(sum) ^ value;
        }

        return sum == 0;
    }

    /// <summary>Packs values, five bits each, into bytes.</summary>
    /// <returns>False where bits after the last byte are not zero: a second spelling of the same bytes.</returns>
    public static bool TryPack(ReadOnlySpan<byte> values, Span<byte> bytes)
    {
        var (bits, bitCount, next) = (0u, 0, 0);
        foreach (var value in values)
        {
            bits = (bits << 5) | value;
            bitCount += 5;
            if (bitCount >= 8)
            {
                bitCount -= 8;
                bytes[next++] = (byte)(bits >> bitCount);
            }
        }

        return (bits & ((1u << bitCount) - 1)) == 0;
    }

    /// <summary>Multiplies an element of GF(32) by x.</summary>
    private static int TimesX(int element) => (element << 1) ^ ((element >> 4) * 0b100101);

    private static byte[] BuildValues()
    {
        var values = new byte[128];
        Array.Fill(values, Invalid);
        for (var value = 0; value < Alphabet.Length; value++)
        {
            values[Alphabet[value]] = (byte)value;
            values[char.ToUpperInvariant(Alphabet[value])] = (byte)value;
        }

        foreach (var (alias, value) in new[] { ('i', 1), ('I', 1), ('l', 1), ('L', 1), ('o', 0), ('O', 0) })
        {
            values[alias] = (byte)value;
        }

        return values;
    }
}
