using VirtualNumber.Memory;
using VirtualNumber.Protocol;

namespace VirtualNumber.Tests.Protocol.Simulation;

/// <summary>What differs between a store and its model, in an answer, in the state, or in what only a later step shows, is found.</summary>
[TestFixture]
public sealed class PlantedDifferenceTests
{
    /// <summary>The rarest, a ledger that goes early, is met in the second ten thousand of some seeds.</summary>
    private const long MostSteps = 20_000;

    /// <summary>A difference to plant.</summary>
    public enum Difference
    {
        /// <summary>A lease that stood already is said to be new.</summary>
        TakeSaysNew,

        /// <summary>A release is acknowledged and not done.</summary>
        ReleaseDropped,

        /// <summary>A request is said to be bound and is not: only its repeat shows that.</summary>
        BindDropped,

        /// <summary>An extension is answered a millisecond longer than it is.</summary>
        ExtendAnswersMore,

        /// <summary>A report's terms are applied without their floor, where an extension had promised more.</summary>
        ApplyForgetsFloor,

        /// <summary>A claim is written with another keep time: only the ledger's end shows that.</summary>
        LedgerGoesEarly,

        /// <summary>A look-up of a number that has rested says ended where no record is.</summary>
        ResolveSaysEnded,

        /// <summary>One kind of change is not logged.</summary>
        LogForgetsReassignments,

        /// <summary>A block that was tried is chosen again.</summary>
        ChoosesTriedBlock,

        /// <summary>Reclaim says that there is nothing to do.</summary>
        ReclaimDoesNothing,

        /// <summary>Of the slots that a take would like the last one is taken.</summary>
        TakeLikesTheLast,

        /// <summary>An earlier party of a pair is a stranger at once.</summary>
        EarlierPartyIsStranger,

        /// <summary>What is counted is not remembered: only the bar that does not come shows that.</summary>
        CountsForNothing,

        /// <summary>A call is said to be recorded and is not: only the one that is too frequent shows that.</summary>
        CallsForNothing,
    }

    [Test]
    public async Task A_planted_difference_is_found([Values] Difference planted)
    {
        var kind = new EmbeddedStoreUnderTest();
        var flawed = new FlawedStore(await kind.StartAsync(StoreTests.Bounds), planted);
        await using var store = new PairedStore(flawed, await kind.StartAsync(StoreTests.Bounds));
        var run = new SimulationRun(store, seed: 1);

        var found = await Assert.ThrowsAsync<InvariantBrokenException>(() => run.RunAsync(MostSteps));

        Assert.That(found!.Message, Does.Match("where the model answers|one has .* entries, the other|was tried, or is another pool's"));
    }

    private sealed class FlawedStore(RunningStore inner, Difference flaw) : RunningStore
    {
        internal override INumberPool Pool { get; } = new FlawedPool(inner.Pool, flaw);

        internal override INumberStock Stock => inner.Stock;

        internal override int BlockCount => inner.BlockCount;

        internal override async ValueTask<IReadOnlyList<LogEntry>> ReadLogAsync(uint block, long after) =>
            [.. (await inner.ReadLogAsync(block, after)).Where(entry => flaw != Difference.LogForgetsReassignments || entry.Kind != LogKind.Reassigned)];

        public override ValueTask DisposeAsync() => inner.DisposeAsync();
    }

    private sealed class FlawedPool(INumberPool inner, Difference flaw) : HookedPool(inner)
    {
        private readonly INumberPool _inner = inner;
        private uint? _chosen;

        protected override async ValueTask<T> StepAsync<T>(string name, DateTimeOffset? now, object? argument, Func<ValueTask<T>> step)
        {
            var instead = (flaw, name, argument) switch
            {
                (Difference.ReleaseDropped, "release", HolderKey holder) when await _inner.GetAsync(holder, CancellationToken.None) is { } record =>
                    (object)new HolderAnswer(HolderOutcome.Done, record),
                (Difference.BindDropped, "bind", _) => true,
                (Difference.ApplyForgetsFloor, "apply", ApplyCall apply) => await _inner.ApplyAsync(
                    apply.Claim, apply.ReportNumber, apply.Terms with { Final = true }, apply.Cap, now!.Value, CancellationToken.None),
                (Difference.LedgerGoesEarly, "claim", ClaimStep claim) => await _inner.ClaimAsync(
                    claim with { KeepUntil = claim.KeepUntil - (20 * StoreTests.Day) }, now!.Value, CancellationToken.None),
                (Difference.ReclaimDoesNothing, "reclaim", _) => default(ReclaimAnswer),
                (Difference.TakeLikesTheLast, "take", TakeStep { Choice: { } choice } take) => await _inner.TakeAsync(
                    take with { Choice = choice with { Candidates = [.. choice.Candidates.Reverse()] } }, now!.Value, CancellationToken.None),
                (Difference.CountsForNothing, "count", _) => new CountAnswer(true, null),
                (Difference.CallsForNothing, "record call", _) => RecordCallOutcome.Recorded,
                _ => null,
            };
            return (T)Changed(name, instead ?? (await step())!)!;
        }

        private object? Changed(string step, object? answer)
        {
            switch (flaw, answer)
            {
                case (Difference.TakeSaysNew, TakeAnswer { Record: not null } take):
                    return take with { New = true };
                case (Difference.ExtendAnswersMore, HolderAnswer { Outcome: HolderOutcome.Done, Record: { Extensions.Length: > 0 } record } done):
                    return done with { Record = record with { ExpireTime = record.ExpireTime.AddMilliseconds(1) } };
                case (Difference.ResolveSaysEnded, RouteAnswer { Outcome: RouteOutcome.NotLeased } route):
                    return route with { Outcome = RouteOutcome.Ended };
                case (Difference.ChoosesTriedBlock, null or uint) when step == "choose":
                    return _chosen ??= (uint?)answer;
                case (Difference.EarlierPartyIsStranger, RouteAnswer { Outcome: RouteOutcome.Ended, Record.Pair: not null }):
                    return new RouteAnswer(RouteOutcome.NotLeased);
                default:
                    return answer;
            }
        }
    }
}
