namespace VirtualNumber.Redis;

/// <summary>The scripts of a step on a block: one for each kind of block.</summary>
/// <param name="Direct">Where numbers are not shared.</param>
/// <param name="Shared">Where they are.</param>
internal sealed record BlockScripts(Script Direct, Script Shared)
{
    /// <summary>The same step on either kind.</summary>
    /// <param name="name">The stem.</param>
    /// <param name="parts">Stems of what it shares with some others besides.</param>
    public static BlockScripts Same(string name, params string[] parts) => new(Script.OnBlock(name, parts), Script.OnSharedBlock(name, parts));

    /// <summary>A step of its own on each: the shared one's stem ends with Shared.</summary>
    public static BlockScripts Differing(string name, params string[] parts) =>
        new(Script.OnBlock(name, parts), Script.OnSharedBlock(name + "Shared", parts));

    /// <inheritdoc cref="Script.Unconfirmed"/>
    public BlockScripts Unconfirmed() => new(Direct.Unconfirmed(), Shared.Unconfirmed());

    /// <summary>The one for a block.</summary>
    public Script For(RedisBlock block) => block.IsShared ? Shared : Direct;
}
