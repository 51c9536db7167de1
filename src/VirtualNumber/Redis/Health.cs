using StackExchange.Redis;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Redis;

internal sealed partial class RedisStore
{
    private static readonly BlockScripts s_health = BlockScripts.Same("Health", "Faults");

    /// <summary>How a report is packed (Faults.lua): health, event time, since.</summary>
    private const int SinceAt = 1 + Instants.Length;

    /// <inheritdoc/>
    public async ValueTask<HealthAnswer> ReportHealthAsync(HealthStep step, DateTimeOffset now, CancellationToken cancellation)
    {
        if (await registry.LocateAsync(step.Number, cancellation) is not var (block, index))
            return new(HealthOutcome.NotStocked);

        var answer = await RunOnBlockAsync(
            s_health,
            block,
            now,
            cancellation,
            IndexText(index),
            step.Health.ToString().ToLowerInvariant(),
            Ms(step.EventTime),
            step.Cause,
            Ms(step.Probation));
        if ((string)answer[0]! == "absent")
            throw new StoreUnavailableException($"Block {block.Id} is not filled yet; if that lasts, AddNumbers has to be repeated.");

        var outcome = (string)answer[0]! switch
        {
            "older" => HealthOutcome.Older,
            "repeated" => HealthOutcome.Repeated,
            "unchanged" => HealthOutcome.Unchanged,
            _ => HealthOutcome.Done,
        };
        return new(outcome, (NumberHealth)(int)answer[1], outcome == HealthOutcome.Unchanged ? null : InstantOf(answer[2]), InstantOf(answer[3]));
    }

    /// <summary>Since when numbers are faulty, by their places in the block; null: they are not.</summary>
    private async ValueTask<DateTimeOffset?[]> FaultySinceAsync(RedisBlock block, IEnumerable<uint> indexes, CancellationToken cancellation)
    {
        var key = Keys.Health(block.Id);
        RedisValue[] fields = [.. indexes.Select(IndexText)];
        var reports = await calls.CallAsync(database => database.HashGetAsync(key, fields, RedisCalls.Primary), cancellation);
        return [.. reports.Select(report => report.IsNull ? null : SinceOf((byte[])report!))];
    }

    private static DateTimeOffset? SinceOf(byte[] report) => (NumberHealth)report[0] == NumberHealth.Faulty ? Instants.Read(report.AsSpan(SinceAt)) : null;
}
