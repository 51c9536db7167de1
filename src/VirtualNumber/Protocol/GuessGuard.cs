using VirtualNumber.Leasing;
using VirtualNumber.Sealing;

namespace VirtualNumber.Protocol;

/// <summary>Who was locked out by a look-up, having guessed too often.</summary>
[Flags]
internal enum LockOuts
{
    /// <summary>Nobody.</summary>
    None = 0,

    /// <summary>The caller, at all numbers.</summary>
    Caller = 1,

    /// <summary>Everybody, at this number.</summary>
    Number = 2,
}

/// <summary>
/// Counts extensions that reach nobody, by caller and by number: with 200 of 10,000 extensions in use one guess in 50 would hit. Those that
/// would reach somebody, but for who calls or when, are counted by caller only. A store that takes no changes stops no look-up: meanwhile each
/// instance counts for itself, so that nobody guesses for nothing.
/// </summary>
internal sealed class GuessGuard(INumberPool pool, BlindIndex index, GuessOptions options)
{
    private readonly Counters _meanwhile = new();
    private long _tidiedAt;

    /// <summary>Whether the caller, or everybody at the number, is locked out now.</summary>
    public async ValueTask<bool> IsLockedOutAsync(PhoneNumber called, PhoneNumber? caller, DateTimeOffset now, CancellationToken cancellation)
    {
        TidyMeanwhile(now);
        var (byCaller, byNumber) = (CounterOfCaller(called, caller), CounterOfNumber(called));
        var ofCaller = pool.FindBarAsync(byCaller, now, cancellation).AsTask();
        var ofNumber = pool.FindBarAsync(byNumber, now, cancellation).AsTask();
        return (await Task.WhenAll(ofCaller, ofNumber)).Any(bar => bar is not null)
            || _meanwhile.FindBar(byCaller, now) is not null || _meanwhile.FindBar(byNumber, now) is not null;
    }

    /// <summary>Counts a miss; tells whom it locked out.</summary>
    public async ValueTask<LockOuts> MissAsync(PhoneNumber called, PhoneNumber? caller, DateTimeOffset now, CancellationToken cancellation)
    {
        var ofCaller = CountAsync(CounterOfCaller(called, caller), options.MissesPerCaller, now, cancellation);
        var ofNumber = CountAsync(CounterOfNumber(called), options.MissesPerNumber, now, cancellation);
        var barred = await Task.WhenAll(ofCaller, ofNumber);
        return (barred[0] ? LockOuts.Caller : LockOuts.None) | (barred[1] ? LockOuts.Number : LockOuts.None);
    }

    /// <summary>Counts a right extension whose caller is refused, like a miss but by caller only; tells whom it locked out.</summary>
    public async ValueTask<LockOuts> RefusedAsync(PhoneNumber called, PhoneNumber? caller, DateTimeOffset now, CancellationToken cancellation) =>
        await CountAsync(CounterOfCaller(called, caller), options.MissesPerCaller, now, cancellation) ? LockOuts.Caller : LockOuts.None;

    private async Task<bool> CountAsync(Digest counter, int limit, DateTimeOffset now, CancellationToken cancellation)
    {
        var step = new CountStep(counter, limit, options.Window, options.LockOut);
        CountAnswer answer;
        try
        {
            answer = await pool.CountAsync(step, now, cancellation);
        }
        catch (StoreUnavailableException fault) when (fault.OnlyChangesFail)
        {
            answer = _meanwhile.Count(step, now);
        }

        return answer is { Counted: true, BarredUntil: not null };
    }

    private void TidyMeanwhile(DateTimeOffset now)
    {
        var tidiedAt = Volatile.Read(ref _tidiedAt);
        // Also where the clock was put back since; what is counted by the later time stays until then.
        if (Math.Abs(now.UtcTicks - tidiedAt) > options.Window.Ticks && Interlocked.CompareExchange(ref _tidiedAt, now.UtcTicks, tidiedAt) == tidiedAt)
            _meanwhile.Reclaim(now);
    }

    /// <summary>Callers who are withheld cannot be told apart; those at other numbers are not made to pay for it.</summary>
    private Digest CounterOfCaller(PhoneNumber called, PhoneNumber? caller) =>
        caller is null ? index.Of("guess-withheld", called.Canonical) : index.Of("guess-caller", caller.Canonical);

    private Digest CounterOfNumber(PhoneNumber called) => index.Of("guess-number", called.Canonical);
}
