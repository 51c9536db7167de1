using StackExchange.Redis;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;
using VirtualNumber.Sealing;

namespace VirtualNumber.Redis;

internal sealed partial class RedisStore
{
    private static readonly Script s_claim = Script.OnLedger("Claim");
    private static readonly Script s_replace = Script.OnLedger("Replace");
    private static readonly Script s_bind = Script.OnLedger("Bind");
    private static readonly Script s_decide = Script.OnLedger("Decide");
    private static readonly Script s_readLedger = Script.OnLedger("ReadLedger");

    /// <inheritdoc/>
    public async ValueTask<ClaimAnswer> ClaimAsync(ClaimStep step, DateTimeOffset now, CancellationToken cancellation) =>
        ClaimAnswerOf(await RunOnLedgerAsync(
            s_claim,
            step.Delivery,
            now,
            cancellation,
            (int)step.Role,
            MarkOf(step.Request),
            step.ProposedBlock is { } block ? LedgerFormat.Pack(new Claim(step.ProposedId, block, now)) : [],
            Ms(step.KeepUntil),
            step.Forget?.ToArray() ?? []));

    /// <inheritdoc/>
    public async ValueTask<ClaimAnswer> ReplaceAsync(ReplaceStep step, DateTimeOffset now, CancellationToken cancellation) =>
        ClaimAnswerOf(await RunOnLedgerAsync(
            s_replace,
            step.Delivery,
            now,
            cancellation,
            (int)step.Role,
            MarkOf(step.Request),
            Bytes(step.Old),
            step.Ended ? 1 : 0,
            LedgerFormat.Pack(new Claim(step.ProposedId, step.ProposedBlock, now)),
            Ms(step.KeepUntil)));

    /// <inheritdoc/>
    public async ValueTask<bool> BindAsync(
        Digest delivery, RequestMark request, Claim claim, DateTimeOffset now, CancellationToken cancellation) =>
        (long)await calls.RunAsync(
            s_bind, [Keys.Ledger(delivery)], [Ms(now), RecordFormat.Pack(request), LedgerFormat.Pack(claim)], cancellation) == 1;

    /// <inheritdoc/>
    public async ValueTask<(ReportOutcome Outcome, LedgerView View)> DecideAsync(
        DecideStep step, DateTimeOffset now, CancellationToken cancellation)
    {
        var answer = await RunOnLedgerAsync(
            s_decide,
            step.Delivery,
            now,
            cancellation,
            LedgerFormat.Pack(step.EventTime, step.Status),
            LedgerFormat.Pack(step.Terms),
            step.AllowedFrom.Bits,
            Ms(step.KeepUntil));
        var outcome = (string)answer[0]! switch
        {
            "applied" => ReportOutcome.Applied,
            "repeated" => ReportOutcome.Repeated,
            "older" => ReportOutcome.Older,
            _ => ReportOutcome.AfterTerminal,
        };
        return (outcome, ViewOf(answer));
    }

    /// <inheritdoc/>
    public async ValueTask<LedgerView?> ReadLedgerAsync(Digest delivery, DateTimeOffset now, CancellationToken cancellation)
    {
        var answer = await RunOnLedgerAsync(s_readLedger, delivery, now, cancellation);
        return answer.Length == 1 ? null : ViewOf(answer);
    }

    private static RedisValue MarkOf(RequestMark? request) => request is null ? Array.Empty<byte>() : RecordFormat.Pack(request);

    private static ClaimAnswer ClaimAnswerOf(RedisResult[] answer) => new(
        (string)answer[0]! switch
        {
            "bound" => ClaimKind.Bound,
            "standing" => ClaimKind.Standing,
            "created" => ClaimKind.Created,
            "moved" => ClaimKind.Moved,
            _ => ClaimKind.None,
        },
        LedgerFormat.UnpackClaim((byte[])answer[1]!),
        (int)answer[2] == 1,
        (int)answer[3],
        LedgerFormat.UnpackTerms((byte[])answer[4]!));

    private static LedgerView ViewOf(RedisResult[] answer)
    {
        var (time, status) = LedgerFormat.UnpackEvent((byte[])answer[2]!);
        var claims = new List<(DeliveryRole Role, Claim Claim)>();
        for (var role = DeliveryRole.Recipient; role <= DeliveryRole.Courier; role++)
        {
            if (LedgerFormat.UnpackClaim((byte[])answer[3 + (int)role]!) is { } claim)
                claims.Add((role, claim));
        }

        return new((int)answer[1], status, time, LedgerFormat.UnpackTerms((byte[])answer[3]!), claims);
    }
}
