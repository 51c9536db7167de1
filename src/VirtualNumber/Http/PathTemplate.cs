using System.Diagnostics.CodeAnalysis;

namespace VirtualNumber.Http;

/// <summary>A value that stands in a path, and the field it is for.</summary>
/// <param name="Field">The path of the field in the request, by the names of the proto: <c>lease_id</c>, <c>delivery.carrier</c>.</param>
/// <param name="Text">The value, without percent signs.</param>
internal readonly record struct PathValue(string Field, string Text);

/// <summary>
/// The template of a path as <c>google.api.HttpRule</c> defines it: <c>/v1/leases/{lease_id}:extend</c>. A variable takes one segment, or what
/// is written in it: <c>{name=shelves/*}</c>, <c>{rest=**}</c>. It does not change once made.
/// </summary>
internal sealed class PathTemplate
{
    /// <summary>One segment of any text.</summary>
    private const string Any = "*";

    /// <summary>All segments to the end, also none.</summary>
    private const string Rest = "**";

    private readonly IReadOnlyList<string> _segments;
    private readonly IReadOnlyList<Variable> _variables;
    private readonly string _verb;

    private PathTemplate(string text, List<string> segments, List<Variable> variables, string verb) =>
        (Text, _segments, _variables, _verb) = (text, segments, variables, verb);

    /// <summary>The template as it is written.</summary>
    public string Text { get; }

    /// <summary>The fields that it names, in order.</summary>
    public IEnumerable<string> Fields => _variables.Select(variable => variable.Field);

    /// <summary>The template without the names of its variables: two templates that match the same paths have the same one.</summary>
    public string Shape => $"/{string.Join('/', _segments)}{(_verb.Length > 0 ? ":" : "")}{_verb}";

    /// <summary>How many of its segments are not literal: of two templates that match a path, the one with fewer is meant.</summary>
    public int WildcardCount => _segments.Count(IsWildcard);

    /// <exception cref="FormatException">It is no template.</exception>
    public static PathTemplate Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (!text.StartsWith('/'))
            throw new FormatException($"The path {text} does not begin with a slash.");
        var (path, verb) = SplitVerb(text[1..]);
        var segments = new List<string>();
        var variables = new List<Variable>();
        foreach (var part in SplitOutsideBraces(path))
        {
            if (part is not ['{', .. var inner, '}'])
            {
                segments.Add(part);
                continue;
            }

            var (field, of) = inner.IndexOf('=', StringComparison.Ordinal) is >= 0 and var at ? (inner[..at], inner[(at + 1)..]) : (inner, Any);
            var first = segments.Count;
            segments.AddRange(of.Split('/'));
            variables.Add(new(field, first, segments.Count));
        }

        var isWrong = segments.Any(segment => segment.Length == 0 || segment.AsSpan().ContainsAny("{}=") || (segment.Contains('*', StringComparison.Ordinal) && !IsWildcard(segment)))
            || segments.SkipLast(1).Contains(Rest)
            || variables.Any(variable => variable.Field.Length == 0)
            || variables.DistinctBy(variable => variable.Field).Count() != variables.Count;
        return isWrong ? throw new FormatException($"The path {text} is no template.") : new(text, segments, variables, verb);
    }

    /// <summary>Whether a path is one of the template's, and the values in it.</summary>
    /// <param name="path">Decoded but for <c>%2F</c>, as Kestrel gives it.</param>
    /// <param name="values">The values in it, in the order of the template.</param>
    public bool TryMatch(string path, [NotNullWhen(true)] out IReadOnlyList<PathValue>? values)
    {
        values = null;
        if (!path.StartsWith('/'))
            return false;
        // A colon in the last segment begins a verb: so `leases/x:extend` is no lease of that name where it is asked for by another verb of HTTP.
        var (rest, verb) = SplitVerb(path[1..]);
        if (verb != _verb)
            return false;
        var parts = rest.Split('/');
        if (!MatchesAll(parts))
            return false;
        values = [.. _variables.Select(variable => new PathValue(variable.Field, Value(parts, variable)))];
        return true;
    }

    private bool MatchesAll(string[] parts)
    {
        var endsInRest = _segments is [.., Rest];
        if (endsInRest ? parts.Length < _segments.Count - 1 : parts.Length != _segments.Count)
            return false;
        for (var i = 0; i < parts.Length; i++)
        {
            if (endsInRest && i >= _segments.Count - 1)
                return true;
            if (_segments[i] == Any ? parts[i].Length == 0 : parts[i] != _segments[i])
                return false;
        }

        return true;
    }

    private string Value(string[] parts, Variable variable)
    {
        var end = _segments[variable.End - 1] == Rest ? parts.Length : variable.End;
        var text = string.Join('/', parts[variable.First..end]);
        // In a value of several segments an encoded slash must stay told from one between segments.
        return end - variable.First == 1 ? text.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase) : text;
    }

    private static (string Path, string Verb) SplitVerb(string path)
    {
        var colon = path.LastIndexOf(':');
        return colon < 0 || path.AsSpan(colon).ContainsAny('/', '}') ? (path, "") : (path[..colon], path[(colon + 1)..]);
    }

    private static IEnumerable<string> SplitOutsideBraces(string path)
    {
        var (start, depth) = (0, 0);
        for (var i = 0; i < path.Length; i++)
        {
            depth += path[i] switch { '{' => 1, '}' => -1, _ => 0 };
            if (path[i] != '/' || depth > 0)
                continue;
            yield return path[start..i];
            start = i + 1;
        }

        yield return path[start..];
    }

    private static bool IsWildcard(string segment) => segment is Any or Rest;

    private readonly record struct Variable(string Field, int First, int End);
}
