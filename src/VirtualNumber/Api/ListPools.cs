using Grpc.Core;

namespace VirtualNumber.Api;

internal sealed partial class OpsService
{
    /// <inheritdoc/>
    public override async Task<V1.ListPoolsResponse> ListPools(V1.ListPoolsRequest request, ServerCallContext context)
    {
        var faults = new FieldFaults();
        rules.Tenant(request.TenantId, faults);
        var size = RequestRules.PageSize(request.PageSize, faults);
        var token = RequestRules.PageToken(request.PageToken, faults);
        faults.ThrowIfAny();
        if (!tokens.TryReadText(token, out var after, "ListPools", request.TenantId))
            throw StatusMap.PageTokenInvalid();

        // One more than asked for tells whether there is a next page.
        var pools = await stock.ListPoolsAsync(request.TenantId, after, size + 1, context.CancellationToken);
        var response = new V1.ListPoolsResponse();
        response.Pools.AddRange(pools.Take(size).Select(Messages.ToMessage));
        if (pools.Count > size)
            response.NextPageToken = tokens.WriteText(pools[size - 1].PoolId, "ListPools", request.TenantId);
        return response;
    }
}
