using Grpc.Core;
using VirtualNumber.Hosting;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Api;

/// <summary>For operators; ops_service.proto documents it. A file per RPC.</summary>
internal sealed partial class OpsService(
    INumberStock stock,
    LeaseVerbs verbs,
    PageTokens tokens,
    RequestRules rules,
    CallerDirectory callers,
    GatewayWatch watch,
    ParkedPushes pushes,
    ProtocolBounds bounds,
    TimeProvider time,
    ILogger<OpsService> logger)
    : V1.OpsService.OpsServiceBase
{
    private const int LongestAnnouncement = 32;

    private DateTimeOffset Now => time.GetNow();

    private async Task<Pool> FindPoolAsync(string tenantId, string poolId, CancellationToken cancellation) =>
        await stock.FindPoolAsync(tenantId, poolId, cancellation) ?? throw StatusMap.PoolUnknown();

    /// <summary>An aging; null when it is missing.</summary>
    private TimeSpan? Aging(Google.Protobuf.WellKnownTypes.Duration? duration, string field, FieldFaults faults)
    {
        var aging = RequestRules.Span(duration, field, faults);
        faults.Require(
            aging is null || (aging >= bounds.LeastAging && aging <= ProtocolBounds.LongestAging),
            field,
            $"Must be {bounds.LeastAging.TotalSeconds:0.###} seconds to {ProtocolBounds.LongestAging.TotalDays:0} days.");
        return aging;
    }

    /// <summary>A quota; null when it is missing. A limit of 0 is none.</summary>
    private static LeaseQuota? Quota(V1.LeaseQuota? quota, string field, FieldFaults faults)
    {
        if (quota is null)
            return null;
        faults.Require(quota.LiveLeaseLimit >= 0, $"{field}.live_lease_limit", "Must not be negative.");
        faults.Require(quota.LeasesPerMinuteLimit >= 0, $"{field}.leases_per_minute_limit", "Must not be negative.");
        return new(
            quota.LiveLeaseLimit > 0 ? quota.LiveLeaseLimit : null, quota.LeasesPerMinuteLimit > 0 ? quota.LeasesPerMinuteLimit : null);
    }

    private static string Announcement(string code, string field, FieldFaults faults)
    {
        faults.Require(
            code.Length <= LongestAnnouncement && code.All(c => c is > ' ' and <= '~'), field, $"Must be at most {LongestAnnouncement} visible ASCII characters.");
        return code;
    }

    /// <summary>A hotline in canonical form; empty: none.</summary>
    private static string Hotline(string number, string country, string field, FieldFaults faults) =>
        number.Length == 0 ? "" : RequestRules.Number(number, country, faults, field)?.Canonical ?? "";

    /// <summary>The rules for tenant and pool that every RPC on one pool shares.</summary>
    private TenantOptions TenantAndPool(string tenantId, string poolId, FieldFaults faults)
    {
        var tenant = rules.Tenant(tenantId, faults);
        RequestRules.PoolId(poolId, faults);
        return tenant;
    }

    private static RpcException NumbersFault(
        V1.ErrorReason reason, StatusCode code, string description, IEnumerable<(string Field, IReadOnlyList<int> Positions)> positions) =>
        Fault.OfFields(
            reason, code, [.. positions.SelectMany(list => list.Positions.Select(i => ($"{list.Field}[{i}]", description)))]);

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "{Change}: pool {PoolId} of tenant {TenantId}, {Count} numbers.")]
        public static partial void Changed(ILogger logger, string change, string poolId, string tenantId, int count);

        [LoggerMessage(2, LogLevel.Warning, "An operator has confirmed barred blocks of pool {PoolId} of tenant {TenantId}: {Count}.")]
        public static partial void Confirmed(ILogger logger, string poolId, string tenantId, int count);

        [LoggerMessage(3, LogLevel.Warning, "An operator has parked pushes to webhook {WebhookId} of tenant {TenantId} sent again: {Count}.")]
        public static partial void Retried(ILogger logger, string webhookId, string tenantId, int count);
    }
}
