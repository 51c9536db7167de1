using Grpc.Core;
using VirtualNumber.Protocol;

namespace VirtualNumber.Api;

internal sealed partial class OpsService
{
    /// <inheritdoc/>
    public override async Task<V1.RestoreNumbersResponse> RestoreNumbers(V1.RestoreNumbersRequest request, ServerCallContext context)
    {
        var answer = await ChangeNumbersAsync(
            request.TenantId, request.PoolId, request.Selection, StockChange.Restore, context.CancellationToken);
        return new V1.RestoreNumbersResponse { ChangedCount = answer.Changed };
    }
}
