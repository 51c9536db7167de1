using VirtualNumber.Memory;
using VirtualNumber.Protocol;
using VirtualNumber.Tests.Protocol.Simulation;
using VirtualNumber.Tests.Redis;

namespace VirtualNumber.Tests.Protocol;

/// <summary>A kind of store. Every fixture of the protocol runs on each kind, unchanged.</summary>
public abstract class StoreUnderTest
{
    /// <summary>How many state changes each block's log keeps at least: more than any one step writes.</summary>
    internal const int LogLength = 256;

    /// <summary>All kinds of store.</summary>
    internal static IEnumerable<StoreUnderTest> All => [new EmbeddedStoreUnderTest(), RedisStoreUnderTest.Single, RedisStoreUnderTest.Cluster];

    /// <summary>With the level at which writes wait for replicas: for what runs many at once.</summary>
    internal static IEnumerable<StoreUnderTest> AllAndReplicated => [.. All, RedisStoreUnderTest.Replicated];

    /// <summary>All but the specification itself.</summary>
    internal static IEnumerable<StoreUnderTest> OthersThanEmbedded => All.Where(kind => kind is not EmbeddedStoreUnderTest);

    /// <summary>How many steps the simulation takes on it in the test run.</summary>
    internal virtual long SimulatedSteps => 60_000;

    /// <summary>Starts an empty store.</summary>
    internal abstract ValueTask<RunningStore> StartAsync(ProtocolBounds bounds);

    /// <summary>Starts an empty store that is held to the embedded one at every step.</summary>
    internal virtual async ValueTask<RunningStore> StartBesideModelAsync(ProtocolBounds bounds) =>
        new PairedStore(await StartAsync(bounds), await new EmbeddedStoreUnderTest().StartAsync(bounds));
}

/// <summary>An empty store of its own for one test.</summary>
internal abstract class RunningStore : IAsyncDisposable
{
    internal abstract INumberPool Pool { get; }

    internal abstract INumberStock Stock { get; }

    /// <summary>The streams of events; a store that is compared with another one has none.</summary>
    internal virtual IEventStore Events => throw new NotSupportedException("Two stores write their events at different times.");

    /// <inheritdoc cref="Events"/>
    internal virtual IPushStore Pushes => throw new NotSupportedException("Two stores write their events at different times.");

    /// <summary>How many blocks there are; their ids count from 1.</summary>
    internal abstract int BlockCount { get; }

    /// <summary>A block's log, oldest entry first.</summary>
    internal ValueTask<IReadOnlyList<LogEntry>> ReadLogAsync(uint block) => ReadLogAsync(block, after: 0);

    /// <summary>What a block's log has after the given sequence, as far as it is kept; oldest entry first.</summary>
    internal abstract ValueTask<IReadOnlyList<LogEntry>> ReadLogAsync(uint block, long after);

    public abstract ValueTask DisposeAsync();
}

/// <summary>The store in the memory of the process.</summary>
internal sealed class EmbeddedStoreUnderTest : StoreUnderTest
{
    public override string ToString() => "Embedded";

    internal override ValueTask<RunningStore> StartAsync(ProtocolBounds bounds) => new(new Running(bounds));

    /// <summary>It is the model itself.</summary>
    internal override ValueTask<RunningStore> StartBesideModelAsync(ProtocolBounds bounds) => StartAsync(bounds);

    private sealed class Running(ProtocolBounds bounds) : RunningStore
    {
        private readonly EmbeddedStore _store = new(bounds, new LogBounds(LogLength, LogLength));

        internal override INumberPool Pool => _store;

        internal override INumberStock Stock => _store;

        internal override IEventStore Events => _store;

        internal override IPushStore Pushes => _store;

        internal override int BlockCount => _store.BlockCount;

        internal override ValueTask<IReadOnlyList<LogEntry>> ReadLogAsync(uint block, long after) =>
            new(_store.ReadLog(block).Where(entry => entry.Sequence > after).ToList());

        public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
