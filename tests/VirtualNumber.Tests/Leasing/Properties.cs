using FsCheck;
using FsCheck.Fluent;
using Microsoft.FSharp.Core;

namespace VirtualNumber.Tests.Leasing;

/// <summary>
/// Runs property tests. A failure prints seeds: "after 7 tests (seed,gamma)" replays the run, "failing step with (seed,gamma,size)" only
/// the failing case. Either goes into VIRTUALNUMBER_TEST_SEED as it is printed, with the one test selected by its name.
/// </summary>
internal static class Properties
{
    private const string SeedVariable = "VIRTUALNUMBER_TEST_SEED";

    /// <summary>Passes each generated value to a check that fails by an assertion.</summary>
    internal static void ForEach<T>(Gen<T> values, Action<T> check, int tests = 2000) =>
        Prop.ForAll(values.ToArbitrary(), check).Check(Config.QuickThrowOnFailure.WithMaxTest(tests).WithReplay(Seed()));

    private static FSharpOption<Replay>? Seed()
    {
        if (Environment.GetEnvironmentVariable(SeedVariable) is not { Length: > 0 } text)
        {
            return null;
        }

        var parts = text.Trim('(', ')').Split(',');
        var size = parts.Length > 2 ? FSharpOption<int>.Some(int.Parse(parts[2])) : null;
        return new Replay(new Rnd(ulong.Parse(parts[0]), ulong.Parse(parts[1])), size);
    }
}
