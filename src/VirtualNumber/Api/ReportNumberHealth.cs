using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Api;

internal sealed partial class RoutingService
{
    /// <inheritdoc/>
    public override async Task<V1.ReportNumberHealthResponse> ReportNumberHealth(V1.ReportNumberHealthRequest request, ServerCallContext context)
    {
        var faults = new FieldFaults();
        var gateway = rules.Gateway(request.GatewayId, faults);
        var number = RequestRules.Number(request.Number, gateway.DefaultCountry, faults, "number");
        var health = RequestRules.Health(request.Health, faults);
        var cause = RequestRules.FaultCause(request.Cause, faults);
        var eventTime = rules.EventTime(request.EventTime, faults);
        faults.ThrowIfAny();

        var step = new HealthStep(number!, health, eventTime, health == NumberHealth.Faulty ? cause : "", numberHealth.Probation);
        var (answer, notAllowed) = await verbs.ReportNumberHealthAsync(step, gateway.Scope, context.CancellationToken);
        Telemetry.NumberHealth(health, answer.Outcome);
        if (answer.Outcome == HealthOutcome.NotStocked)
        {
            Log.HealthOfOther(logger, notAllowed, gateway.Id, number!);
            throw StatusMap.NumberUnknown();
        }

        Log.Health(logger, number!.National, health, cause, answer.Outcome, gateway.Id, answer.ReturnTime);
        return new V1.ReportNumberHealthResponse
        {
            Outcome = OutcomeOf(answer.Outcome),
            Health = (V1.NumberHealth)answer.Health,
            EventTime = answer.EventTime?.ToTimestamp(),
            ReturnTime = answer.ReturnTime?.ToTimestamp(),
        };
    }

    private static V1.NumberHealthOutcome OutcomeOf(HealthOutcome outcome) => outcome switch
    {
        HealthOutcome.Older => V1.NumberHealthOutcome.Older,
        HealthOutcome.Repeated => V1.NumberHealthOutcome.Repeated,
        HealthOutcome.Unchanged => V1.NumberHealthOutcome.Unchanged,
        _ => V1.NumberHealthOutcome.Applied,
    };
}
