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
            Unless(step == "reclaim" && before!.ExpireTime <= now - aging, () => $"{step} removed a record before its rest was over.");
        else if (change.IsExpired && !change.IsReported)
            CheckExpired(step, now, argument, change);
        else
            CheckOwn(step, now, argument, change);

        if (before is not null && after is not null && !change.IsLeased)
        {
            Unless(before.End == EndReason.None, () => $"{step} changed a lease that was over.");
            Unless(
                after.ExpireTime >= before.ExpireTime || step is "apply" or "release",
                () => $"{step} shortened a lease.");
        }
    }

    /// <summary>Checks what a step answered against the records as they are.</summary>
    internal static void CheckAnswer(
        string step, DateTimeOffset? now, object? argument, object? answer, StepOracle oracle, List<RecordChange> changes, SimulatedWorld world)
    {
        switch (step, argument, answer)
        {
            case ("take", TakeStep take, TakeAnswer { Outcome: TakeOutcome.Full }):
                Unless(
                    oracle.Slots.LeastEnd(take.Claim.Block) is var end && !(end <= now - world.AgingOfBlock(take.Claim.Block)),
                    () => "A block with a rested number says that it is full.");
                break;
            case ("take", TakeStep take, TakeAnswer { Record: not null } taken):
                Unless(taken.Record.Claim == take.Claim.Id, () => "A claim was answered with another claim's lease.");
                Unless(taken.Outcome == TakeOutcome.Live == taken.Record.IsLive(now!.Value), () => "A lease is called what it is not.");
                Unless(!taken.New || changes is [{ IsLeased: true }], () => "A lease is called new that is not.");
                break;
            case ("get", HolderKey holder, var got):
                Unless(got is LeaseRecord == oracle.Find(holder) is not null, () => "A lease is there or not, and get says otherwise.");
                break;
            case ("find", Claim claim, var found):
                Unless(found is LeaseRecord == oracle.RecordOf(claim) is not null, () => "A claim took a slot or not, and find says otherwise.");
                break;
            case ("resolve", RouteStep asked, RouteAnswer route):
                var expected = ExpectedRoute(asked.Called, now!.Value, oracle);
                Unless(route.Outcome == expected, () => $"The route is {route.Outcome} where it should be {expected}.");
                break;
        }
    }

    private static RouteOutcome ExpectedRoute(PhoneNumber called, DateTimeOffset now, StepOracle oracle)
    {
        if (!oracle.Slots.IsStocked(called))
            return RouteOutcome.NotStocked;
        if (oracle.Slots.IsSuspended(called))
            return RouteOutcome.Suspended;
        if (oracle.RecordOf(called) is not { } record)
            return RouteOutcome.NotLeased;
        return record.End == EndReason.None && record.ExpireTime > now ? RouteOutcome.Route : RouteOutcome.Ended;
    }

    private static void CheckLeased(string step, DateTimeOffset now, TakeStep take, RecordChange change, TimeSpan aging, Slots slots)
    {
        var record = change.After!;
        Unless(step == "take", () => $"{step} leased.");
        Unless(slots.IsInStock(record.Number), () => "A number that was taken out was leased.");
        var end = slots.EndOf(record.Number);
        Unless(end <= now - aging, () => "A number was leased before its rest was over.");
        Unless(change.Before is null || change.Before.LeaseTime < now, () => "An epoch is not larger than the last.");
        Unless(slots.LeastEnd(record.Block) is not { } least || end == least, () => "It is not the longest rested number.");
        Unless(now <= take.Claim.Time + ProtocolTestBounds.TakeWindow, () => "A claim took a slot after its window.");
        Unless(
            (record.Claim, record.LeaseTime, record.ExpireTime, record.ReportNumber, record.Delivery, record.Role, record.End)
                == (take.Claim.Id, now, take.ExpireTime, take.ReportNumber, take.Delivery, take.Role, EndReason.None),
            () => "A lease is not what was asked for.");
        Unless(record.ExpireTime > now, () => "A lease was dead when it was made.");
        CheckHidden(record);
    }

    private static void CheckExpired(string step, DateTimeOffset now, object? argument, RecordChange change)
    {
        Unless(change.Before!.ExpireTime <= now, () => $"{step} wrote down an expiry that was not due.");
        Unless(change.IsOnly(record => record with { End = EndReason.Expired }), () => $"{step} wrote down more than an expiry.");
        Unless(step == "reclaim" || IsOn(argument, change.Record), () => $"{step} touched another lease.");
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
            case ReassignStep:
                Unless(
                    change.IsOnly(record => record with
                    {
                        NumberDigest = after.NumberDigest,
                        SealedNumber = after.SealedNumber,
                        Reassignments = after.Reassignments,
                    }),
                    () => "A reassignment changed something else.");
                CheckHidden(after);
                break;
            default:
                throw new InvariantBrokenException($"{step} changed a lease.");
        }
    }

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
        var text = record + Encoding.Latin1.GetString(record.SealedNumber.Span);
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
