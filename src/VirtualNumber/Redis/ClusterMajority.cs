using StackExchange.Redis;

namespace VirtualNumber.Redis;

/// <summary>
/// Tells whether it is one shard that is away, or the cluster. Every instance asks the shard of the key ring's fingerprints each second: without
/// this its loss would end the service for the numbers of all the others too.
/// </summary>
internal sealed class ClusterMajority(IConnectionMultiplexer connection)
{
    /// <summary>Beyond the time in which the answer was waited for: readiness is not told much later than without.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(400);

    /// <summary>
    /// The masters that do not answer, while most of them do; null where there is no cluster, or no majority, without which a cluster serves
    /// nothing, or none is away.
    /// </summary>
    public async ValueTask<string?> FindAwayAsync()
    {
        // Of a cluster's servers those are masters that have slots.
        var masters = connection.GetEndPoints().Select(endpoint => connection.GetServer(endpoint))
            .Where(server => server.ServerType == ServerType.Cluster && server.ClusterConfiguration?[server.EndPoint]?.Slots.Count > 0).ToList();
        var answers = await Task.WhenAll(masters.Select(AnswersAsync));
        var away = masters.Zip(answers).Where(asked => !asked.Second).Select(asked => DurabilityCheck.NameOf(asked.First.EndPoint)).Order(StringComparer.Ordinal).ToList();
        return away.Count > 0 && 2 * away.Count < masters.Count ? string.Join(", ", away) : null;
    }

    private static async Task<bool> AnswersAsync(IServer server)
    {
        try
        {
            // A machine that is away without a word is waited for no longer; its answer is looked at by nobody.
            await server.PingAsync(RedisCalls.Primary).WaitAsync(s_patience);
            return true;
        }
        // A command exception: a replica by now, which is told when it is asked.
        catch (Exception fault) when (fault is RedisException or RedisCommandException or TimeoutException)
        {
            return false;
        }
    }
}
