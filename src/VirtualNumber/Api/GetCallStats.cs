using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using VirtualNumber.Leasing;
using Enum = System.Enum;

namespace VirtualNumber.Api;

internal sealed partial class OpsService
{
    /// <inheritdoc/>
    public override async Task<V1.GetCallStatsResponse> GetCallStats(V1.GetCallStatsRequest request, ServerCallContext context)
    {
        var faults = new FieldFaults();
        TenantAndPool(request.TenantId, request.PoolId, faults);
        faults.Require(Enum.IsDefined(request.GroupBy), "group_by", "Must be LEASE, NUMBER, GATEWAY or unspecified.");
        var token = RequestRules.PageToken(request.PageToken, faults);
        var asked = new CallQuestion(request.LeaseId, request.VirtualNumber, request.GatewayId, request.FromTime, request.UntilTime);
        var (pool, selection) = await SelectCallsAsync(request.TenantId, request.PoolId, asked, faults, context.CancellationToken);
        string[] query = ["GetCallStats", request.TenantId, request.PoolId, request.GroupBy.ToString(), .. asked.Parts];
        if (!tokens.TryReadCall(token, out var from, query))
            throw StatusMap.PageTokenInvalid();

        var page = await verbs.GetCallStatsAsync(pool, selection, from, context.CancellationToken);
        if (StatusMap.Of(page.Outcome) is { } fault)
            throw fault;
        var response = new V1.GetCallStatsResponse();
        response.Stats.AddRange(CallStats.Of(page.Calls, (CallGrouping)request.GroupBy).Select(row => new V1.CallStats
        {
            LeaseId = row.LeaseId,
            VirtualNumber = row.Number?.National ?? "",
            GatewayId = row.GatewayId,
            CallCount = row.Calls,
            Outcomes = { row.Outcomes.Select(outcome => new V1.OutcomeCount { Outcome = (V1.ResolveOutcome)outcome.Outcome, CallCount = outcome.Count }) },
            AnsweredCount = row.Answered,
            TalkDuration = row.TalkTime.ToDuration(),
        }));
        if (page.Next is { } next)
            response.NextPageToken = tokens.WriteCall(next, query);
        return response;
    }
}
