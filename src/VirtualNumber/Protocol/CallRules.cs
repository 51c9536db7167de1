using System.Buffers.Binary;
using VirtualNumber.Leasing;
using VirtualNumber.Sealing;

namespace VirtualNumber.Protocol;

internal sealed partial class LeaseVerbs
{
    /// <summary>Callers as rules keep them: by keyed digests, scoped to the tenant and of a purpose of their own, which compare with no record's.</summary>
    public CallerSet CallersOf(string tenantId, IEnumerable<PhoneNumber> callers) => CallerSet.Of(callers.Select(caller => CallerDigestOf(tenantId, caller)));

    /// <summary>
    /// What the rules of pool and lease have against a call at this moment, in order of precedence; null: nothing. By this service's clock: a
    /// gateway's may be off. Costs nothing where there are no rules.
    /// </summary>
    private ResolveOutcome? RefusalByRules(Pool owner, LeaseRecord record, PhoneNumber? caller)
    {
        var (ofPool, ofLease) = (owner.Rules, record.Rules);
        if (!IsOpen(ofPool) || !IsOpen(ofLease))
            return ResolveOutcome.OutsideHours;
        if (!ofPool.AskForCaller() && !ofLease.AskForCaller())
            return null;

        var digest = caller is null ? default(UInt128?) : CallerDigestOf(owner.TenantId, caller);
        if (Has(ofPool.Blocked, digest) || Has(ofLease.Blocked, digest))
            return ResolveOutcome.CallerBlocked;
        return IsAllowed(ofPool, digest) && IsAllowed(ofLease, digest) ? null : ResolveOutcome.CallerNotAllowed;
    }

    private static bool IsAllowed(CallRules rules, UInt128? caller) => rules.Allowed is null || Has(rules.Allowed, caller);

    /// <summary>A caller who is withheld is in no set.</summary>
    private static bool Has(CallerSet callers, UInt128? caller) => caller is { } digest && callers.Contains(digest);

    private bool IsOpen(CallRules rules) => rules.Hours is not { } hours || hours.IsOpen(Now);

    private UInt128 CallerDigestOf(string tenantId, PhoneNumber caller)
    {
        Span<byte> bytes = stackalloc byte[Digest.Length];
        index.Of("caller", tenantId, caller.Canonical).CopyTo(bytes);
        return BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }
}
