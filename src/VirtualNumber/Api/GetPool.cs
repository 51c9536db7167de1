using Grpc.Core;

namespace VirtualNumber.Api;

internal sealed partial class OpsService
{
    /// <inheritdoc/>
    public override async Task<V1.GetPoolResponse> GetPool(V1.GetPoolRequest request, ServerCallContext context)
    {
        var faults = new FieldFaults();
        TenantAndPool(request.TenantId, request.PoolId, faults);
        faults.ThrowIfAny();

        return new V1.GetPoolResponse { Pool = (await FindPoolAsync(request.TenantId, request.PoolId, context.CancellationToken)).ToMessage() };
    }
}
