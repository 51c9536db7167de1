namespace VirtualNumber.Load.Replay;

/// <summary>What the parcels of one replay share.</summary>
/// <param name="Target">The service.</param>
/// <param name="Policy">Its terms.</param>
/// <param name="Time">The clock that the service goes by.</param>
/// <param name="Agenda">What is to be done.</param>
/// <param name="Report">What is found.</param>
/// <param name="ProbeBefore">How long before an expire time the look-up is sent that must still connect.</param>
/// <param name="ProbeAfter">How long after it the one that must not.</param>
internal sealed record ReplayContext(
    IReplayTarget Target,
    ReplayPolicy Policy,
    TimeProvider Time,
    Agenda Agenda,
    ReplayReport Report,
    TimeSpan ProbeBefore,
    TimeSpan ProbeAfter)
{
    /// <summary>Makes a call and notes the interval in which the service must have judged it.</summary>
    public async Task<Timed<T>> CallAsync<T>(Func<IReplayTarget, Task<T>> call)
    {
        var sent = Time.GetUtcNow();
        var answer = await call(Target);
        return new(answer, sent, Time.GetUtcNow());
    }
}

/// <summary>An answer, and the instants before the call was sent and after it was answered.</summary>
internal readonly record struct Timed<T>(T Answer, DateTimeOffset Sent, DateTimeOffset Answered)
{
    /// <summary>Whether an instant can have been the service's present, which it counts in whole milliseconds.</summary>
    public bool Spans(DateTimeOffset instant) =>
        instant.ToUnixTimeMilliseconds() >= Sent.ToUnixTimeMilliseconds() && instant <= Answered;
}
