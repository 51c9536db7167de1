using VirtualNumber.Leasing;

namespace VirtualNumber.Protocol;

internal sealed partial class LeaseVerbs
{
    /// <summary>
    /// What a gateway says of a number. A number that the gateway has not is to it in no pool, as in Resolve; the flag tells that case apart.
    /// </summary>
    public async ValueTask<(HealthAnswer Answer, bool NotAllowed)> ReportNumberHealthAsync(
        HealthStep step, NumberScope scope, CancellationToken cancellation)
    {
        if (await stock.FindOwnerAsync(step.Number, cancellation) is not { } owner)
            return (new(HealthOutcome.NotStocked), false);
        return scope.Includes(step.Number, owner)
            ? (await pool.ReportHealthAsync(step, Now, cancellation), false)
            : (new(HealthOutcome.NotStocked), true);
    }
}
