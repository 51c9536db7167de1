using System.Globalization;
using VirtualNumber.Load;
using VirtualNumber.Load.Chaos;
using VirtualNumber.Load.Chaos.Faults;

namespace VirtualNumber.Tests.Load;

/// <summary>
/// A short chaos run, and runs with a bug planted that the checker must find. VN_SEED replays a schedule; VN_CHAOS_FAULTS,
/// VN_CHAOS_CALLS and VN_CHAOS_MINUTES, its end, make the run longer.
/// </summary>
[NonParallelizable]
public sealed class ChaosTests
{
    /// <summary>Beyond every wait that a run of the usual size has of its own.</summary>
    private static readonly TimeSpan s_endsWithin = TimeSpan.FromMinutes(Read("VN_CHAOS_MINUTES", 10));

    private static int Seed => Read("VN_SEED", Random.Shared.Next(1_000_000));

    [Test]
    public async Task Every_invariant_holds_while_things_break()
    {
        var (exitCode, output) = await RunAsync(
            "--level", "replicated", "--seed", $"{Seed}", "--clients", "48", "--faults", $"{Read("VN_CHAOS_FAULTS", 8)}", "--calls", $"{Read("VN_CHAOS_CALLS", 15_000)}");
        Assert.That(exitCode, Is.Zero, output);
        Assert.That(output, Does.Contain("every invariant held").And.Contain("Violations: 0").And.Contain("KillMaster of"));
    }

    [Test]
    public async Task Slots_that_are_leased_again_at_once_are_found()
    {
        var (exitCode, output) = await RunPlantedAsync("no-aging");
        Assert.That(exitCode, Is.EqualTo(1), output);
        Assert.That(output, Does.Contain("ReusedBeforeRest: slot"));
    }

    [Test]
    public async Task One_acknowledged_write_that_is_dropped_is_found()
    {
        var (exitCode, output) = await RunPlantedAsync("drop-write");
        Assert.That(exitCode, Is.EqualTo(1), output);
        Assert.That(output, Does.Contain("was taken out of Redis").And.Contain("EffectLost: Lease"));
    }

    [Test]
    public void A_seed_gives_the_schedule_and_every_kind_of_fault_comes()
    {
        var schedule = Schedule.Draw(7, 30);
        Assert.Multiple(() =>
        {
            Assert.That(Schedule.Draw(7, 30), Is.EqualTo(schedule));
            Assert.That(Schedule.Draw(8, 30), Is.Not.EqualTo(schedule));
            Assert.That(schedule.Select(fault => fault.Kind).Distinct(), Is.EquivalentTo(Enum.GetValues<FaultKind>()));
            Assert.That(Schedule.Draw(9, 8).Select(fault => fault.Kind), Does.Contain(FaultKind.KillMaster).And.Contain(FaultKind.KillInstance).And.Contain(FaultKind.FreezeMaster));
        });
    }

    [TestCase("123456789", 12_739)]
    [TestCase("vn:{123456789}:routes", 12_739)]
    [TestCase("", 0)]
    public void A_key_s_slot_is_counted_as_the_cluster_counts_it(string key, int slot) => Assert.That(HashSlot.Of(key), Is.EqualTo(slot));

    private static Task<(int ExitCode, string Output)> RunPlantedAsync(string bug) => RunAsync(
        "--seed", $"{Seed}", "--clients", "16", "--instances", "1", "--blocks", "1", "--faults", "0", "--calls", "30000", "--plant", bug);

    private static async Task<(int ExitCode, string Output)> RunAsync(params string[] arguments)
    {
        await using var run = ChildProcess.Start(typeof(ChaosRules).Assembly.Location, ["chaos", .. arguments], []);
        var output = await run.WaitForOutputAsync().WaitAsync(s_endsWithin, TimeProvider.System);
        await TestContext.Out.WriteLineAsync(output);
        return (run.ExitCode, output);
    }

    private static int Read(string variable, int usual) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : usual;
}
