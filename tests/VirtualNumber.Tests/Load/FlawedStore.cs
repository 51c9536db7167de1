using System.Reflection;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;
using VirtualNumber.Sealing;

namespace VirtualNumber.Tests.Load;

/// <summary>A fault planted to see whether the replay finds it.</summary>
public enum Flaw
{
    /// <summary>A release is acknowledged and not done.</summary>
    ReleaseDropped,

    /// <summary>A route is served although its expire time has passed.</summary>
    ExpiredRouteServed,

    /// <summary>Now and then the route of another lease is served.</summary>
    OtherRouteServed,

    /// <summary>An event that changes nothing is applied all the same.</summary>
    OlderEventApplied,

    /// <summary>Now and then a lease cannot be read.</summary>
    LeaseForgotten,

    /// <summary>A number that has a holder is given to another one.</summary>
    SlotTakenTwice,

    /// <summary>A number is given away as soon as it was released.</summary>
    RestSkipped,

    /// <summary>A party of a pair comes back to the number that it has just left.</summary>
    PartyRestSkipped,

    /// <summary>Every other holder of pairs is leased numbers of later blocks only.</summary>
    BlockPassedOver,
}

/// <summary>A store that does everything right but one thing. Public and open, since the proxy derives from it.</summary>
public class FlawedStore : DispatchProxy
{
    /// <summary>Every so many calls go wrong, where not all do.</summary>
    private const int Often = 50;

    private INumberPool _store = null!;
    private Flaw _flaw;
    private int _calls;
    private LeaseRecord? _remembered;

    /// <summary>The number of the last lease of each holder that a report has ended.</summary>
    private readonly Dictionary<Digest, PhoneNumber> _left = [];

    /// <summary>Which holders pass over the first block.</summary>
    private readonly Dictionary<Digest, bool> _passOver = [];

    internal static INumberPool Create(INumberPool store, Flaw flaw)
    {
        var pool = Create<INumberPool, FlawedStore>();
        var flawed = (FlawedStore)pool;
        (flawed._store, flawed._flaw) = (store, flaw);
        return pool;
    }

#pragma warning disable CA2012 // A proxy hands every answer on as an object; the caller awaits it once.
    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => (_flaw, targetMethod!.Name) switch
    {
        (Flaw.ReleaseDropped, nameof(INumberPool.ReleaseAsync)) => Pretend((HolderKey)args![0]!, (DateTimeOffset)args[1]!),
        (Flaw.RestSkipped, nameof(INumberPool.ReleaseAsync)) =>
            Change<HolderAnswer>(targetMethod, args, answer => Remember(answer, answer.Record)),
        (Flaw.ExpiredRouteServed, nameof(INumberPool.ResolveAsync)) =>
            Change<RouteAnswer>(targetMethod, args, answer => answer.Record is null ? answer : answer with { Outcome = RouteOutcome.Route }),
        (Flaw.OtherRouteServed, nameof(INumberPool.ResolveAsync)) =>
            Change<RouteAnswer>(targetMethod, args, answer => Remember(Now() ? answer with { Record = _remembered } : answer, answer.Record)),
        (Flaw.OlderEventApplied, nameof(INumberPool.DecideAsync)) =>
            Change<(ReportOutcome Outcome, LedgerView View)>(targetMethod, args, answer => Inflate(answer, (DecideStep)args![0]!)),
        (Flaw.LeaseForgotten, nameof(INumberPool.GetAsync)) =>
            Change<LeaseRecord?>(targetMethod, args, record => Now() ? null : record),
        (Flaw.SlotTakenTwice or Flaw.RestSkipped, nameof(INumberPool.TakeAsync)) =>
            Change<TakeAnswer>(targetMethod, args, Renumber),
        (Flaw.PartyRestSkipped, nameof(INumberPool.ApplyAsync)) =>
            Change<ApplyAnswer>(targetMethod, args, RememberEnded),
        (Flaw.PartyRestSkipped, nameof(INumberPool.TakeAsync)) =>
            Change<TakeAnswer>(targetMethod, args, TakeBack),
        (Flaw.BlockPassedOver, nameof(INumberPool.ChooseBlockAsync)) =>
            targetMethod.Invoke(_store, [PassOver((BlockChoice)args![0]!), .. args[1..]]),
        _ => targetMethod.Invoke(_store, args),
    };
#pragma warning restore CA2012

    private ValueTask<T> Change<T>(MethodInfo method, object?[]? args, Func<T, T> change)
    {
        // The embedded store answers at once.
        var answer = ((ValueTask<T>)method.Invoke(_store, args)!).AsTask().GetAwaiter().GetResult();
        return new ValueTask<T>(change(answer));
    }

    private bool Now() => ++_calls % Often == 0;

    private T Remember<T>(T answer, LeaseRecord? record)
    {
        _remembered = record ?? _remembered;
        return answer;
    }

    private ValueTask<HolderAnswer> Pretend(HolderKey holder, DateTimeOffset now)
    {
        var record = _store.GetAsync(holder, CancellationToken.None).AsTask().GetAwaiter().GetResult();
        return new(record is null
            ? new HolderAnswer(HolderOutcome.Gone, null)
            : new HolderAnswer(HolderOutcome.Done, record with { End = EndReason.Released, ExpireTime = now }));
    }

    private static (ReportOutcome Outcome, LedgerView View) Inflate((ReportOutcome Outcome, LedgerView View) answer, DecideStep step) =>
        answer.Outcome == ReportOutcome.Older
            ? (answer.Outcome, answer.View with { ReportNumber = answer.View.ReportNumber + Often, Terms = step.Terms })
            : answer;

    private TakeAnswer Renumber(TakeAnswer answer)
    {
        if (!answer.New || _remembered is not { } other || other.PoolId != answer.Record!.PoolId)
            return _flaw == Flaw.SlotTakenTwice ? Remember(answer, answer.Record) : answer;
        return answer with { Record = answer.Record with { Number = other.Number } };
    }

    private ApplyAnswer RememberEnded(ApplyAnswer answer)
    {
        if (answer.Record is { End: not EndReason.None } ended)
            _left[ended.NumberDigest] = ended.Number;
        return answer;
    }

    private TakeAnswer TakeBack(TakeAnswer answer) => answer.New && _left.Remove(answer.Record!.NumberDigest, out var number)
        ? answer with { Record = answer.Record with { Number = number } }
        : answer;

    private BlockChoice PassOver(BlockChoice choice)
    {
        var holder = choice.Parties!.Value.Holder;
        _passOver.TryAdd(holder, _passOver.Count % 2 == 1);
        return _passOver[holder] ? choice with { Tried = [1] } : choice;
    }
}
