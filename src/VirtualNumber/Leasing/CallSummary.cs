namespace VirtualNumber.Leasing;

/// <summary>A call as an operator sees it. It holds no real number, only a mask.</summary>
/// <param name="GatewayId">The gateway that asked or reported.</param>
/// <param name="CallId">Its call id, without what may be a number.</param>
/// <param name="Kind">Voice or text; unspecified: nothing but events told of it.</param>
/// <param name="Number">The virtual number that was called.</param>
/// <param name="MaskedCaller">The caller's number with at least six digits hidden; empty when it was withheld, is not known or does not open.</param>
/// <param name="LeaseId">The lease that it reached; null: none.</param>
/// <param name="LeaseTime">When that lease began; in milliseconds its epoch.</param>
/// <param name="StartTime">When the service first heard of it.</param>
/// <param name="Outcome">What its latest look-up came to; unspecified: none was seen.</param>
/// <param name="Events">What its gateway reported, in the order of time.</param>
public sealed record CallSummary(
    string GatewayId,
    string CallId,
    CallKind Kind,
    PhoneNumber Number,
    string MaskedCaller,
    string? LeaseId,
    DateTimeOffset LeaseTime,
    DateTimeOffset StartTime,
    ResolveOutcome Outcome,
    IReadOnlyList<CallEvent> Events)
{
    /// <summary>When it was answered first; null: it was not, as far as was reported.</summary>
    public DateTimeOffset? AnswerTime => FirstOf(CallEventKind.Answered, DateTimeOffset.MinValue);

    /// <summary>From the first answer to the first release after it; zero where one of them was not reported.</summary>
    public TimeSpan TalkTime => AnswerTime is { } answer && FirstOf(CallEventKind.Released, answer) is { } release ? release - answer : TimeSpan.Zero;

    private DateTimeOffset? FirstOf(CallEventKind kind, DateTimeOffset from) =>
        Events.Where(e => e.Kind == kind && e.Time >= from).Select(e => (DateTimeOffset?)e.Time).Min();
}
