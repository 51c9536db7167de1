using VirtualNumber.Load.Chaos.Bed;
using VirtualNumber.Redis;

namespace VirtualNumber.Load.Chaos.Faults;

/// <summary>
/// The bug planted by <c>--plant drop-write</c>: one acknowledged lease is taken out of Redis, as if its take had never been written. No fault
/// that the service may know of.
/// </summary>
internal static class WriteDropper
{
    /// <summary>Of the leases of a block the one that lasts longest: its holder looks at it again for sure.</summary>
    private const string Text = """
        local slot = redis.call('ZREVRANGE', KEYS[1], 0, 0)[1]
        if not slot or redis.call('HDEL', KEYS[2], slot) == 0 then return '' end
        local claims = redis.call('HGETALL', KEYS[3])
        for i = 1, #claims, 2 do
          if claims[i + 1] == slot then redis.call('HDEL', KEYS[3], claims[i]) end
        end
        redis.call('ZADD', KEYS[1], 0, slot)
        return slot
        """;

    /// <summary>Answers what was done.</summary>
    public static async Task<string> DropAsync(TestBed bed)
    {
        var view = await bed.Redis.ViewAsync();
        foreach (var block in Enumerable.Range(1, bed.DirectBlocks).Select(block => (uint)block))
        {
            var keys = Keys.OfBlock(block);
            var master = view.First(node => node.IsMaster && node.Serves(HashSlot.Of(Keys.Routes(block)!)));
            var slot = (await RedisBed.AskAsync(bed.Redis.Of(master), "eval", Text, "3", keys[1]!, keys[2]!, keys[3]!)).Trim();
            if (slot.Length > 0)
                return $"the lease on slot {slot} of block {block} was taken out of Redis";
        }

        throw new InvalidOperationException("There is no lease to drop.");
    }
}
