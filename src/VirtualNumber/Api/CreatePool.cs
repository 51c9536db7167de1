using Grpc.Core;
using VirtualNumber.Leasing;

namespace VirtualNumber.Api;

internal sealed partial class OpsService
{
    private const int LeastBlockDigits = 2;
    private const int MostBlockDigits = 4;
    private static readonly TimeSpan s_defaultAging = TimeSpan.FromDays(7);

    /// <inheritdoc/>
    public override async Task<V1.CreatePoolResponse> CreatePool(V1.CreatePoolRequest request, ServerCallContext context)
    {
        var faults = new FieldFaults();
        var tenant = rules.Tenant(request.TenantId, faults);
        if (request.Pool is not { } asked)
        {
            faults.Add("pool", "Is missing.");
            faults.ThrowIfAny();
            throw new InvalidOperationException("Unreachable.");
        }

        RequestRules.PoolId(asked.PoolId, faults, "pool.pool_id");
        faults.Require(asked.Mode is V1.PoolMode.Unspecified or V1.PoolMode.Direct, "pool.mode", "Must be DIRECT.");
        var country = asked.CountryCode.Length == 0 ? tenant.DefaultCountry : asked.CountryCode;
        faults.Require(CallingCodes.IsAssigned(country), "pool.country_code", "Must be an assigned calling code, digits only.");
        var digits = asked.BlockDigits == 0 ? MostBlockDigits : asked.BlockDigits;
        faults.Require(digits is >= LeastBlockDigits and <= MostBlockDigits, "pool.block_digits", "Must be 2 to 4.");
        var aging = Aging(asked.Aging, "pool.aging", faults) ?? (s_defaultAging > bounds.LeastAging ? s_defaultAging : bounds.LeastAging);
        faults.ThrowIfAny();

        var pool = new Pool(
            request.TenantId, asked.PoolId, PoolMode.Direct, country, digits, aging, asked.WithheldCallersAllowed, Now, Version: 1);
        var (standing, same) = await stock.CreatePoolAsync(pool, context.CancellationToken);
        if (!same)
            throw Fault.Of(StatusCode.AlreadyExists, V1.ErrorReason.PoolExists, "The tenant has a pool of that id with other properties.", ("field", "pool.pool_id"));
        return new V1.CreatePoolResponse { Pool = standing.ToMessage() };
    }
}
