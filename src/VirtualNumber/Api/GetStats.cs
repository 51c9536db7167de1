using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using VirtualNumber.Protocol;

namespace VirtualNumber.Api;

internal sealed partial class OpsService
{
    /// <inheritdoc/>
    public override async Task<V1.GetStatsResponse> GetStats(V1.GetStatsRequest request, ServerCallContext context)
    {
        var faults = new FieldFaults();
        TenantAndPool(request.TenantId, request.PoolId, faults);
        var size = RequestRules.PageSize(request.PageSize, faults);
        var token = RequestRules.PageToken(request.PageToken, faults);
        faults.ThrowIfAny();
        if (!tokens.TryRead(token, out var from, "GetStats", request.TenantId, request.PoolId))
            throw StatusMap.PageTokenInvalid();

        var pool = await FindPoolAsync(request.TenantId, request.PoolId, context.CancellationToken);
        var stats = await stock.GetStatsAsync(pool, from.Block, size, Now, context.CancellationToken);
        var response = new V1.GetStatsResponse
        {
            Counts = stats.Counts.ToMessage(),
            NextAvailableTime = stats.NextAvailableTime?.ToTimestamp(),
        };
        response.Blocks.AddRange(stats.Blocks.Select(block => new V1.BlockStats
        {
            Block = block.Prefix,
            Counts = block.Counts.ToMessage(),
            NextAvailableTime = block.NextAvailableTime?.ToTimestamp(),
            AreaCode = block.Area,
        }));
        if (from.Block + size < stats.BlockCount)
            response.NextPageToken = tokens.Write(new RecordCursor(from.Block + size, 0), "GetStats", request.TenantId, request.PoolId);
        return response;
    }
}
