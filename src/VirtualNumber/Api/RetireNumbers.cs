using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using VirtualNumber.Protocol;

namespace VirtualNumber.Api;

internal sealed partial class OpsService
{
    /// <inheritdoc/>
    public override async Task<V1.RetireNumbersResponse> RetireNumbers(V1.RetireNumbersRequest request, ServerCallContext context)
    {
        var answer = await ChangeNumbersAsync(
            request.TenantId, request.PoolId, request.Selection, StockChange.Retire, context.CancellationToken);
        return new V1.RetireNumbersResponse
        {
            ChangedCount = answer.Changed,
            LeasedCount = answer.Leased,
            DrainedTime = answer.LastExpireTime?.ToTimestamp(),
        };
    }
}
