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
    /// The masters that do not answer, in order, while most of them do; none where there is no cluster, or no majority, without which a cluster
    /// serves nothing.
    /// </summary>
    public async Task<IReadOnlyList<string>> FindAwayAsync()
    {
        var servers = connection.GetEndPoints().Select(endpoint => connection.GetServer(endpoint)).ToList();
        var answers = await Task.WhenAll(servers.Select(AnswersAsync));
        var answering = servers.Zip(answers).Where(asked => asked.Second).Select(asked => asked.First).ToList();
        // Who the masters are is told by one that answers: what a dead one said last is no longer so.
        var configuration = answering.Where(server => server.ServerType == ServerType.Cluster).Select(server => server.ClusterConfiguration).FirstOrDefault(known => known is not null);
        if (configuration is null)
            return [];
        var masters = configuration.Nodes.Where(node => node.Slots.Count > 0).Select(node => node.EndPoint!).ToList();
        var away = masters.Except(answering.Select(server => server.EndPoint)).Select(DurabilityCheck.NameOf).Order(StringComparer.Ordinal).ToList();
        return 2 * away.Count < masters.Count ? away : [];
    }

    private static async Task<bool> AnswersAsync(IServer server)
    {
        try
        {
            // A machine that is away without a word is waited for no longer; its answer is looked at by nobody.
            await server.PingAsync().WaitAsync(s_patience);
            return true;
        }
        // A command exception: the client knows that it cannot be asked.
        catch (Exception fault) when (fault is RedisException or RedisCommandException or TimeoutException)
        {
            return false;
        }
    }
}
