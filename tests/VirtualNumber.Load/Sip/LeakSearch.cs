using System.Text;

namespace VirtualNumber.Load.Sip;

/// <summary>
/// Looks for telephone numbers in messages, in whatever form they are written: E.164, national, with separators, percent-encoded, in a URI, in the
/// middle of a word.
/// </summary>
internal sealed class LeakSearch
{
    /// <summary>Digits by which a number is recognised: all of a Chinese mobile number but its country code.</summary>
    private const int Length = 11;

    private readonly HashSet<string> _numbers;

    /// <param name="numbers">What must not be there: E.164 or national.</param>
    public LeakSearch(IEnumerable<string> numbers) => _numbers = [.. numbers.Select(number => number[^Length..])];

    /// <summary>Every message in which one of the numbers is found, with the line.</summary>
    public IEnumerable<(SipMessage Message, string Line)> Find(IEnumerable<SipMessage> messages) =>
        from message in messages
        let line = FindLine(message.Text)
        where line is not null
        select (message, line);

    /// <summary>The first line of a text that holds one of the numbers; null: none does.</summary>
    public string? FindLine(string text) =>
        text.Split('\n').FirstOrDefault(HoldsNumber) ?? (HoldsNumber(text.ReplaceLineEndings("")) ? "over the end of a line" : null);

    private bool HoldsNumber(string line)
    {
        foreach (var run in DigitRuns(Uri.UnescapeDataString(line)))
        {
            for (var i = 0; i + Length <= run.Length; i++)
            {
                if (_numbers.Contains(run.Substring(i, Length)))
                    return true;
            }
        }

        return false;
    }

    /// <summary>Digits that follow each other, also where they are grouped by what telephone numbers are grouped by.</summary>
    private static IEnumerable<string> DigitRuns(string text)
    {
        var run = new StringBuilder();
        foreach (var character in text)
        {
            if (char.IsDigit(character))
            {
                run.Append((int)char.GetNumericValue(character));
            }
            else if (!" -.()/ \t".Contains(character, StringComparison.Ordinal))
            {
                yield return run.ToString();
                run.Clear();
            }
        }

        yield return run.ToString();
    }
}
