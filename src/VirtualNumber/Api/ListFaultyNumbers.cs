using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace VirtualNumber.Api;

internal sealed partial class OpsService
{
    /// <inheritdoc/>
    public override async Task<V1.ListFaultyNumbersResponse> ListFaultyNumbers(V1.ListFaultyNumbersRequest request, ServerCallContext context)
    {
        var faults = new FieldFaults();
        TenantAndPool(request.TenantId, request.PoolId, faults);
        var size = RequestRules.PageSize(request.PageSize, faults);
        var token = RequestRules.PageToken(request.PageToken, faults);
        faults.ThrowIfAny();
        if (!tokens.TryRead(token, out var from, "ListFaultyNumbers", request.TenantId, request.PoolId))
            throw StatusMap.PageTokenInvalid();

        var pool = await FindPoolAsync(request.TenantId, request.PoolId, context.CancellationToken);
        var page = await stock.ListFaultyNumbersAsync(pool, from, size, Now, context.CancellationToken);
        var response = new V1.ListFaultyNumbersResponse
        {
            NextPageToken = page.Next is { } next ? tokens.Write(next, "ListFaultyNumbers", request.TenantId, request.PoolId) : "",
        };
        response.Numbers.AddRange(page.Numbers.Select(number => new V1.FaultyNumber
        {
            VirtualNumber = number.Number.National,
            FaultySince = number.Since?.ToTimestamp(),
            Cause = number.Cause,
            ReturnTime = number.ReturnTime?.ToTimestamp(),
        }));
        return response;
    }
}
