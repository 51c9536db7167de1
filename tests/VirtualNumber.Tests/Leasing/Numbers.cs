using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace VirtualNumber.Tests.Leasing;

/// <summary>A made-up number by its parts, independent of the code that is tested.</summary>
internal sealed record MadeUp(string Country, string TrunkPrefix, string National)
{
    internal string Canonical => $"{Country}:{National}";
}

/// <summary>Makes numbers and the ways of writing them.</summary>
internal static class Numbers
{
    internal static Gen<MadeUp> Mobile { get; } =
        Gen.Choose(13, 19).SelectMany(_ => Digits(9), (segment, rest) => new MadeUp("86", "", $"{segment}{rest}"));

    internal static Gen<MadeUp> Protection { get; } = Digits(12).Select(rest => new MadeUp("86", "", $"700{rest}"));

    internal static Gen<MadeUp> Landline { get; } =
        from area in Gen.OneOf(
            Gen.Constant("10"),
            Gen.Choose(20, 29).Select(code => code.ToString()),
            Gen.Choose(300, 999).Where(code => code is not (400 or 700 or 800)).Select(code => code.ToString()))
        from length in Gen.Choose(7, 8)
        from subscriber in Digits(length)
        select new MadeUp("86", "0", $"{area}{subscriber}");

    internal static Gen<MadeUp> Business { get; } =
        Gen.Elements("400", "800").SelectMany(_ => Digits(7), (prefix, rest) => new MadeUp("86", "", $"{prefix}{rest}"));

    internal static Gen<MadeUp> Chinese { get; } = Gen.OneOf(Mobile, Protection, Landline, Business);

    /// <summary>The unassigned country code 999, so nobody's number.</summary>
    internal static Gen<MadeUp> Foreign { get; } =
        from length in Gen.Choose(3, 11)
        from first in Gen.Choose(1, 9)
        from rest in Digits(length)
        select new MadeUp("999", "", $"{first}{rest}");

    internal static Gen<MadeUp> Any { get; } = Gen.OneOf(Chinese, Foreign);

    internal static Gen<string> Extension { get; } = Gen.Choose(1, 4).SelectMany(Digits);

    /// <summary>Every way to write a plain number; 86 is the default country.</summary>
    internal static IEnumerable<string> WrittenForms(MadeUp number)
    {
        var (country, trunk, national) = number;
        var compact = new List<string> { $"+{country}{national}", $"00{country}{national}" };
        if (country == "86")
        {
            compact.AddRange([$"86{national}", trunk + national, $"+86{trunk}{national}", $"86{trunk}{national}"]);
            yield return $"tel:{national};phone-context=+86".Replace("tel:", trunk.Length > 0 ? $"tel:{trunk}" : "tel:");
        }

        foreach (var form in compact)
        {
            yield return form;
            yield return FullWidth(form);
            yield return $"\u202D{form}\u202C";
            yield return $" \t{form}\u3000";
            yield return Grouped(form, ' ');
            yield return Grouped(form, '.');
            yield return FullWidth(Grouped(form, ' '));
        }

        yield return $"tel:+{country}{national}";
        yield return $"TEL:+{Grouped($"{country}{national}", '-')}";
        yield return $"(+{country}){national}";
        yield return $"+{country} ({national[..2]}) {national[2..]}";
        yield return $"+{country}-{Grouped(national, '-')}";
        yield return $"+{country}\u2013{Grouped(national, '\u2010')}";
        yield return $"00 {country} {Grouped(national, '-')}";
    }

    /// <summary>Every way to write an extension after a number.</summary>
    internal static IEnumerable<string> WithExtension(string number, string extension) =>
    [
        $"{number},{extension}", $"{number},,{extension}", $"{number}#{extension}", $"{number}转{extension}", $"{number} 转 {extension}",
        $"{number}分机{extension}", $"{number}转分机{extension}", $"{number} 分机：{extension}", $"{number}轉{extension}",
        $"{number}分機{extension}", $"{number} ext {extension}", $"{number} Ext.{extension}", $"{number}extension {extension}",
        $"{number}x{extension}", $"{number};ext={extension}", $"{number};EXT={extension}", $"{number}(转{extension})",
        $"{number}，{extension}", $"{number}＃{FullWidth(extension)}",
    ];

    internal static string FullWidth(string text) =>
        string.Concat(text.Select(c => c is > ' ' and <= '~' ? (char)(c + 0xFEE0) : c == ' ' ? '\u3000' : c));

    private static Gen<string> Digits(int count) =>
        Gen.Choose(0, 9).ArrayOf(count).Select(digits => string.Concat(digits));

    /// <summary>Groups of four from the right.</summary>
    private static string Grouped(string text, char separator)
    {
        var grouped = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (i > 0 && (text.Length - i) % 4 == 0 && char.IsDigit(text[i - 1]))
            {
                grouped.Append(separator);
            }

            grouped.Append(text[i]);
        }

        return grouped.ToString();
    }
}
