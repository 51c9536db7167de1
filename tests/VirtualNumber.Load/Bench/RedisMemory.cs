using System.Globalization;
using System.Text;
using StackExchange.Redis;
using VirtualNumber.Load.Replay;
using VirtualNumber.Redis;

namespace VirtualNumber.Load.Bench;

/// <summary>What the leases take of the memory of Redis, and for what.</summary>
internal sealed class RedisMemory : IDisposable
{
    private const double BytesTarget = 600;
    private const int Samples = 2_000;

    private readonly ConnectionMultiplexer _connection;

    private RedisMemory(ConnectionMultiplexer connection) => _connection = connection;

    /// <exception cref="InvalidOperationException">Somebody else's pools are there.</exception>
    public static async Task<RedisMemory> ConnectAsync(string configuration)
    {
        var connection = await RedisConnection.ConnectAsync(configuration);
        await RedisTarget.RefuseUsedAsync(connection);
        return new(connection);
    }

    /// <summary>Bytes in use for data: without what connections and the log on disk have in their buffers.</summary>
    public async Task<long> ReadUsedAsync()
    {
        var stats = await ReadStatsAsync();
        return stats["total.allocated"] - stats["clients.normal"] - stats["aof.buffer"] - stats["replication.backlog"];
    }

    /// <summary>The table: bytes per live lease.</summary>
    public async Task<string> DescribeAsync(long usedBefore, int leases)
    {
        var used = await ReadUsedAsync() - usedBefore;
        var (routes, free, claims, log, others) = (0L, 0L, 0L, 0L, 0L);
        for (uint block = 1; await ExistsAsync(Keys.OfBlock(block)[0]); block++)
        {
            var keys = Keys.OfBlock(block);
            free += await SizeAsync(keys[1]);
            routes += await SizeAsync(keys[2]);
            claims += await SizeAsync(keys[3]);
            log += await SizeAsync(keys[5]);
            foreach (var key in (RedisKey[])[keys[0], keys[4], keys[6], keys[7]])
                others += await SizeAsync(key);
        }

        var ledger = await SampleLedgersAsync();
        var perLease = (used - log) / (double)leases;
        (string What, double Bytes)[] rows =
        [
            ("record, in `routes` of its block", routes / (double)leases),
            ("place in the stock, in `free`", free / (double)leases),
            ("claim, in `claims`", claims / (double)leases),
            ("meta, suspended and retired numbers, closed claims", others / (double)leases),
            ("ledger of the delivery, with its key", ledger),
        ];
        var rest = perLease - rows.Sum(row => row.Bytes);
        var text = new StringBuilder("| bytes of Redis memory per live lease | |\n| --- | ---: |\n");
        foreach (var (what, bytes) in rows.Append(("expiry of the ledger, tables of keys, rest", rest)).Append(("**all**", perLease)))
            text.Append(CultureInfo.InvariantCulture, $"| {what} | {bytes:0} |\n");
        text.Append(CultureInfo.InvariantCulture, $"""

            Target: at most {BytesTarget:0} bytes, stock, claims and ledger included. Here: {perLease:0}, {(perLease <= BytesTarget ? "met" : "missed")}. Beside it the logs of the
            blocks, which are cut at a set length: {log / (double)leases:0} bytes per lease here.

            """);
        return text.ToString();
    }

    public void Dispose() => _connection.Dispose();

    private async Task<double> SampleLedgersAsync()
    {
        var (sum, count) = (0L, 0);
        for (var i = 0; i < Samples; i++)
        {
            var key = await _connection.GetDatabase().KeyRandomAsync();
            if (!Keys.IsLedger(key))
                continue;
            sum += await SizeAsync(key);
            count++;
        }

        return sum / (double)Math.Max(1, count);
    }

    private Task<bool> ExistsAsync(RedisKey key) => _connection.GetDatabase().KeyExistsAsync(key);

    private async Task<long> SizeAsync(RedisKey key)
    {
        var size = await _connection.GetDatabase().ExecuteAsync("MEMORY", "USAGE", key, "SAMPLES", 0);
        return size.IsNull ? 0 : (long)size;
    }

    private async Task<Dictionary<string, long>> ReadStatsAsync()
    {
        var stats = (RedisResult[])(await _connection.GetDatabase().ExecuteAsync("MEMORY", "STATS"))!;
        return stats.Chunk(2)
            .Select(pair => (Name: (string)pair[0]!, Value: pair[1].ToString()))
            .Where(pair => long.TryParse(pair.Value, CultureInfo.InvariantCulture, out _))
            .ToDictionary(pair => pair.Name, pair => long.Parse(pair.Value!, CultureInfo.InvariantCulture));
    }
}
