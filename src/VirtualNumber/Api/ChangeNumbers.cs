using Grpc.Core;
using VirtualNumber.Protocol;

namespace VirtualNumber.Api;

internal sealed partial class OpsService
{
    /// <summary>SuspendNumbers, RestoreNumbers and RetireNumbers: the same request, another change.</summary>
    private async Task<ChangeNumbersAnswer> ChangeNumbersAsync(
        string tenantId, string poolId, V1.NumberSelection? selection, StockChange change, CancellationToken cancellation)
    {
        var faults = new FieldFaults();
        TenantAndPool(tenantId, poolId, faults);
        faults.Require(selection is not null, "selection", "Is missing.");
        faults.ThrowIfAny();
        var pool = await FindPoolAsync(tenantId, poolId, cancellation);
        var numbers = ReadNumbers(selection!.Blocks, selection.Numbers, "selection.", pool, faults);
        faults.ThrowIfAny();

        var answer = await stock.ChangeNumbersAsync(pool, numbers, change, Now, cancellation);
        if (answer.UnknownBlocks.Count + answer.UnknownNumbers.Count > 0)
        {
            throw NumbersFault(
                V1.ErrorReason.NumbersUnknown,
                StatusCode.NotFound,
                "Is not in the pool.",
                [("selection.blocks", answer.UnknownBlocks), ("selection.numbers", answer.UnknownNumbers)]);
        }

        Log.Changed(logger, change.ToString(), poolId, tenantId, answer.Changed);
        return answer;
    }
}
