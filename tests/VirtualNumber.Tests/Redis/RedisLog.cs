using StackExchange.Redis;
using VirtualNumber.Memory;
using VirtualNumber.Redis;

namespace VirtualNumber.Tests.Redis;

/// <summary>Reads a block's log as the scripts write it.</summary>
internal static class RedisLog
{
    /// <summary>What it has after the given sequence, as far as it is kept; oldest entry first.</summary>
    public static async Task<IReadOnlyList<LogEntry>> ReadAsync(IDatabase database, uint block, long after)
    {
        // Entries have no number of their own; Redis counts those that it ever added.
        var about = (RedisResult[])(await database.ExecuteAsync("XINFO", "STREAM", Keys.Log(block)))!;
        var last = (long)about[Array.FindIndex(about, field => field.ToString() == "entries-added") + 1];
        if (last <= after)
            return [];
        var entries = (RedisResult[])(await database.ExecuteAsync("XREVRANGE", Keys.Log(block), "+", "-", "COUNT", last - after))!;
        return [.. entries.Select((entry, back) => EntryOf(last - back, (RedisResult[])((RedisResult[])entry!)[1]!)).Reverse()];
    }

    /// <summary>Fields in the order in which the scripts write them: kind, slot, epoch, time, count.</summary>
    private static LogEntry EntryOf(long sequence, RedisResult[] fields)
    {
        var slot = (string)fields[3]!;
        return new(
            sequence,
            Instant((string)fields[7]!),
            Enum.Parse<LogKind>((string)fields[1]!, ignoreCase: true),
            slot.Length == 0 ? null : uint.Parse(slot),
            slot.Length == 0 ? null : Instant((string)fields[5]!),
            int.Parse((string)fields[9]!));
    }

    private static DateTimeOffset Instant(string milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(milliseconds));
}
