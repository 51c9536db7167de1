using System.Globalization;
using System.Text;
using Grpc.Core;

namespace Grpc.Wire;

/// <summary>A status as header texts: the code as a number, the detail percent-encoded.</summary>
internal static class StatusText
{
    private static readonly string[] Codes = [.. Enumerable.Range(0, 17).Select(code => code.ToString(CultureInfo.InvariantCulture))];

    public static string ToText(StatusCode code) => Codes[(uint)code < (uint)Codes.Length ? (int)code : (int)StatusCode.Unknown];

    public static StatusCode ParseCode(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var code) && code < Codes.Length
            ? (StatusCode)code
            : StatusCode.Unknown;

    /// <summary>Everything but printable ASCII, and the percent sign itself, becomes %XX of its UTF-8 bytes.</summary>
    public static string Encode(string detail)
    {
        if (detail.AsSpan().IndexOfAnyExceptInRange(' ', '~') < 0 && !detail.Contains('%', StringComparison.Ordinal))
            return detail;
        var text = new StringBuilder(detail.Length + 16);
        foreach (var octet in Encoding.UTF8.GetBytes(detail))
        {
            if (octet is >= 0x20 and <= 0x7E and not (byte)'%')
                text.Append((char)octet);
            else
                text.Append('%').Append(octet.ToString("X2", CultureInfo.InvariantCulture));
        }

        return text.ToString();
    }

    /// <summary>Undoes <see cref="Encode"/>; what is not validly encoded stays as it is, since a status must never be lost.</summary>
    public static string Decode(string text)
    {
        if (!text.Contains('%', StringComparison.Ordinal))
            return text;
        var octets = new List<byte>(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '%' && i + 2 < text.Length
                && byte.TryParse(text.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var octet))
            {
                octets.Add(octet);
                i += 2;
            }
            else
            {
                octets.AddRange(Encoding.UTF8.GetBytes(text.Substring(i, 1)));
            }
        }

        return Encoding.UTF8.GetString([.. octets]);
    }
}
