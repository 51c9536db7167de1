using System.Buffers.Text;
using StackExchange.Redis;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;
using VirtualNumber.Sealing;

namespace VirtualNumber.Redis;

/// <summary>
/// The only place that builds a key. All keys of a block share one hash tag, and so one slot of a cluster; a delivery's ledger, a tenant's
/// events and the registry have a tag of their own.
/// </summary>
internal static class Keys
{
    /// <summary>The registry: a list of changes, whose length is its version.</summary>
    public static readonly RedisKey Registry = "vn:{registry}";

    /// <summary>Where a change of the registry is announced.</summary>
    public static readonly RedisChannel RegistryChannel = new("vn:registry", RedisChannel.PatternMode.Literal);

    /// <summary>Which keys the store's data was made with: a hash of name → fingerprint.</summary>
    public static readonly RedisKey KeyRing = "vn:{keyring}";

    /// <summary>Written to see whether Redis takes changes. Where the fingerprints are: that shard is asked every second anyway.</summary>
    public static readonly RedisKey Probe = "vn:{keyring}:probe";

    /// <summary>What a group of writes ends with, so that waiting for it waits for all of them; nobody reads it.</summary>
    public static RedisKey Mark(int number) => $"vn:{{mark{number}}}";

    /// <summary>
    /// The keys of a block, in the order in which its scripts declare them (Direct.lua, Shared.lua). Extension mode has none of its own, so
    /// that one prelude serves both: what only pairs have stays empty.
    /// </summary>
    public static RedisKey[] OfBlock(uint block, PoolMode mode = PoolMode.Direct)
    {
        var tag = $"vn:{{b{block}}}:";
        RedisKey[] common = [tag + "meta", tag + "free", Routes(block), tag + "claims", tag + "closed", tag + "log"];
        RedisKey[] calls = [tag + "calls", tag + "callsdue"];
        return mode == PoolMode.Direct
            ? [.. common, tag + "suspended", tag + "retired", tag + "faulty", tag + "returns", Health(block), .. calls]
            : [.. common, tag + "resting", tag + "numbers", tag + "open", tag + "parties", tag + "left", tag + "returns", Health(block), .. calls];
    }

    /// <summary>Which calls of a caller were connected by a lease of late: beside the block, so that one script judges and records.</summary>
    public static RedisKey CallFrequency(uint block, Digest counter) => $"vn:{{b{block}}}:f{TextOf(counter)}";

    /// <summary>A block's routes alone: what a look-up reads.</summary>
    public static RedisKey Routes(uint block) => $"vn:{{b{block}}}:routes";

    /// <summary>What gateways said of a block's numbers.</summary>
    public static RedisKey Health(uint block) => $"vn:{{b{block}}}:health";

    /// <summary>A block's log of state changes.</summary>
    public static RedisKey Log(uint block) => $"vn:{{b{block}}}:log";

    /// <summary>Whether a key is some delivery's ledger.</summary>
    public static bool IsLedger(RedisKey key) => ((string?)key)?.StartsWith("vn:{d", StringComparison.Ordinal) == true;

    /// <summary>A delivery's ledger.</summary>
    public static RedisKey Ledger(Digest delivery) => OfDigest('d', delivery);

    /// <summary>A counter.</summary>
    public static RedisKey Counter(Digest counter) => OfDigest('c', counter);

    /// <summary>A gateway's heart-beats. Its id is the operator's own, and no telephone number.</summary>
    public static RedisKey Gateway(string gatewayId) => $"vn:{{g{gatewayId}}}";

    /// <summary>A tenant's events, and up to where the logs of blocks were forwarded to them: in the order in which its scripts declare them.</summary>
    public static RedisKey[] OfEvents(Digest stream) => [OfDigest('e', stream), EventPositions(stream)];

    /// <summary>Positions in what a tenant's events come from and go to.</summary>
    public static RedisKey EventPositions(Digest stream) => OfDigest('e', stream).Append(":at");

    /// <summary>A webhook's pushes, beside the events of its tenant: in the order in which its scripts declare them.</summary>
    public static RedisKey[] OfPushes(PushQueueKey queue)
    {
        var events = OfDigest('e', queue.Stream);
        var webhook = $":{TextOf(queue.Webhook)}";
        return
        [
            events, EventPositions(queue.Stream), events.Append(webhook + ":pushes"), events.Append(webhook + ":due"),
            events.Append(webhook + ":parked"), events.Append(webhook + ":retries"),
        ];
    }

    /// <summary>What a webhook's position is called among those of its tenant.</summary>
    public static RedisValue PositionOf(Digest webhook) => "w" + TextOf(webhook);

    private static RedisKey OfDigest(char kind, Digest digest) => $"vn:{{{kind}{TextOf(digest)}}}";

    private static string TextOf(Digest digest)
    {
        Span<byte> bytes = stackalloc byte[Digest.Length];
        digest.CopyTo(bytes);
        return Base64Url.EncodeToString(bytes);
    }
}
