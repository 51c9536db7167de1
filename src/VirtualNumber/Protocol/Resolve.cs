using System.Globalization;
using VirtualNumber.Leasing;

namespace VirtualNumber.Protocol;

/// <summary>What Resolve is asked.</summary>
/// <param name="Called">The number as dialled.</param>
/// <param name="Digits">The extension, dialled with it or keyed in; null: none yet.</param>
/// <param name="Caller">The caller; null when withheld.</param>
/// <param name="EarlierCalled">The number that was called before the call was forwarded here; null: it was not.</param>
internal readonly record struct CallQuery(PhoneNumber Called, string? Digits, PhoneNumber? Caller, PhoneNumber? EarlierCalled = null)
{
    /// <summary>The numbers of the gateway that asks; null: all.</summary>
    public NumberScope? Scope { get; init; }

    /// <summary>Which gateway asks.</summary>
    public string GatewayId { get; init; } = "";

    /// <summary>Which of its calls it is: all look-ups of one call have the same.</summary>
    public string CallId { get; init; } = "";

    /// <summary>Voice or text.</summary>
    public CallKind Kind { get; init; } = CallKind.Voice;
}

/// <summary>What Resolve answers.</summary>
/// <param name="Outcome">What the look-up came to. Only Connect connects.</param>
/// <param name="RealNumber">The number to call, when Connect.</param>
/// <param name="LeaseId">The lease, when there is a record.</param>
/// <param name="LeaseTime">Its lease time, when there is a record; in milliseconds the epoch.</param>
internal readonly record struct ResolveAnswer(
    ResolveOutcome Outcome, PhoneNumber? RealNumber = null, string? LeaseId = null, DateTimeOffset LeaseTime = default)
{
    /// <summary>The pool of the called number; null when it is in none.</summary>
    public Pool? Pool { get; init; }

    /// <summary>Whom this look-up locked out.</summary>
    public LockOuts LockOuts { get; init; }

    /// <summary>The lease's slot, when there is a record.</summary>
    public uint Slot { get; init; }

    /// <summary>Whether the store took no changes, so that the call is neither recorded nor counted.</summary>
    public bool IsUnrecorded { get; init; }
}

internal sealed partial class LeaseVerbs
{
    /// <summary>
    /// For so long what was read of a lease is believed: less than a telephone takes to ring. A look-up that takes longer reads it again before
    /// it connects, since whoever was told meanwhile that the lease has ended or has another holder holds this service to its word.
    /// </summary>
    private static readonly TimeSpan s_leaseBelieved = TimeSpan.FromMilliseconds(250);

    /// <summary>How often it is read at most: then the store cannot be relied on, and gateways have given up.</summary>
    private const int MostReads = 4;

    /// <summary>
    /// Where a call goes. Reads one record of the store; only what pools there are, with their rules, is known before. Then the call is recorded, and refused where its caller was connected as often
    /// as may be. Of a lease it changes nothing; an extension which reaches nobody is counted. The lease that connects was so at most
    /// <see cref="s_leaseBelieved"/> before the answer: when that takes longer, all is asked again.
    /// </summary>
    /// <exception cref="StoreUnavailableException">The store, also where it was slow each time.</exception>
    public async ValueTask<ResolveAnswer> ResolveAsync(CallQuery call, CancellationToken cancellation)
    {
        ResolveAnswer recorded = default, answer = default;
        LeaseOfCall? lease = null;
        for (var reads = 0; reads < MostReads; reads++)
        {
            var readAt = time.GetTimestamp();
            // At the first look only: the registry forgets no number, so one that was in a pool stays in it.
            if (await stock.FindOwnerAsync(call.Called, cancellation) is not { } owner)
                return new(ResolveOutcome.NotStocked);
            var judged = await JudgeAsync(owner, call, cancellation) with { Pool = owner };
            if (!ConnectsAlike(judged, recorded))
            {
                // What this look-up has written itself is corrected also where no lease is reached any more.
                lease = judged.LeaseId is null ? lease : new LeaseOfCall(judged.Slot, judged.LeaseTime);
                (recorded, answer) = (judged, await RecordCallAsync(owner, call, judged, lease, cancellation));
            }

            if (answer.Outcome != ResolveOutcome.Connect || time.GetElapsedTime(readAt) <= s_leaseBelieved)
                return answer;
        }

        throw new StoreUnavailableException("The store was too slow each time that a lease was looked at.") { Trouble = StoreTrouble.Silent };
    }

    private static bool ConnectsAlike(in ResolveAnswer one, in ResolveAnswer other) =>
        one.Outcome == ResolveOutcome.Connect && other.Outcome == ResolveOutcome.Connect
        && one.RealNumber!.Equals(other.RealNumber) && (one.Slot, one.LeaseTime) == (other.Slot, other.LeaseTime);

    private async ValueTask<ResolveAnswer> JudgeAsync(Pool owner, CallQuery call, CancellationToken cancellation)
    {
        if (call.Scope?.Includes(call.Called, owner) == false)
            return new(ResolveOutcome.GatewayNotAllowed);
        if (call.EarlierCalled is { } earlier && await stock.IsStockedAsync(earlier, s_stockAgeForCalls, cancellation))
            return new(ResolveOutcome.ForwardedFromPool);
        return owner.Mode switch
        {
            PoolMode.Extension => await ResolveExtensionAsync(owner, call, cancellation),
            PoolMode.Pair => await ResolvePairAsync(owner, call, cancellation),
            // Whoever dials an extension means another kind of number.
            _ => call.Digits is null ? await ResolveHolderAsync(owner, call, part: 0, cancellation) : new(ResolveOutcome.NotLeased),
        };
    }

    /// <summary>A number, or a number and an extension, that stands for one holder.</summary>
    private async ValueTask<ResolveAnswer> ResolveHolderAsync(Pool owner, CallQuery call, uint part, CancellationToken cancellation)
    {
        var route = await pool.ResolveAsync(new RouteStep(call.Called, part), Now, cancellation);
        if (route.Record is not { } record)
            return new(WithoutRecord(route.Outcome));
        var answer = AnswerOf(record);
        if (route.Outcome != RouteOutcome.Route)
            return answer with { Outcome = WasHolder(record, call.Caller) ? ResolveOutcome.EndedForParty : ResolveOutcome.Ended };
        if (call.Caller is null && !route.WithheldCallersAllowed)
            return answer with { Outcome = ResolveOutcome.CallerWithheld };

        var realNumber = Open(record);
        return realNumber.Equals(call.Caller)
            ? answer with { Outcome = ResolveOutcome.CallerIsHolder }
            : await ConnectAsync(owner, record, call.Caller, answer, realNumber, cancellation);
    }

    private async ValueTask<ResolveAnswer> ResolveExtensionAsync(Pool owner, CallQuery call, CancellationToken cancellation)
    {
        if (call.Digits is not { } digits)
            return new(ResolveOutcome.CollectDigits);

        // All that is asked of the store is asked whatever comes of it, and at once: how long a refusal takes must not tell what is right.
        var now = Now;
        var isExtension = digits.Length == owner.ExtensionLength && digits.All(char.IsAsciiDigit);
        var guard = guesses.IsLockedOutAsync(call.Called, call.Caller, now, cancellation).AsTask();
        var route = ResolveHolderAsync(owner, call, isExtension ? uint.Parse(digits, CultureInfo.InvariantCulture) : owner.SlotsPerNumber(), cancellation).AsTask();
        await Task.WhenAll(guard, route);
        if (await guard)
            return new(ResolveOutcome.LockedOut);
        var answer = await route;
        return answer.Outcome switch
        {
            ResolveOutcome.NotLeased or ResolveOutcome.Ended or ResolveOutcome.Suspended =>
                answer with { LockOuts = await guesses.MissAsync(call.Called, call.Caller, now, cancellation) },
            // The right extension, and a caller who is refused all the same: counted too, else it would be the one that is answered a round
            // trip sooner and never locks its caller out. Not against the number: couriers who call too early would shut it to everybody.
            ResolveOutcome.CallerWithheld or ResolveOutcome.OutsideHours or ResolveOutcome.CallerBlocked or ResolveOutcome.CallerNotAllowed
                or ResolveOutcome.RealNumberInPool =>
                answer with { LockOuts = await guesses.RefusedAsync(call.Called, call.Caller, now, cancellation) },
            _ => answer,
        };
    }

    /// <summary>A number by which each party of a pair reaches the other one.</summary>
    private async ValueTask<ResolveAnswer> ResolvePairAsync(Pool owner, CallQuery call, CancellationToken cancellation)
    {
        if (call.Digits is not null)
            return new(ResolveOutcome.NotLeased);
        if (call.Caller is not { } caller)
            return new(ResolveOutcome.CallerWithheld);

        var party = DigestOf(owner.TenantId, caller);
        var route = await pool.ResolveAsync(new RouteStep(call.Called, Party: party), Now, cancellation);
        if (route.Record is not { Pair: { } pair } record)
            return new(WithoutRecord(route.Outcome));
        var answer = AnswerOf(record);
        if (route.Outcome != RouteOutcome.Route)
            return answer with { Outcome = ResolveOutcome.EndedForParty };

        var isHolder = party == record.NumberDigest;
        // The store has said so already; nobody is connected on its word alone.
        if (!isHolder && party != pair.Peer)
            return answer with { Outcome = ResolveOutcome.EndedForParty };
        if (pair.Direction == (isHolder ? CallDirection.ToHolder : CallDirection.FromHolder))
            return answer with { Outcome = ResolveOutcome.DirectionNotAllowed };
        if (isHolder && pair.Peer is null)
            return answer with { Outcome = ResolveOutcome.PeerUnknown };
        return await ConnectAsync(owner, record, caller, answer, isHolder ? OpenPeer(record)! : Open(record), cancellation);
    }

    private async ValueTask<ResolveAnswer> ConnectAsync(
        Pool owner, LeaseRecord record, PhoneNumber? caller, ResolveAnswer answer, PhoneNumber realNumber, CancellationToken cancellation)
    {
        if (RefusalByRules(owner, record, caller) is { } refusal)
            return answer with { Outcome = refusal };
        return await stock.IsStockedAsync(realNumber, s_stockAgeForCalls, cancellation)
            ? answer with { Outcome = ResolveOutcome.RealNumberInPool }
            : answer with { Outcome = ResolveOutcome.Connect, RealNumber = realNumber };
    }

    private ResolveAnswer AnswerOf(LeaseRecord record) => new(ResolveOutcome.Ended, null, LeaseIdOf(record), record.LeaseTime) { Slot = record.Slot };

    /// <summary>Whether the lease has stood for the caller's number, now or before a reassignment.</summary>
    private bool WasHolder(LeaseRecord record, PhoneNumber? caller) => caller is not null
        && (DigestOf(record.TenantId, caller) is var digest && (digest == record.NumberDigest || digest == record.LeasedDigest)
            || ReassignContentOf(record.TenantId, caller) is var content && record.Reassignments.Any(mark => mark.Content == content));

    private static ResolveOutcome WithoutRecord(RouteOutcome outcome) => outcome switch
    {
        RouteOutcome.NotStocked => ResolveOutcome.NotStocked,
        RouteOutcome.Suspended => ResolveOutcome.Suspended,
        _ => ResolveOutcome.NotLeased,
    };
}
