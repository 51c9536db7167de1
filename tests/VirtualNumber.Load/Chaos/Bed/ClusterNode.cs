namespace VirtualNumber.Load.Chaos.Bed;

/// <summary>A node as the cluster itself tells (CLUSTER NODES).</summary>
/// <param name="Id">Its id.</param>
/// <param name="EndPoint">Address and port.</param>
/// <param name="IsMaster">Whether it serves slots.</param>
/// <param name="MasterId">Whose replica it is; empty: nobody's.</param>
/// <param name="IsFailed">Whether the others take it for dead, or nearly.</param>
/// <param name="Slots">The slots that it serves, by first and last.</param>
internal sealed record ClusterNode(string Id, string EndPoint, bool IsMaster, string MasterId, bool IsFailed, IReadOnlyList<(int First, int Last)> Slots)
{
    public static IReadOnlyList<ClusterNode> ParseAll(string text) =>
        [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(Parse)];

    public bool Serves(int slot) => Slots.Any(range => range.First <= slot && slot <= range.Last);

    private static ClusterNode Parse(string line)
    {
        var words = line.Split(' ');
        var flags = words[2].Split(',');
        var slots = words.Skip(8).Where(word => !word.StartsWith('[')).Select(word => word.Split('-'))
            .Select(range => (int.Parse(range[0]), int.Parse(range[^1]))).ToList();
        return new(
            words[0], words[1].Split('@')[0], flags.Contains("master"), words[3].TrimStart('-'),
            flags.Any(flag => flag.StartsWith("fail", StringComparison.Ordinal)), slots);
    }
}
