using System.Text;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;
using static VirtualNumber.Tests.Protocol.Simulation.InvariantBrokenException;

namespace VirtualNumber.Tests.Protocol.Simulation;

/// <summary>What each step may change, and what it must answer, written down a second time, from the design note.</summary>
internal static class StepRules
{
    /// <summary>Checks one change of a record against the step that made it.</summary>
    internal static void Check(string step, DateTimeOffset? at, object? argument, RecordChange change, TimeSpan aging, Slots slots)
    {
        Unless(at is not null, () => $"{step}, a read, changed a record.");
        var now = at!.Value;
        var (before, after) = (change.Before, change.After);
        if (change.IsLeased)
            CheckLeased(step, now, (TakeStep)argument!, change, aging, slots);
        else if (change.IsRemoved)
            Unless(IsTidying(step, argument) && before!.ExpireTime <= now - aging, () => $"{step} removed a record before its rest was over.");
        else if (change.IsExpired && !change.IsReported)
            CheckExpired(step, now, argument, change);
        else
            CheckOwn(step, now, argument, change);

        if (before is not null && after is not null && !change.IsLeased)
        {
            Unless(before.End == EndReason.None, () => $"{step} changed a lease that was over.");
            Unless(
                after.ExpireTime >= before.ExpireTime || change.IsMoved || step is "apply" or "release",
                () => $"{step} shortened a lease.");
        }
    }

    /// <summary>Checks what a step answered against the records as they are.</summary>
    internal static void CheckAnswer(
        string step, DateTimeOffset? now, object? argument, object? answer, StepOracle oracle, List<RecordChange> changes, SimulatedWorld world)
    {
        switch (step, argument, answer)
        {
            case ("choose", BlockChoice choice, var chosen):
                oracle.Shared.CheckChoice(choice, now!.Value, (uint?)chosen);
                break;
            case ("take", TakeStep { Choice: not null } shared, TakeAnswer { Outcome: TakeOutcome.Full } full):
                oracle.Shared.CheckTake(shared, now!.Value, full);
                break;
            case ("take", TakeStep take, TakeAnswer { Outcome: TakeOutcome.Full }):
                Unless(
                    oracle.Slots.LeastEnd(take.Claim.Block) is var end && !(end <= now - world.AgingOfBlock(take.Claim.Block)),
                    () => "A block with a rested number says that it is full.");
                break;
            case ("take", TakeStep take, TakeAnswer { Record: not null } taken):
                Unless(taken.New || changes.All(change => IsOn(take, change.Record)), () => "A take that took nothing touched another lease.");
                Unless(taken.Record.Claim == take.Claim.Id, () => "A claim was answered with another claim's lease.");
                Unless(taken.Outcome == TakeOutcome.Live == taken.Record.IsLive(now!.Value), () => "A lease is called what it is not.");
                Unless(taken.New == changes.Any(change => change.IsLeased), () => "A lease is called new that is not, or the other way round.");
                if (take.Choice is not null && taken.New)
                    oracle.Shared.CheckTake(take, now.Value, taken);
                break;
            case ("get", HolderKey holder, var got):
                Unless(got is LeaseRecord == oracle.Find(holder) is not null, () => "A lease is there or not, and get says otherwise.");
                break;
            case ("find", Claim claim, var found):
                Unless(found is LeaseRecord == oracle.RecordOf(claim) is not null, () => "A claim took a slot or not, and find says otherwise.");
                break;
            case ("resolve", RouteStep asked, RouteAnswer route):
                var expected = ExpectedRoutes(asked, now!.Value, oracle);
                Unless(
                    expected.Contains((route.Outcome, route.Record)), () => $"The route is {route} where it should be {string.Join(" or ", expected)}.");
                break;
            case ("reassign", ReassignStep reassign, HolderAnswer reassigned):
                oracle.Shared.CheckReassigned(reassign, now!.Value, reassigned, changes.SingleOrDefault());
                break;
        }
    }

    private static IReadOnlyList<(RouteOutcome Outcome, LeaseRecord? Record)> ExpectedRoutes(RouteStep step, DateTimeOffset now, StepOracle oracle)
    {
        if (!oracle.Slots.IsStocked(step.Called))
            return [(RouteOutcome.NotStocked, null)];
        if (oracle.Slots.PoolOf(step.Called).Mode != PoolMode.Direct)
            return oracle.Shared.ExpectedRoutes(step, now);
        if (oracle.Slots.IsSuspended(step.Called))
            return [(RouteOutcome.Suspended, null)];
        if (oracle.RecordOf(step.Called) is not { } record)
            return [(RouteOutcome.NotLeased, null)];
        return [(record.End == EndReason.None && record.ExpireTime > now ? RouteOutcome.Route : RouteOutcome.Ended, record)];
    }

    private static void CheckLeased(string step, DateTimeOffset now, TakeStep take, RecordChange change, TimeSpan aging, Slots slots)
    {
        var record = change.After!;
        Unless(step == "take", () => $"{step} leased.");
        Unless(slots.IsInStock(record.Number), () => "A number that was taken out was leased.");
        Unless(change.Before is null || change.Before.LeaseTime < now, () => "An epoch is not larger than the last.");
        Unless(change.Before is null || change.Before.ExpireTime <= now - aging, () => "A slot was leased before its rest was over.");
        if (slots.PoolOf(record.Number).Mode == PoolMode.Direct)
        {
            var end = slots.EndOf(record.Number);
            Unless(end <= now - aging, () => "A number was leased before its rest was over.");
            Unless(slots.LeastEnd(record.Block) is not { } least || end == least, () => "It is not the longest rested number.");
        }

        Unless(now <= take.Claim.Time + ProtocolTestBounds.TakeWindow, () => "A claim took a slot after its window.");
        Unless(
            (record.Claim, record.LeaseTime, record.ExpireTime, record.ReportNumber, record.Delivery, record.Role, record.End)
                == (take.Claim.Id, now, take.ExpireTime, take.ReportNumber, take.Delivery, take.Role, EndReason.None)
                && (record.NumberDigest, record.LeasedDigest) == (take.NumberDigest, take.LeasedDigest ?? take.NumberDigest)
                && Equals(record.Pair, take.Pair) && record.Floor == take.Floor && record.Extensions.SequenceEqual(take.Extensions),
            () => "A lease is not what was asked for.");
        Unless(record.ExpireTime > now, () => "A lease was dead when it was made.");
        CheckHidden(record);
    }

    private static void CheckExpired(string step, DateTimeOffset now, object? argument, RecordChange change)
    {
        Unless(change.Before!.ExpireTime <= now, () => $"{step} wrote down an expiry that was not due.");
        Unless(change.IsOnly(record => record with { End = EndReason.Expired }), () => $"{step} wrote down more than an expiry.");
        Unless(IsTidying(step, argument) || IsOn(argument, change.Record), () => $"{step} touched another lease.");
    }

    private static void CheckOwn(string step, DateTimeOffset now, object? argument, RecordChange change)
    {
        var (before, after) = (change.Before!, change.After!);
        Unless(IsOn(argument, before), () => $"{step} touched another lease.");
        Unless(before.ExpireTime > now, () => $"{step} changed a lease that was over.");
        var cap = before.LeaseTime + ProtocolTestBounds.Cap;
        switch (argument)
        {
            case ApplyCall apply:
                var floored = apply.Terms.Final || before.Floor is not { } floor || floor < apply.Terms.Instant ? apply.Terms.Instant : floor;
                var due = Least(Most(floored, now), cap);
                Unless(apply.ReportNumber > before.ReportNumber, () => "An older or repeated report changed a lease.");
                Unless(
                    change.IsOnly(record => record with
                    {
                        ExpireTime = due,
                        ReportNumber = apply.ReportNumber,
                        End = due <= now ? EndReason.Expired : EndReason.None,
                    }),
                    () => $"A report set {after.ExpireTime:O} where {due:O} was due.");
                break;
            case ExtendCall extend:
                var expireTime = Least(before.ExpireTime + extend.Span, cap);
                Unless(after.Extensions.Length == before.Extensions.Length + 1 && after.Extensions.Length <= 3, () => "Extended too often.");
                Unless(
                    change.IsOnly(record => record with { ExpireTime = expireTime, Floor = expireTime, Extensions = after.Extensions }),
                    () => "An extension changed something else.");
                break;
            case HolderKey when step == "release":
                Unless(
                    change.IsOnly(record => record with { ExpireTime = now, End = EndReason.Released }), () => "A release changed something else.");
                break;
            case ReassignStep reassign when change.IsMoved:
                Unless(
                    change.IsOnly(record => Remembering(record, reassign) with
                    {
                        End = EndReason.Released,
                        ExpireTime = now,
                        Pair = record.Pair! with { EndBeforeMove = record.ExpireTime },
                    }),
                    () => "A lease that was moved changed in something else.");
                break;
            case ReassignStep reassign:
                var (number, peer) = (reassign.Number, reassign.Peer);
                Unless(
                    change.IsOnly(record => Remembering(record, reassign) with
                    {
                        NumberDigest = number?.Digest ?? record.NumberDigest,
                        SealedNumber = number?.Sealed ?? record.SealedNumber,
                        Pair = peer is { } other ? record.Pair! with { Peer = other.Digest, SealedPeer = other.Sealed } : record.Pair,
                    }),
                    () => "A reassignment changed something else.");
                CheckHidden(after);
                break;
            default:
                throw new InvariantBrokenException($"{step} changed a lease.");
        }
    }

    private static LeaseRecord Remembering(LeaseRecord record, ReassignStep step) =>
        record with { Reassignments = [.. record.Reassignments.Append(step.Request).TakeLast(8)] };

    /// <summary>Reclaim, and a take where numbers are shared, do what is due to any record.</summary>
    private static bool IsTidying(string step, object? argument) => step == "reclaim" || argument is TakeStep { Choice: not null };

    private static bool IsOn(object? argument, LeaseRecord record) => argument switch
    {
        TakeStep take => take.Claim.Id == record.Claim,
        ApplyCall apply => apply.Claim.Id == record.Claim,
        ExtendCall extend => StoreTests.HolderOf(record) == extend.Holder,
        HolderKey holder => StoreTests.HolderOf(record) == holder,
        ReassignStep reassign => StoreTests.HolderOf(record) == reassign.Holder,
        _ => false,
    };

    /// <summary>No real number in clear, neither in a field nor among the sealed bytes.</summary>
    private static void CheckHidden(LeaseRecord record)
    {
        var text = record + Encoding.Latin1.GetString(record.SealedNumber.Span) + Encoding.Latin1.GetString((record.Pair?.SealedPeer ?? default).Span);
        Unless(!text.Contains("8880000", StringComparison.Ordinal), () => "A record holds a real number.");
    }

    private static DateTimeOffset Least(DateTimeOffset one, DateTimeOffset other) => one < other ? one : other;

    private static DateTimeOffset Most(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;
}

/// <summary>The figures of the design note that the rules are about.</summary>
internal static class ProtocolTestBounds
{
    internal static readonly TimeSpan TakeWindow = TimeSpan.FromMinutes(2);
    internal static readonly TimeSpan CommandDelay = TimeSpan.FromMinutes(1);
    internal static readonly TimeSpan Cap = TimeSpan.FromDays(90);
}
