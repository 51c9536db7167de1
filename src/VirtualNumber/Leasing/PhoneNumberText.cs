using System.Buffers;
using System.Text;
using System.Text.RegularExpressions;

namespace VirtualNumber.Leasing;

/// <summary>The parts of a written number: the subscriber text, and what says "extension" and "context".</summary>
internal sealed partial record PhoneNumberText
{
    private static readonly SearchValues<char> s_subscriberCharacters = SearchValues.Create("0123456789+-./()[] ");

    /// <summary>What is left for digits and their separators.</summary>
    internal required string Subscriber { get; init; }

    /// <summary>What follows an extension mark; null without one, and not necessarily digits.</summary>
    internal string? Extension { get; init; }

    /// <summary>The value of phone-context (RFC 3966, section 5.1.5), if given.</summary>
    internal string? Context { get; init; }

    /// <summary>Takes a text apart; null where it holds a character that belongs to no written form.</summary>
    internal static PhoneNumberText? Split(string text)
    {
        var folded = Fold(text).Trim();
        var isUri = folded.StartsWith("tel:", StringComparison.OrdinalIgnoreCase);
        var pieces = (isUri ? folded[4..] : folded).Split(';');

        if (SplitSubscriber(pieces[0].Trim()) is not { } parts)
        {
            return null;
        }

        foreach (var piece in pieces.Skip(1))
        {
            if (parts.WithParameter(piece.Trim(), isUri) is not { } more)
            {
                return null;
            }

            parts = more;
        }

        return parts;
    }

    private PhoneNumberText? WithParameter(string parameter, bool isUri)
    {
        var match = Parameter().Match(parameter);
        if (!match.Success)
        {
            return null;
        }

        var value = match.Groups["value"].Value;
        return match.Groups["name"].Value.ToUpperInvariant() switch
        {
            // Two extensions joined by a mark are refused later, as no extension has one.
            "EXT" => this with { Extension = Extension is null ? value : $"{Extension};{value}" },
            // RFC 2806 and many gateways: digits to be sent after the answer, pauses in front.
            "POSTD" => this with { Extension = Extension is null ? value.TrimStart('p', 'w', 'P', 'W', ',') : $"{Extension};{value}" },
            "PHONE-CONTEXT" => this with { Context = value },
            // RFC 3966 lets a reader pass over parameters that it does not know; outside a URI there is no such rule.
            _ => isUri ? this : null,
        };
    }

    private static PhoneNumberText? SplitSubscriber(string text)
    {
        var mark = text.AsSpan().IndexOfAnyExcept(s_subscriberCharacters);
        if (mark < 0)
        {
            return new PhoneNumberText { Subscriber = text };
        }

        var match = ExtensionMark().Match(text[mark..]);
        if (!match.Success)
        {
            return null;
        }

        var subscriber = text[..mark].TrimEnd();
        var extension = match.Groups["rest"].Value;
        if (subscriber.EndsWith('(') && extension.EndsWith(')'))
        {
            // 0571-88888888(转1234)
            subscriber = subscriber[..^1].TrimEnd();
            extension = extension[..^1].TrimEnd();
        }

        return new PhoneNumberText { Subscriber = subscriber, Extension = extension };
    }

    /// <summary>
    /// Full-width forms, the many dashes and the many spaces become their ASCII ones; invisible marks that come along with copied
    /// numbers go.
    /// </summary>
    private static string Fold(string text)
    {
        var folded = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            switch (c)
            {
                case >= '\uFF01' and <= '\uFF5E':
                    folded.Append((char)(c - 0xFEE0));
                    break;
                case '\t' or '\u00A0' or (>= '\u2000' and <= '\u200A') or '\u202F' or '\u3000':
                    folded.Append(' ');
                    break;
                case (>= '\u2010' and <= '\u2015') or '\u2212':
                    folded.Append('-');
                    break;
                case (>= '\u200B' and <= '\u200F') or (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069') or '\uFEFF':
                    break;
                default:
                    folded.Append(c);
                    break;
            }
        }

        return folded.ToString();
    }

    [GeneratedRegex(
        @"^(?:,{1,2}|#|[转轉]?分[机機]|[转轉]|ext(?:ension|n)?|x)[ :.]*(?<rest>.*)$",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.Singleline)]
    private static partial Regex ExtensionMark();

    [GeneratedRegex("^(?<name>[A-Za-z0-9-]+)(?:=(?<value>.*))?$", RegexOptions.ExplicitCapture | RegexOptions.Singleline)]
    private static partial Regex Parameter();
}
