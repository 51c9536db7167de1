using Grpc.Core;
using VirtualNumber.Leasing;

namespace VirtualNumber.Api;

internal sealed partial class OpsService
{
    private const int LeastBlockDigits = 2;
    private const int MostBlockDigits = 4;
    private const int DefaultDensity = 200;

    /// <summary>Half of the slots that a number has in pair mode.</summary>
    private const int MostPairs = 5_000;

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
        faults.Require(Enum.IsDefined(asked.Mode), "pool.mode", "Must be DIRECT, EXTENSION or PAIR.");
        var mode = asked.Mode == V1.PoolMode.Unspecified ? PoolMode.Direct : (PoolMode)asked.Mode;
        var country = asked.CountryCode.Length == 0 ? tenant.DefaultCountry : asked.CountryCode;
        faults.Require(CallingCodes.IsAssigned(country), "pool.country_code", "Must be an assigned calling code, digits only.");
        var length = ExtensionLength(mode, asked.ExtensionLength, faults);
        var density = Density(mode, length, asked.Density, faults);
        var digits = BlockDigits(density, asked.BlockDigits, faults);
        var aging = Aging(asked.Aging, "pool.aging", faults) ?? (s_defaultAging > bounds.LeastAging ? s_defaultAging : bounds.LeastAging);
        var quota = Quota(asked.Quota, "pool.quota", faults) ?? LeaseQuota.None;
        var announcement = Announcement(asked.EndedAnnouncement, "pool.ended_announcement", faults);
        var hotline = Hotline(asked.EndedHotline, country, "pool.ended_hotline", faults);
        var callRules = CallRulesReader.OfPool(asked.CallRules, tenant, "pool.call_rules", faults);
        faults.ThrowIfAny();

        var pool = new Pool(request.TenantId, asked.PoolId, mode, country, digits, aging, asked.WithheldCallersAllowed, Now, Version: 1)
        {
            Density = density,
            ExtensionLength = length,
            Quota = quota,
            EndedAnnouncement = announcement,
            EndedHotline = hotline,
            Rules = callRules.Kept(verbs, request.TenantId),
            AllowedKinds = callRules.Kinds,
        };
        var (standing, same) = await stock.CreatePoolAsync(pool, context.CancellationToken);
        if (!same)
            throw Fault.Of(StatusCode.AlreadyExists, V1.ErrorReason.PoolExists, "The tenant has a pool of that id with other properties.", ("field", "pool.pool_id"));
        return new V1.CreatePoolResponse { Pool = standing.ToMessage() };
    }

    private static int ExtensionLength(PoolMode mode, int asked, FieldFaults faults)
    {
        if (mode != PoolMode.Extension)
        {
            faults.Require(asked == 0, "pool.extension_length", "Must be 0: only pools of mode EXTENSION have extensions.");
            return 0;
        }

        var length = asked == 0 ? DialledNumber.LongestExtension : asked;
        var known = length is >= 1 and <= DialledNumber.LongestExtension;
        faults.Require(known, "pool.extension_length", "Must be 1 to 4.");
        return known ? length : DialledNumber.LongestExtension;
    }

    private static int Density(PoolMode mode, int extensionLength, int asked, FieldFaults faults)
    {
        // Half of what there is: else a free extension is hard to find, and a guess easily right.
        var most = mode switch
        {
            PoolMode.Extension => (int)Math.Pow(10, extensionLength) / 2,
            PoolMode.Pair => MostPairs,
            _ => 1,
        };
        var density = asked == 0 ? Math.Min(DefaultDensity, most) : asked;
        faults.Require(density >= 1 && density <= most, "pool.density", $"Must be 1 to {most}.");
        return density;
    }

    private static int BlockDigits(int density, int asked, FieldFaults faults)
    {
        if (asked != 0)
        {
            // With a density that no block is small enough for, single numbers can be added all the same.
            var fits = FitsBlock(asked, density) || (asked == LeastBlockDigits && !FitsBlock(LeastBlockDigits, density));
            faults.Require(
                asked is >= LeastBlockDigits and <= MostBlockDigits && fits,
                "pool.block_digits",
                $"Must be 2 to 4, and the numbers of a block times the density at most {Pool.MostPlacesPerBlock}.");
            return asked;
        }

        var digits = MostBlockDigits;
        while (digits > LeastBlockDigits && !FitsBlock(digits, density))
            digits--;
        return digits;
    }

    private static bool FitsBlock(int digits, int density) => Math.Pow(10, digits) * density <= Pool.MostPlacesPerBlock;
}
