using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using VirtualNumber.Protocol;

namespace VirtualNumber.Api;

internal sealed partial class OpsService
{
    /// <inheritdoc/>
    public override async Task<V1.ListBarredBlocksResponse> ListBarredBlocks(V1.ListBarredBlocksRequest request, ServerCallContext context)
    {
        var faults = new FieldFaults();
        TenantAndPool(request.TenantId, request.PoolId, faults);
        var size = RequestRules.PageSize(request.PageSize, faults);
        var token = RequestRules.PageToken(request.PageToken, faults);
        faults.ThrowIfAny();
        if (!tokens.TryRead(token, out var from, "ListBarredBlocks", request.TenantId, request.PoolId))
            throw StatusMap.PageTokenInvalid();

        var pool = await FindPoolAsync(request.TenantId, request.PoolId, context.CancellationToken);
        var barred = (await stock.ListBarredBlocksAsync(pool, Now, context.CancellationToken))
            .Where(block => block.Position >= from.Block).ToList();
        var response = new V1.ListBarredBlocksResponse();
        response.Blocks.AddRange(barred.Take(size).Select(block => new V1.BarredBlock
        {
            Block = block.Block.Name,
            Reason = (V1.BarReason)block.Bar.Reason,
            BarTime = block.Bar.Time.ToTimestamp(),
            LeasesFromTime = block.Bar.LeasesFrom?.ToTimestamp(),
        }));
        if (barred.Count > size)
            response.NextPageToken = tokens.Write(new RecordCursor(barred[size].Position, 0), "ListBarredBlocks", request.TenantId, request.PoolId);
        return response;
    }
}
