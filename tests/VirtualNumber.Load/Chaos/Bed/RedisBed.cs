namespace VirtualNumber.Load.Chaos.Bed;

/// <summary>A cluster of three masters and three replicas, each on a machine of its own.</summary>
internal sealed class RedisBed : IAsyncDisposable
{
    private const int NodeCount = 6;
    private const int Slots = 16_384;

    private static readonly TimeSpan s_askEvery = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_askPatience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_startsWithin = TimeSpan.FromSeconds(60);

    private RedisBed(IReadOnlyList<RedisNode> nodes) => Nodes = nodes;

    public IReadOnlyList<RedisNode> Nodes { get; }

    /// <summary>What the service takes as Redis:Configuration.</summary>
    public string Configuration => string.Join(',', Nodes.Select(node => node.EndPoint));

    /// <summary>Starts it, and waits until every slot is served and every replica has its copy.</summary>
    public static async Task<RedisBed> StartAsync(Network network, string folder, string level, CancellationToken cancellation)
    {
        var configuration = RepositoryFiles.Find("deploy", "redis", "redis.conf")
            ?? throw new InvalidOperationException("deploy/redis/redis.conf is not found from here.");
        // Beside it what differs at the level. A fail-over in a few seconds instead of in ten, so that a run has time for many.
        List<string> options = RepositoryFiles.Find("deploy", "redis", $"{level}.conf") is { } differences ? ["--include", differences] : [];
        options.AddRange(["--protected-mode", "no", "--cluster-node-timeout", "2000"]);
        var nodes = new List<RedisNode>();
        var bed = new RedisBed(nodes);
        try
        {
            for (var i = 0; i < NodeCount; i++)
            {
                var host = await network.AddHostAsync($"redis{i}");
                var node = new RedisNode(host, network.NewRedisPorts(host), Path.Combine(folder, host.Name), configuration, options);
                nodes.Add(node);
                node.Start();
            }

            foreach (var node in nodes)
                await UntilAsync(async () => (await AskAsync(node, "ping")).Trim() == "PONG", s_startsWithin, $"{node.Host.Name} to answer", cancellation);
            await Tool.RunAsync(["redis-cli", "--cluster", "create", .. nodes.Select(node => node.EndPoint), "--cluster-replicas", "1", "--cluster-yes"]);
            await bed.UntilWholeAsync(s_startsWithin, cancellation);
            return bed;
        }
        catch
        {
            await bed.DisposeAsync();
            throw;
        }
    }

    /// <summary>The cluster as its first running node sees it.</summary>
    public async Task<IReadOnlyList<ClusterNode>> ViewAsync()
    {
        Exception? fault = null;
        foreach (var node in Nodes.Where(node => node.IsRunning))
        {
            try
            {
                return ClusterNode.ParseAll(await AskAsync(node, "cluster", "nodes"));
            }
            catch (Exception exception) when (exception is InvalidOperationException or TimeoutException)
            {
                fault = exception;
            }
        }

        throw new InvalidOperationException("No node of the cluster answers.", fault);
    }

    /// <summary>The node of this bed that the cluster speaks of.</summary>
    public RedisNode Of(ClusterNode node) => Nodes.First(one => one.EndPoint == node.EndPoint);

    /// <summary>A command to one node; answers what it said.</summary>
    public static Task<string> AskAsync(RedisNode node, params string[] command) =>
        Tool.RunAsync(["redis-cli", "-e", "-h", node.Host.Address, "-p", $"{node.Port}", .. command], s_askPatience);

    /// <summary>Waits until every node sees every slot served and no node missing, and every replica has its copy.</summary>
    /// <exception cref="TimeoutException">It did not come to that.</exception>
    public Task UntilWholeAsync(TimeSpan patience, CancellationToken cancellation) => UntilAsync(IsWholeAsync, patience, "the cluster to be whole", cancellation);

    /// <summary>Waits until something is so.</summary>
    public static async Task UntilAsync(Func<Task<bool>> isSo, TimeSpan patience, string what, CancellationToken cancellation)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(patience);
        using var timer = new PeriodicTimer(s_askEvery);
        while (!await IsSoAsync())
        {
            try
            {
                await timer.WaitForNextTickAsync(deadline.Token);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                throw new TimeoutException($"Waiting for {what} took longer than {patience}.");
            }
        }

        async Task<bool> IsSoAsync()
        {
            try
            {
                return await isSo();
            }
            catch (Exception fault) when (fault is InvalidOperationException or TimeoutException)
            {
                return false;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in Nodes)
            await node.DisposeAsync();
    }

    private async Task<bool> IsWholeAsync()
    {
        if (Nodes.Any(node => !node.IsRunning))
            return false;
        foreach (var node in Nodes)
        {
            var view = ClusterNode.ParseAll(await AskAsync(node, "cluster", "nodes"));
            if (view.Count != NodeCount || view.Any(other => other.IsFailed)
                || view.Where(other => other.IsMaster).Sum(other => other.Slots.Sum(range => range.Last - range.First + 1)) != Slots)
            {
                return false;
            }

            var replication = await AskAsync(node, "info", "replication");
            if (!replication.Contains("role:master", StringComparison.Ordinal) && !replication.Contains("master_link_status:up", StringComparison.Ordinal))
                return false;
        }

        return true;
    }
}
