using Grpc.Core;

namespace VirtualNumber.Api;

internal sealed partial class OpsService
{
    /// <inheritdoc/>
    public override async Task<V1.ListLeasesResponse> ListLeases(V1.ListLeasesRequest request, ServerCallContext context)
    {
        var faults = new FieldFaults();
        TenantAndPool(request.TenantId, request.PoolId, faults);
        faults.Require(Enum.IsDefined(request.State), "state", "Must be LIVE, ENDED or unspecified.");
        var size = RequestRules.PageSize(request.PageSize, faults);
        var token = RequestRules.PageToken(request.PageToken, faults);
        faults.ThrowIfAny();
        var state = request.State.ToString();
        if (!tokens.TryRead(token, out var from, "ListLeases", request.TenantId, request.PoolId, state))
            throw StatusMap.PageTokenInvalid();

        var pool = await FindPoolAsync(request.TenantId, request.PoolId, context.CancellationToken);
        bool? live = request.State == V1.LeaseState.Unspecified ? null : request.State == V1.LeaseState.Live;
        var (leases, next) = await verbs.ListLeasesAsync(pool, live, from, size, context.CancellationToken);
        var response = new V1.ListLeasesResponse();
        response.Leases.AddRange(leases.Select(Messages.ToMessage));
        if (next is { } cursor)
            response.NextPageToken = tokens.Write(cursor, "ListLeases", request.TenantId, request.PoolId, state);
        return response;
    }
}
