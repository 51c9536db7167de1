using System.Globalization;
using VirtualNumber.Protocol;

namespace VirtualNumber.Redis;

/// <summary>What is told of barred blocks, in refusals and to the operator.</summary>
internal static class BarTexts
{
    /// <summary>How many pools a finding names.</summary>
    private const int MostPools = 10;

    /// <summary>Why a block answers nothing, or leases nothing.</summary>
    public static string Of(BlockEntry block, BlockBar bar) =>
        $"Block {NameOf(block)} is barred since {Text(bar.Time)}: {Text(bar)} OpsService/ListBarredBlocks tells of it, OpsService/ConfirmBlocks lifts it.";

    /// <summary>What readiness and the log say; null when none is barred.</summary>
    public static string? Of(IReadOnlyCollection<RedisBlock> blocks)
    {
        if (blocks.Count == 0)
            return null;
        var whole = blocks.Count(block => block.Bar is { IsWhole: true });
        var pools = blocks.Select(block => $"{block.Pool.TenantId}/{block.Pool.PoolId}").Distinct().Order(StringComparer.Ordinal).ToList();
        var more = pools.Count > MostPools ? $" and {pools.Count - MostPools} more" : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{blocks.Count} blocks are barred until an operator has looked: {whole} answer nothing, since Redis has lost their data or came back older; {blocks.Count - whole} lease nothing, since Redis may have forgotten leases. Pools: {string.Join(", ", pools.Take(MostPools))}{more}. OpsService/ListBarredBlocks names the blocks; see that the data in Redis is what it should be, then OpsService/ConfirmBlocks lifts the bar.");
    }

    private static string NameOf(BlockEntry block) => $"{block.Name} of {block.Owner.Pool.TenantId}/{block.Owner.Pool.PoolId}";

    private static string Text(BlockBar bar) => bar.Reason switch
    {
        BarReason.DataLost => "Redis has lost its data. It is not taken for an empty one.",
        BarReason.DataOlder => "Redis has forgotten changes that were seen in it.",
        BarReason.OtherBlock => "Redis has another block in its place, which the registry has forgotten.",
        _ => $"Redis may have forgotten leases of it, so it leases nothing until {Text(bar.LeasesFrom!.Value)}.",
    };

    private static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
