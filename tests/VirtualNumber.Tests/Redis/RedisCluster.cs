using System.Net;
using StackExchange.Redis;
using VirtualNumber.Redis;
using VirtualNumber.Tests.Repository;

namespace VirtualNumber.Tests.Redis;

/// <summary>A cluster of the tests' own: deploy/redis/cluster on free loopback ports, in a folder of its own.</summary>
internal sealed class RedisCluster : IAsyncDisposable
{
    private const int Nodes = 6;

    private readonly DirectoryInfo _folder;
    private readonly string _nodes;
    private readonly string[] _options;

    private RedisCluster(DirectoryInfo folder, int firstPort, string nodes, string[] options) =>
        (_folder, FirstPort, _nodes, _options) = (folder, firstPort, nodes, options);

    /// <summary>The nodes' ports go on from here.</summary>
    public int FirstPort { get; }

    /// <summary>How a client finds it.</summary>
    public string Configuration => $"{_nodes},allowAdmin=true";

    /// <summary>Starts three masters and three replicas; the options outdo those of redis.conf.</summary>
    public static async Task<RedisCluster> StartAsync(params string[] options)
    {
        var folder = Directory.CreateTempSubdirectory("virtualnumber-cluster-");
        var port = RedisServer.FindFreePorts(2 * Nodes);
        // Most tests do not lose their Redis, and need not wait for the disk.
        string[] all = ["--appendfsync", "no", .. options];
        var output = await RunAsync(["start", folder.FullName, $"{port}", .. all]);
        var nodes = output.Split('\n').Single(line => line.StartsWith($"127.0.0.1:{port},", StringComparison.Ordinal));
        return new RedisCluster(folder, port, nodes, all);
    }

    public Task<ConnectionMultiplexer> ConnectAsync() => RedisConnection.ConnectAsync(Configuration);

    /// <summary>The masters, as they say themselves.</summary>
    public static async Task<IReadOnlyList<IServer>> MastersOfAsync(ConnectionMultiplexer connection)
    {
        var masters = new List<IServer>();
        foreach (var endpoint in connection.GetEndPoints())
        {
            var server = connection.GetServer(endpoint);
            var role = (await server.InfoAsync("replication")).SelectMany(section => section).First(line => line.Key == "role");
            if (role.Value == "master")
                masters.Add(server);
        }

        return masters;
    }

    /// <summary>Ends a node as a power cut would (SIGKILL).</summary>
    public Task KillAsync(EndPoint node) => SignalAsync(node, "KILL");

    /// <summary>Starts the nodes that were killed, and waits until every master has its replica again.</summary>
    public Task RestartAsync() => RunAsync(["start", _folder.FullName, $"{FirstPort}", .. _options]);

    /// <summary>Sends a signal to the process of a node: STOP freezes it, CONT lets it go on.</summary>
    public async Task SignalAsync(EndPoint node, string signal)
    {
        var process = (await File.ReadAllTextAsync(Path.Combine(_folder.FullName, $"{((IPEndPoint)node).Port}", "redis.pid"))).Trim();
        var (exitCode, output) = await Sources.RunAsync("kill", $"-{signal}", process);
        if (exitCode != 0)
            throw new InvalidOperationException(output);
    }

    public async ValueTask DisposeAsync()
    {
        await RunAsync(["stop", _folder.FullName]);
        _folder.Delete(recursive: true);
    }

    private static async Task<string> RunAsync(IEnumerable<string> arguments)
    {
        var (exitCode, output) = await Sources.RunAsync(Sources.At("deploy", "redis", "cluster"), arguments);
        return exitCode == 0 ? output : throw new InvalidOperationException(output);
    }
}
