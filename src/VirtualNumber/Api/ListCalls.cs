using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Api;

internal sealed partial class OpsService
{
    /// <inheritdoc/>
    public override async Task<V1.ListCallsResponse> ListCalls(V1.ListCallsRequest request, ServerCallContext context)
    {
        var faults = new FieldFaults();
        TenantAndPool(request.TenantId, request.PoolId, faults);
        var size = RequestRules.PageSize(request.PageSize, faults);
        var token = RequestRules.PageToken(request.PageToken, faults);
        var asked = new CallQuestion(request.LeaseId, request.VirtualNumber, request.GatewayId, request.FromTime, request.UntilTime);
        var (pool, selection) = await SelectCallsAsync(request.TenantId, request.PoolId, asked, faults, context.CancellationToken);
        string[] query = ["ListCalls", request.TenantId, request.PoolId, .. asked.Parts];
        if (!tokens.TryReadCall(token, out var from, query))
            throw StatusMap.PageTokenInvalid();

        var page = await verbs.ListCallsAsync(pool, selection, from, size, context.CancellationToken);
        if (StatusMap.Of(page.Outcome) is { } fault)
            throw fault;
        var response = new V1.ListCallsResponse();
        response.Calls.AddRange(page.Calls.Select(Messages.ToMessage));
        if (page.Next is { } next)
            response.NextPageToken = tokens.WriteCall(next, query);
        return response;
    }

    /// <summary>Reads which calls are asked for. A number is read in the pool's country, so the pool is looked for on the way; throws what is wrong.</summary>
    private async Task<(Pool Pool, CallSelection Selection)> SelectCallsAsync(
        string tenantId, string poolId, CallQuestion asked, FieldFaults faults, CancellationToken cancellation)
    {
        if (asked.LeaseId.Length > 0)
            RequestRules.LeaseId(asked.LeaseId, faults);
        if (asked.GatewayId.Length > 0)
            RequestRules.GatewayId(asked.GatewayId, faults);
        var (from, until) = RequestRules.Range(asked.From, asked.Until, faults);
        faults.ThrowIfAny();

        var pool = await FindPoolAsync(tenantId, poolId, cancellation);
        var number = asked.Number.Length == 0 ? null : RequestRules.Number(asked.Number, pool.CountryCode, faults, "virtual_number");
        faults.ThrowIfAny();
        return (pool, new CallSelection(NullIfEmpty(asked.LeaseId), number, NullIfEmpty(asked.GatewayId), from, until));
    }

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;

    /// <summary>Which calls are asked for, in the request's own words.</summary>
    private sealed record CallQuestion(string LeaseId, string Number, string GatewayId, Timestamp? From, Timestamp? Until)
    {
        /// <summary>What binds a page token to the question.</summary>
        public string[] Parts => [LeaseId, Number, GatewayId, $"{From}", $"{Until}"];
    }
}
