using System.Text.RegularExpressions;

namespace VirtualNumber.Load.Sip;

/// <summary>A message as SIPp has written it down.</summary>
/// <param name="IsReceived">Whether SIPp received it; else it sent it.</param>
/// <param name="Text">All of it.</param>
internal sealed partial record SipMessage(bool IsReceived, string Text)
{
    /// <summary>Its first line.</summary>
    public string FirstLine => Text.Split('\n', 2)[0].TrimEnd();

    /// <summary>The status of an answer; 0: it is a request.</summary>
    public int Status => FirstLine.StartsWith("SIP/2.0 ", StringComparison.Ordinal) ? int.Parse(FirstLine.AsSpan(8, 3), System.Globalization.CultureInfo.InvariantCulture) : 0;

    /// <summary>The method of a request; of an answer the one that it answers.</summary>
    public string Method => Status == 0 ? FirstLine.Split(' ')[0] : (Header("CSeq") ?? "").Split(' ')[^1];

    /// <summary>The value of a header field; null: it has none.</summary>
    public string? Header(string name)
    {
        foreach (var line in Text.Split('\n').Skip(1).Select(line => line.TrimEnd('\r')).TakeWhile(line => line.Length > 0))
        {
            if (line.StartsWith($"{name}:", StringComparison.OrdinalIgnoreCase))
                return line[(name.Length + 1)..].Trim();
        }

        return null;
    }

    /// <summary>All messages of a file that <c>-trace_msg</c> wrote.</summary>
    public static IReadOnlyList<SipMessage> ReadAll(string file)
    {
        var messages = new List<SipMessage>();
        var parts = Separator().Split(File.ReadAllText(file));
        foreach (var part in parts)
        {
            // "UDP message received [341] bytes :", an empty line, the message.
            var end = part.IndexOf('\n', StringComparison.Ordinal);
            if (end < 0)
                continue;
            var title = part[..end];
            if (title.Contains("message received", StringComparison.Ordinal) || title.Contains("message sent", StringComparison.Ordinal))
                messages.Add(new(title.Contains("received", StringComparison.Ordinal), part[end..].TrimStart('\r', '\n')));
        }

        return messages;
    }

    [GeneratedRegex(@"^-{40,}.*\n", RegexOptions.Multiline)]
    private static partial Regex Separator();
}
