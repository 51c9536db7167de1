namespace VirtualNumber.Load.Chaos.Bed;

/// <summary>The machines of the bed and the links between them.</summary>
internal abstract class Network : IAsyncDisposable
{
    /// <summary>What it is made of, for the report.</summary>
    public abstract string Kind { get; }

    /// <summary>Whether a machine that only calls others can be cut off.</summary>
    public virtual bool CutsInstances => true;

    /// <summary>Adds a machine.</summary>
    public abstract Task<Host> AddHostAsync(string name);

    /// <summary>Where a Redis on a machine is to listen, and where others reach it.</summary>
    public abstract RedisPorts NewRedisPorts(Host host);

    /// <summary>Cuts machines off from all others; among themselves they stay linked. Nobody is told: what is sent is lost.</summary>
    public abstract Task CutAsync(IReadOnlyList<Host> hosts);

    /// <summary>Links them again.</summary>
    public abstract Task HealAsync(IReadOnlyList<Host> hosts);

    public abstract ValueTask DisposeAsync();
}

/// <summary>The ports of a Redis: for clients, and for the other nodes of its cluster.</summary>
internal sealed record RedisPorts(int Port, int Bus, int Announced, int AnnouncedBus);
