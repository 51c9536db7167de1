using VirtualNumber.Memory;
using VirtualNumber.Protocol;

namespace VirtualNumber.Tests.Protocol.Simulation;

/// <summary>
/// A store and the embedded one as its specification, as one: whatever is done or read is done on both, and both must answer the same.
/// The simulation reads the whole store after every step, so that the states are compared as often; what those reads do not show, a
/// delivery's ledger, is read and compared here after every step on it.
/// </summary>
internal sealed class PairedStore : RunningStore
{
    private readonly RunningStore _subject;
    private readonly RunningStore _model;

    /// <param name="subject">The store under test: it makes the choices that the contract leaves open.</param>
    /// <param name="model">What it is held to.</param>
    internal PairedStore(RunningStore subject, RunningStore model)
    {
        (_subject, _model) = (subject, model);
        var stock = new PairedStock(subject.Stock, model.Stock, () => BlockCount);
        Stock = stock;
        Pool = new PairedPool(subject.Pool, model.Pool, stock);
    }

    internal override INumberPool Pool { get; }

    internal override INumberStock Stock { get; }

    internal override int BlockCount => Agreement.On("count blocks", _subject.BlockCount, _model.BlockCount);

    internal override async ValueTask<IReadOnlyList<LogEntry>> ReadLogAsync(uint block, long after)
    {
        var (subject, model) = (await _subject.ReadLogAsync(block, after), await _model.ReadLogAsync(block, after));
        // A log is bounded about or exactly, as the store likes; the latest entries both have.
        var kept = Math.Min(subject.Count, model.Count);
        InvariantBrokenException.Unless(
            kept >= Math.Min(StoreUnderTest.LogLength, Math.Max(subject.Count, model.Count)),
            () => $"Of the log of block {block} one has {subject.Count} entries, the other {model.Count}.");
        Agreement.On($"log of block {block}", Comparable(subject.TakeLast(kept)), Comparable(model.TakeLast(kept)));
        return subject;
    }

    public override async ValueTask DisposeAsync()
    {
        await _subject.DisposeAsync();
        await _model.DisposeAsync();
    }

    /// <summary>In which order one Reclaim writes expiries down is free: each run of them is put in the order of its slots.</summary>
    private static List<LogEntry> Comparable(IEnumerable<LogEntry> log)
    {
        var entries = log.ToList();
        var runs = new List<int>();
        for (var i = 0; i < entries.Count; i++)
        {
            var goesOn = i > 0 && (entries[i].Kind, entries[i - 1].Kind, entries[i].Time) == (LogKind.Expired, LogKind.Expired, entries[i - 1].Time);
            runs.Add(goesOn ? runs[^1] : i);
        }

        return [.. entries.Zip(runs).OrderBy(entry => entry.Second).ThenBy(entry => entry.First.Slot)
            .Select((entry, place) => entry.First with { Sequence = entries[place].Sequence })];
    }
}
