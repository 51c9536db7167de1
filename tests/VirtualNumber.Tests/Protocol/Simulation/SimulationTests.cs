using System.Globalization;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Tests.Protocol.Simulation;

/// <summary>
/// Runs the verbs against the store at random, with every invariant checked after every step; any other store than the embedded one
/// beside that one, with equal answers and equal states after every step. A failure prints its seed; VN_SEED replays one seed, VN_STEPS
/// makes a run longer or shorter.
/// </summary>
[TestFixtureSource(typeof(StoreUnderTest), nameof(StoreUnderTest.AllAndReplicated))]
public sealed class SimulationTests(StoreUnderTest kind)
{
    /// <summary>Each seed is run so far about: long enough for leases to end and numbers to serve again many times.</summary>
    private const long StepsPerSeed = 6_000;

    /// <summary>Kept away from the random runs, since it needs eight overtakings in one verb: CreateLeaseTests has it.</summary>
    private static readonly CreateLeaseOutcome[] s_elsewhere = [CreateLeaseOutcome.Contended];

    private long Steps => Variable("VN_STEPS") is { } steps ? (long)steps : kind.SimulatedSteps;

    [Test]
    public async Task Random_verbs_keep_every_promise_and_come_to_every_outcome()
    {
        var seeds = Variable("VN_SEED") is { } only ? [only] : Enumerable.Range(1, (int)Math.Max(1, Steps / StepsPerSeed)).Select(seed => (ulong)seed).ToList();
        var outcomes = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var seed in seeds)
        {
            var run = await RunAsync(seed, (Steps + seeds.Count - 1) / seeds.Count, kind.StartBesideModelAsync);
            foreach (var (outcome, count) in run.Outcomes)
                outcomes[outcome] = outcomes.GetValueOrDefault(outcome) + count;
        }

        await TestContext.Out.WriteLineAsync($"{Steps} steps, seeds {string.Join(", ", seeds)}");
        await TestContext.Out.WriteLineAsync(string.Join(Environment.NewLine, outcomes.Select(pair => $"{pair.Value,7} {pair.Key}")));
        // A shorter run may miss the rarest outcomes; that the simulation comes to all of them the embedded store shows.
        if (Steps < new EmbeddedStoreUnderTest().SimulatedSteps)
            return;
        Assert.Multiple(() =>
        {
            Visited<ReportOutcome>(outcomes, "ReportDeliveryStatus");
            Visited(outcomes, "Resolve", [ResolveOutcome.Unspecified]);
            Visited<LeaseOutcome>(outcomes, "Lease ", perVerb: false);
            Visited<CreateLeaseOutcome>(outcomes, "CreateLease", s_elsewhere);
        });
    }

    [Test]
    public async Task A_seed_replays_step_by_step()
    {
        // The store by itself, so that the other verbs' steps also fall between the parts of a Reclaim, which the model takes in one go.
        var steps = Math.Min(2_000, kind.SimulatedSteps / 20);
        var first = await RunAsync(seed: 99, steps, kind.StartAsync);
        var second = await RunAsync(seed: 99, steps, kind.StartAsync);
        var other = await RunAsync(seed: 98, steps, kind.StartAsync);

        Assert.That(second.Transcript, Is.EqualTo(first.Transcript));
        Assert.That(other.Transcript, Is.Not.EqualTo(first.Transcript));
    }

    private static async Task<StepOracle> RunAsync(ulong seed, long steps, Func<ProtocolBounds, ValueTask<RunningStore>> start)
    {
        await using var store = await start(StoreTests.Bounds);
        var run = new SimulationRun(store, seed);
        try
        {
            await run.RunAsync(steps);
        }
        catch (InvariantBrokenException broken)
        {
            Assert.Fail(
                $"VN_SEED={seed}, VN_STEPS={steps}: at step {run.Oracle.Steps}: {broken.Message}{Environment.NewLine}{run.Oracle.Trace}" +
                $"{Environment.NewLine}{broken}");
        }

        return run.Oracle;
    }

    private static void Visited<T>(SortedDictionary<string, int> outcomes, string verb, IReadOnlyList<T>? except = null, bool perVerb = true)
        where T : struct, Enum
    {
        foreach (var outcome in Enum.GetValues<T>().Except(except ?? []))
        {
            var met = perVerb
                ? outcomes.ContainsKey($"{verb} {outcome}")
                : outcomes.Keys.Any(key => key.Contains("Lease ", StringComparison.Ordinal) && key.EndsWith($" {outcome}", StringComparison.Ordinal));
            Assert.That(met, Is.True, $"{verb} never came to {outcome}.");
        }
    }

    private static ulong? Variable(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? ulong.Parse(text, CultureInfo.InvariantCulture) : null;
}
