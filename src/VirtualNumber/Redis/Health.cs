using System.Globalization;
using System.Text;
using StackExchange.Redis;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Redis;

internal sealed partial class RedisStore
{
    private static readonly BlockScripts s_health = BlockScripts.Same("Health", "Faults");

    /// <summary>How a report is packed (Faults.lua): health, event time, since.</summary>
    private const int SinceAt = 1 + Instants.Length;

    private const int CauseAt = SinceAt + Instants.Length;

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

    /// <inheritdoc/>
    public async ValueTask<FaultyPage> ListFaultyNumbersAsync(Pool pool, RecordCursor from, int limit, DateTimeOffset now, CancellationToken cancellation)
    {
        await registry.RefreshAsync(cancellation);
        var entries = registry.Known.FindPool(pool.TenantId, pool.PoolId)!.Blocks;
        return await FaultyPage.WalkAsync(entries.Length, from, limit, at => ListFaultyAsync(registry.BlockOf(entries[at]), now, cancellation));
    }

    private async ValueTask<IReadOnlyList<(uint Index, FaultyNumber Number)>> ListFaultyAsync(RedisBlock block, DateTimeOffset now, CancellationToken cancellation)
    {
        await LookAsync(block, cancellation);
        await EnsureThereAsync(block, cancellation);
        var key = Keys.Health(block.Id);
        var reports = calls.CallAsync(database => database.HashGetAllAsync(key, RedisCalls.Primary), cancellation).AsTask();
        var returns = await calls.CallAsync(database => database.SortedSetRangeByRankWithScoresAsync(block.Returns, flags: RedisCalls.Primary), cancellation);
        var backs = returns.ToDictionary(
            entry => IndexOf(entry.Element), entry => DateTimeOffset.FromUnixTimeMilliseconds((long)entry.Score));
        return
        [
            .. (await reports).Select(report => (Index: IndexOf(report.Name), Packed: (byte[])report.Value!)).OrderBy(report => report.Index)
                .Select(report => (report.Index, Since: SinceOf(report.Packed), Back: backs.TryGetValue(report.Index, out var back) ? back : default(DateTimeOffset?), report.Packed))
                .Where(report => report.Since is not null || report.Back > now)
                .Select(report => (report.Index, new FaultyNumber(
                    block.Entry.NumberOf(report.Index * block.Pool.SlotsPerNumber()), report.Since, Encoding.ASCII.GetString(report.Packed.AsSpan(CauseAt)), report.Back))),
        ];
    }

    private static uint IndexOf(RedisValue index) => uint.Parse((string)index!, CultureInfo.InvariantCulture);

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
