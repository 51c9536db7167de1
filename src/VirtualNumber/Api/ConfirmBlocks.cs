using Grpc.Core;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Api;

internal sealed partial class OpsService
{
    private static readonly TimeSpan s_longestLoss = TimeSpan.FromHours(1);

    /// <inheritdoc/>
    public override async Task<V1.ConfirmBlocksResponse> ConfirmBlocks(V1.ConfirmBlocksRequest request, ServerCallContext context)
    {
        var faults = new FieldFaults();
        TenantAndPool(request.TenantId, request.PoolId, faults);
        faults.Require(request.Blocks.Count <= MostBlocks, "blocks", $"Must be at most {MostBlocks}.");
        var loss = RequestRules.Span(request.PossibleLoss, "possible_loss", faults);
        faults.Require(
            loss is null || (loss >= TimeSpan.Zero && loss <= s_longestLoss), "possible_loss", $"Must be 0 to {s_longestLoss.TotalSeconds:0} seconds.");
        faults.ThrowIfAny();

        var pool = await FindPoolAsync(request.TenantId, request.PoolId, context.CancellationToken);
        var blocks = request.Blocks.Count == 0 ? null : await FindBlocksAsync(pool, request.Blocks, context.CancellationToken);
        var confirmed = await stock.ConfirmBlocksAsync(
            pool, new BlockConfirmation(blocks, loss, request.LeaseAtOnce), Now, context.CancellationToken);
        Log.Confirmed(logger, pool.PoolId, pool.TenantId, confirmed);
        return new V1.ConfirmBlocksResponse { ConfirmedCount = confirmed };
    }

    private async Task<IReadOnlyList<BlockEntry>> FindBlocksAsync(Pool pool, IEnumerable<string> names, CancellationToken cancellation)
    {
        var found = new List<BlockEntry?>();
        foreach (var name in names)
        {
            var number = PhoneNumber.TryParse(name, pool.CountryCode, out var read, out _) ? read : null;
            // What can be neither is in no pool, and not worth asking for.
            found.Add(number is not null || IsBlock(pool, name) ? await stock.FindBlockAsync(pool, name, number, cancellation) : null);
        }

        var unknown = Enumerable.Range(0, found.Count).Where(i => found[i] is null).ToList();
        return unknown.Count == 0
            ? [.. found.Select(block => block!)]
            : throw NumbersFault(V1.ErrorReason.NumbersUnknown, StatusCode.NotFound, "Is no block of the pool.", [("blocks", unknown)]);
    }
}
