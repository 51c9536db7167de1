using Grpc.Core;
using VirtualNumber.Protocol;

namespace VirtualNumber.Api;

internal sealed partial class OpsService
{
    /// <inheritdoc/>
    public override async Task<V1.SuspendNumbersResponse> SuspendNumbers(V1.SuspendNumbersRequest request, ServerCallContext context)
    {
        var answer = await ChangeNumbersAsync(
            request.TenantId, request.PoolId, request.Selection, StockChange.Suspend, context.CancellationToken);
        return new V1.SuspendNumbersResponse { ChangedCount = answer.Changed, LeasedCount = answer.Leased };
    }
}
