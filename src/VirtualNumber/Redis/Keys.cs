using System.Buffers.Text;
using StackExchange.Redis;
using VirtualNumber.Sealing;

namespace VirtualNumber.Redis;

/// <summary>
/// The only place that builds a key. All keys of a block share one hash tag, and so one slot of a cluster; a delivery's ledger and the
/// registry have a tag of their own.
/// </summary>
internal static class Keys
{
    /// <summary>The registry: a list of changes, whose length is its version.</summary>
    public static readonly RedisKey Registry = "vn:{registry}";

    /// <summary>Where a change of the registry is announced.</summary>
    public const string RegistryChannel = "vn:registry";

    /// <summary>Which keys the store's data was made with: a hash of name → fingerprint.</summary>
    public static readonly RedisKey KeyRing = "vn:{keyring}";

    /// <summary>The keys of a block, in the order in which its scripts declare them (Record.lua).</summary>
    public static RedisKey[] OfBlock(uint block)
    {
        var tag = $"vn:{{b{block}}}:";
        return
        [
            tag + "meta",
            tag + "free",
            Routes(block),
            tag + "claims",
            tag + "closed",
            tag + "log",
            tag + "suspended",
            tag + "retired",
        ];
    }

    /// <summary>A block's routes alone: what a look-up reads.</summary>
    public static RedisKey Routes(uint block) => $"vn:{{b{block}}}:routes";

    /// <summary>A block's log of state changes.</summary>
    public static RedisKey Log(uint block) => $"vn:{{b{block}}}:log";

    /// <summary>A delivery's ledger.</summary>
    public static RedisKey Ledger(Digest delivery)
    {
        Span<byte> digest = stackalloc byte[Digest.Length];
        delivery.CopyTo(digest);
        return $"vn:{{d{Base64Url.EncodeToString(digest)}}}";
    }
}
