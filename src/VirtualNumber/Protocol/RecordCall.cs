using System.Globalization;
using VirtualNumber.Leasing;
using VirtualNumber.Sealing;

namespace VirtualNumber.Protocol;

internal sealed partial class LeaseVerbs
{
    private CallKeeping Keeping => new(callRecords.Kept, callRecords.MostPerBlock);

    /// <summary>
    /// Records what a look-up came to, in the same step that judges how often the caller was connected. A store that takes no changes, or
    /// none while it moves data, keeps nobody from calling: then the answer stands as it is, and says that it was not recorded.
    /// </summary>
    private async ValueTask<ResolveAnswer> RecordCallAsync(
        Pool owner, CallQuery call, ResolveAnswer answer, LeaseOfCall? lease, CancellationToken cancellation)
    {
        var digest = DigestOfCall(call.GatewayId, call.CallId);
        var sealedCaller = call.Caller is { } caller ? sealer.Seal(caller.Canonical, CallerContext(owner.TenantId, digest)) : [];
        var step = new CallStep(
            call.Called,
            digest,
            answer.Outcome,
            lease,
            new CallSource(call.Kind, call.GatewayId, RunsOfDigits.Hide(call.CallId), sealedCaller),
            answer.Outcome == ResolveOutcome.Connect ? FrequencyOf(call, lease!.Value) : null,
            Keeping);
        try
        {
            return await pool.RecordCallAsync(step, Now, cancellation) == RecordCallOutcome.TooFrequent
                ? answer with { Outcome = ResolveOutcome.TooFrequent, RealNumber = null }
                : answer;
        }
        catch (StoreUnavailableException fault) when (fault.OnlyChangesFail)
        {
            return answer with { IsUnrecorded = true };
        }
    }

    /// <summary>Callers who are withheld cannot be told apart: they count as one. By its slot the called number tells the block too.</summary>
    private CallFrequency? FrequencyOf(CallQuery call, LeaseOfCall lease) => callRecords.Limits.Count == 0
        ? null
        : new(
            index.Of(
                "call-frequency",
                call.Called.Canonical,
                lease.Slot.ToString(CultureInfo.InvariantCulture),
                lease.LeaseTime.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture),
                call.Caller?.Canonical ?? ""),
            callRecords.Limits);

    private Digest DigestOfCall(string gatewayId, string callId) => index.Of("call", gatewayId, callId);

    /// <summary>Of its own, so that a sealed caller opens as nothing else, and in no other record.</summary>
    private static SealContext CallerContext(string tenantId, Digest call) => new("call-caller", tenantId, call, default);
}
