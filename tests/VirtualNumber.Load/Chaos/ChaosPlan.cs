namespace VirtualNumber.Load.Chaos;

/// <summary>A bug planted on purpose, to see that the checker finds it.</summary>
internal enum Plant
{
    None,

    /// <summary>Slots are leased again almost at once, while the checker expects their aging.</summary>
    NoAging,

    /// <summary>The record of an acknowledged lease is taken out of Redis behind the service's back.</summary>
    DropWrite,
}

/// <summary>What a run is asked to be.</summary>
/// <param name="Seed">Gives the schedule of faults and each client's choices.</param>
/// <param name="Clients">How many deliveries are under way at a time.</param>
/// <param name="Instances">How many instances of the service.</param>
/// <param name="Faults">How many faults.</param>
/// <param name="Calls">How many calls at least.</param>
/// <param name="Level">The durability level, as Redis:Durability has it, in lower case.</param>
/// <param name="Plant">The bug.</param>
/// <param name="DirectBlocks">Stock: so many blocks of 100 direct numbers, and for each two numbers with extensions.</param>
internal sealed record ChaosPlan(int Seed, int Clients, int Instances, int Faults, int Calls, string Level, Plant Plant, int DirectBlocks)
{
    public const string DefaultLevel = "always";

    /// <summary>Whether a fail-over may forget what was acknowledged.</summary>
    public bool MayLose => Level != "replicated";
}
