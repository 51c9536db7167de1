using VirtualNumber.Protocol;
using VirtualNumber.Sealing;

namespace VirtualNumber.Tests.Protocol.Simulation;

/// <summary>
/// The real store as one verb sees it: each step waits for its turn, and some are cut off, before (it did not happen) or after (it
/// did). The oracle looks at the store after every step that happened.
/// </summary>
internal sealed class CuttingPool(INumberPool inner, InFlight verb, StepOracle oracle, SeededRandom random, SimulatedWorld world)
    : HookedPool(inner)
{
    /// <summary>One step of so many is cut off before, and one of so many after.</summary>
    private const int OneOf = 40;

    protected override async ValueTask<T> StepAsync<T>(string name, DateTimeOffset? now, object? argument, Func<ValueTask<T>> step)
    {
        if (name is "find bar" or "count")
            return await CountAsync(name, now!.Value, step);
        if (argument is CallStep)
            JudgedNow();
        await verb.PauseAsync(sent: world.Time.Now);
        var fate = random.Next(OneOf);
        if (fate == 0)
        {
            oracle.Note($"{name} cut before");
            verb.Cut = true;
            throw Cut();
        }

        var answer = await step();
        await oracle.AfterStepAsync(verb, name, now, argument, answer);
        await verb.PauseAsync(sent: null);
        // A route that was looked at again is judged, and not recorded, when it leads to the same person.
        if (argument is RouteStep)
            JudgedNow();
        if (fate == 1)
        {
            oracle.Note($"{name} cut after");
            verb.Cut = true;
            throw Cut();
        }

        return argument is BlockChoice choice && answer is null ? (T)(object?)Misled(choice)! : answer;
    }

    private void JudgedNow() => oracle.Judged[verb] = (world.Time.Now, oracle.Slots.Count);

    /// <summary>The choice of a block is only a hint: now and then one is proposed that has no room, so that it is the take that says so.</summary>
    private uint? Misled(BlockChoice choice)
    {
        var untried = world.FindPool(choice.TenantId, choice.PoolId) is { } pool
            ? world.BlocksOf(pool).Where(block => !choice.Tried.Contains(block) && (choice.Area is null || choice.Area == world.AreaOf(block))).ToList()
            : [];
        return untried.Count > 0 && random.Next(3) == 0 ? untried[random.Next(untried.Count)] : null;
    }

    /// <summary>
    /// What is counted touches neither ledger nor block, and is asked for beside other steps at once: there is nothing to interleave it with.
    /// </summary>
    private ValueTask<T> CountAsync<T>(string name, DateTimeOffset now, Func<ValueTask<T>> step)
    {
        var fate = random.Next(OneOf);
        if (fate < 2)
        {
            oracle.Note($"{name} cut {(fate == 0 ? "before" : "after")}");
            verb.Cut = true;
        }

        return verb.RunAsideAsync(async () =>
        {
            var answer = fate == 0 ? throw Cut() : await step();
            StepOracle.CheckCounted(now, answer);
            return fate == 1 ? throw Cut() : answer;
        });
    }
}
