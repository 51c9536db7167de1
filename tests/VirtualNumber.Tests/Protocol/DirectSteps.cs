using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Tests.Protocol;

/// <summary>The steps as they are asked where numbers are not shared.</summary>
internal static class DirectSteps
{
    internal static ValueTask<uint?> ChooseBlockAsync(
        this INumberPool pool, string tenantId, string poolId, IReadOnlyCollection<uint> tried, DateTimeOffset now, CancellationToken cancellation) =>
        pool.ChooseBlockAsync(new BlockChoice(tenantId, poolId, tried), now, cancellation);

    internal static ValueTask<RouteAnswer> ResolveAsync(
        this INumberPool pool, PhoneNumber called, DateTimeOffset now, CancellationToken cancellation) =>
        pool.ResolveAsync(new RouteStep(called), now, cancellation);

    internal static async ValueTask<LeaseAnswer> ReassignLeaseAsync(
        this LeaseVerbs verbs, string tenantId, string leaseId, string requestId, PhoneNumber realNumber, CancellationToken cancellation) =>
        await verbs.ReassignLeaseAsync(new ReassignLeaseCommand(tenantId, leaseId, requestId, realNumber), cancellation);

    internal static ValueTask<ResolveAnswer> ResolveAsync(
        this LeaseVerbs verbs, PhoneNumber called, PhoneNumber? caller, CancellationToken cancellation) =>
        verbs.ResolveAsync(new CallQuery(called, null, caller), cancellation);

    internal static ValueTask<(Pool Pool, bool Changed)?> UpdatePoolAsync(
        this INumberStock stock, string tenantId, string poolId, TimeSpan? aging, bool? withheldCallersAllowed, int? expectedVersion,
        CancellationToken cancellation) =>
        stock.UpdatePoolAsync(tenantId, poolId, new PoolUpdate(aging, withheldCallersAllowed), expectedVersion, cancellation);

    internal static ValueTask<HolderAnswer> ReassignAsync(
        this INumberPool pool, HolderKey holder, RequestMark request, BoundNumber number, DateTimeOffset now, CancellationToken cancellation) =>
        pool.ReassignAsync(new ReassignStep(holder, request, number), now, cancellation);
}
