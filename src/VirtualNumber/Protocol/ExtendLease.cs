using System.Globalization;
using VirtualNumber.Leasing;

namespace VirtualNumber.Protocol;

internal sealed partial class LeaseVerbs
{
    /// <summary>Moves the expire time later by one of the allowed spans; what it promises is a floor for later reports.</summary>
    public async ValueTask<LeaseAnswer> ExtendLeaseAsync(
        string tenantId, string leaseId, string requestId, TimeSpan extension, CancellationToken cancellation)
    {
        if (!TryFindHolder(tenantId, leaseId, out var holder))
            return new(LeaseOutcome.LeaseIdInvalid, null);

        var request = new RequestMark(
            index.Of("extend-lease-request", tenantId, requestId),
            index.Of("extend-lease-content", tenantId, extension.Ticks.ToString(CultureInfo.InvariantCulture)));
        var now = Now;
        var answer = await pool.ExtendAsync(
            holder, request, extension, terms.ExtensionLimit, terms.HardCap, now, cancellation);
        return AnswerOf(answer, now);
    }
}
