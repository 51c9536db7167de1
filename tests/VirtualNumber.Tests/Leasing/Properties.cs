using FsCheck;
using FsCheck.Fluent;
using Microsoft.FSharp.Core;

namespace VirtualNumber.Tests.Leasing;

/// <summary>
/// Runs property tests. A failure prints its seed as "Replay = (seed, gamma, size)"; put "seed,gamma" into VIRTUALNUMBER_TEST_SEED and
/// run the test again to see the same cases.
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

        var parts = text.Split(',').Select(ulong.Parse).ToArray();
        return new Replay(new Rnd(parts[0], parts[1]), null);
    }
}
