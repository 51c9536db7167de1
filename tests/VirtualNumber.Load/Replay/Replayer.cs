using Grpc.Core;
using VirtualNumber.Memory;
using VirtualNumber.Protocol;

namespace VirtualNumber.Load.Replay;

/// <summary>Replays orders against the service, in this process or over the wire.</summary>
internal static class Replayer
{
    /// <summary>
    /// How many days of purchases an over-the-wire replay folds the orders into: a few times a lease and its rest, so that slots come
    /// round.
    /// </summary>
    public const int WindowDays = 90;

    private static readonly TimeSpan s_simulatedDay = TimeSpan.FromDays(1);

    /// <summary>A first moment without load, in which the pools are stocked.</summary>
    private static readonly TimeSpan s_lead = TimeSpan.FromMilliseconds(500);

    /// <summary>The bounds of a store for a simulation.</summary>
    public static ProtocolBounds SimulatedBounds => new ReplayPolicy(s_simulatedDay).Bounds;

    /// <summary>A simulation: the verbs over a store, with the clock moved from event to event. A second takes two years.</summary>
    /// <param name="orders">The orders.</param>
    /// <param name="seed">What is left to chance follows from it.</param>
    /// <param name="segmentsPath">Real prefixes; null: made-up ones.</param>
    /// <param name="store">An empty store with <see cref="SimulatedBounds"/>; null: the embedded one.</param>
    /// <param name="wrap">Puts something between the verbs and the store; null: nothing.</param>
    public static async Task<ReplayReport> InProcessAsync(
        IReadOnlyList<Order> orders,
        int seed,
        string? segmentsPath,
        (INumberPool Pool, INumberStock Stock)? store = null,
        Func<INumberPool, INumberPool>? wrap = null)
    {
        var policy = new ReplayPolicy(s_simulatedDay);
        var plans = new Planner(seed).Plan(orders);
        var time = new ManualTime(plans.Min(plan => plan.LeaseTime) - s_simulatedDay);
        var (pool, stock) = store ?? Both(new EmbeddedStore(policy.Bounds));
        using var target = new InProcessTarget(wrap?.Invoke(pool) ?? pool, stock, policy, seed, time);
        var context = new ReplayContext(
            target, policy, time, new Agenda(), new ReplayReport(), ProbeBefore: TimeSpan.FromMilliseconds(1), ProbeAfter: TimeSpan.Zero);
        var run = new ReplayRun(context, plans, ReplayStock.Create(seed, plans, policy, segmentsPath));
        await run.RunAsync(() => context.Agenda.RunAsync(time));
        return context.Report;
    }

    /// <summary>
    /// A running service in real time, a day of the data lasting <paramref name="day"/>. The service must run with the settings of
    /// <see cref="ReplayPolicy.ToSettings"/> for the same day.
    /// </summary>
    public static async Task<ReplayReport> OverTheWireAsync(
        IReadOnlyList<Order> orders, int seed, string? segmentsPath, CallInvoker invoker, TimeSpan day, CancellationToken cancellation)
    {
        var policy = new ReplayPolicy(day);
        var start = TimeProvider.System.GetUtcNow() + s_lead;
        var plans = new Planner(seed).Plan(orders).Select(plan => Fold(plan, start, policy.Scale)).ToList();
        var target = new WireTarget(invoker, $"{seed}-{start.ToUnixTimeMilliseconds()}");
        var context = new ReplayContext(
            target,
            policy,
            TimeProvider.System,
            new Agenda(),
            new ReplayReport(),
            // The timer ticks once a millisecond, and a call takes about one.
            ProbeBefore: TimeSpan.FromMilliseconds(6),
            ProbeAfter: TimeSpan.FromMilliseconds(1));
        var run = new ReplayRun(context, plans, ReplayStock.Create(seed, plans, policy, segmentsPath));
        await run.RunAsync(() => context.Agenda.RunAsync(TimeProvider.System, cancellation));
        return context.Report;
    }

    private static (INumberPool Pool, INumberStock Stock) Both(EmbeddedStore store) => (store, store);

    /// <summary>Moves a parcel's purchase into the window and scales everything around it, to whole milliseconds.</summary>
    private static ParcelPlan Fold(ParcelPlan plan, DateTimeOffset start, double scale)
    {
        var purchased = TimeSpan.FromTicks(plan.LeaseTime.UtcTicks % TimeSpan.FromDays(WindowDays).Ticks);
        return plan.At(time => DateTimeOffset.FromUnixTimeMilliseconds(
            (start + ((purchased + (time - plan.LeaseTime)) * scale)).ToUnixTimeMilliseconds()));
    }
}
