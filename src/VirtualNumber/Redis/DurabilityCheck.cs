using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using StackExchange.Redis;
using VirtualNumber.Protocol;

namespace VirtualNumber.Redis;

/// <summary>
/// Whether the servers that take writes are set up for the level that was declared. One that is set up for less bars this instance: it
/// would acknowledge what Redis forgets.
/// </summary>
internal sealed class DurabilityCheck(IConnectionMultiplexer connection, RedisCalls calls, RedisOptions options, TimeProvider time)
{
    /// <summary>How often the settings of a server that was found right are read again.</summary>
    private static readonly TimeSpan s_readEvery = TimeSpan.FromSeconds(10);

    /// <summary>So long a server is waited for: one that is silent must not make the others seem so.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(400);

    private readonly ConcurrentDictionary<EndPoint, Judgement> _judged = new();

    /// <summary>
    /// What is wrong, one finding per kind, each naming the servers that it is about. A server that does not answer is judged as it was:
    /// calls to it fail by themselves.
    /// </summary>
    public async ValueTask<IReadOnlyList<StoreFinding>> RunAsync(CancellationToken cancellation)
    {
        var servers = connection.GetEndPoints();
        await Task.WhenAll(servers.Select(server => JudgeAsync(server, cancellation)));
        foreach (var gone in _judged.Keys.Except(servers))
            _judged.TryRemove(gone, out _);

        var judged = _judged.OrderBy(judgement => $"{judgement.Key}", StringComparer.Ordinal).Select(judgement => judgement.Value).ToList();
        return
        [
            .. FindingOf(StoreFindingKind.DurabilityWeaker, judged.Select(judgement => judgement.Weaker), $"Redis is not set up for what Redis:Durability declares ({options.Durability})"),
            .. FindingOf(StoreFindingKind.DurabilityUnknown, judged.Select(judgement => judgement.Unknown), $"Whether Redis is set up for what Redis:Durability declares ({options.Durability}) cannot be read, see to it yourself"),
            .. FindingOf(StoreFindingKind.ReplicasMissing, judged.Select(judgement => judgement.Missing), $"Fewer replicas are connected than Redis:Replicas ({options.Replicas}), so that no change can be confirmed"),
        ];
    }

    private static IEnumerable<StoreFinding> FindingOf(StoreFindingKind kind, IEnumerable<string?> texts, string what)
    {
        var all = string.Join("; ", texts.OfType<string>());
        return all.Length == 0 ? [] : [new(kind, $"{what}: {all}.")];
    }

    private async Task JudgeAsync(EndPoint endpoint, CancellationToken cancellation)
    {
        var server = connection.GetServer(endpoint);
        if (!server.IsConnected)
        {
            // Nothing goes to it either. But one that keeps less may come back before the next look, and calls with it.
            if (!_judged.TryGetValue(endpoint, out var known) || known.Weaker is null || IsReplaced(endpoint))
                _judged.TryRemove(endpoint, out _);
            return;
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(s_patience);
        try
        {
            var replication = (await calls.CheckAsync(_ => server.InfoAsync("replication"), patience.Token, "INFO"))
                .SelectMany(section => section).ToDictionary(line => line.Key, line => line.Value, StringComparer.Ordinal);
            // A replica is judged once it takes over.
            if (replication.GetValueOrDefault("role") != "master")
                _judged.TryRemove(endpoint, out _);
            else
                _judged[endpoint] = await JudgeAsync(server, MissingOf(endpoint, replication), patience.Token);
        }
        catch (StoreUnavailableException)
        {
            // As it was.
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // As it was.
        }
    }

    /// <summary>Whether another server has taken the place of one that is away: nothing will go to that, whatever it keeps.</summary>
    private bool IsReplaced(EndPoint endpoint)
    {
        var others = connection.GetEndPoints().Where(other => !other.Equals(endpoint)).Select(other => connection.GetServer(other)).Where(other => other.IsConnected).ToList();
        return others.Find(other => other.ServerType == ServerType.Cluster)?.ClusterConfiguration is { } configuration
            ? configuration[endpoint] is not { Slots.Count: > 0 }
            : others.Exists(other => _judged.ContainsKey(other.EndPoint));
    }

    private string? MissingOf(EndPoint endpoint, Dictionary<string, string> replication)
    {
        if (options.Durability != DurabilityLevel.Replicated)
            return null;
        var there = int.Parse(replication.GetValueOrDefault("connected_slaves", "0"), CultureInfo.InvariantCulture);
        return there < options.Replicas ? $"{NameOf(endpoint)} has {there}" : null;
    }

    private async Task<Judgement> JudgeAsync(IServer server, string? missing, CancellationToken cancellation)
    {
        // What was found wrong may be mended any second.
        if (_judged.TryGetValue(server.EndPoint, out var known) && known.IsRight && time.GetElapsedTime(known.ReadAt) < s_readEvery)
            return known with { Missing = missing };
        var readAt = time.GetTimestamp();
        try
        {
            var settings = await ReadAsync(server, "append*", cancellation);
            foreach (var (name, value) in await ReadAsync(server, "maxmemory*", cancellation))
                settings[name] = value;
            var weaker = string.Join(", ", WeakerOf(settings));
            return new(readAt, weaker.Length == 0 ? null : $"{NameOf(server.EndPoint)} has {weaker}", null, missing);
        }
        catch (Exception refused) when (refused is StoreUnavailableException { InnerException: RedisServerException or RedisCommandException })
        {
            return new(readAt, null, $"{NameOf(server.EndPoint)} does not let CONFIG GET be used", missing);
        }
    }

    private async Task<Dictionary<string, string>> ReadAsync(IServer server, string pattern, CancellationToken cancellation) =>
        (await calls.CheckAsync(_ => server.ConfigGetAsync(pattern), cancellation, "CONFIG")).ToDictionary(StringComparer.Ordinal);

    /// <summary>Each setting that is less than declared, with what it should be.</summary>
    private IEnumerable<string> WeakerOf(Dictionary<string, string> settings)
    {
        string Value(string name) => settings.GetValueOrDefault(name, "");

        if (Value("appendonly") != "yes")
            yield return $"appendonly {Value("appendonly")} instead of yes";
        string[] syncs = options.Durability switch
        {
            DurabilityLevel.Always => ["always"],
            DurabilityLevel.Everysec => ["everysec", "always"],
            // What the replicas have in memory is what counts there.
            _ => [],
        };
        if (syncs.Length > 0 && !syncs.Contains(Value("appendfsync"), StringComparer.Ordinal))
            yield return $"appendfsync {Value("appendfsync")} instead of {syncs[0]}";
        if (Value("maxmemory") != "0" && Value("maxmemory-policy") != "noeviction")
            yield return $"maxmemory-policy {Value("maxmemory-policy")} instead of noeviction";
    }

    /// <summary>A server as the operator knows it.</summary>
    public static string NameOf(EndPoint endpoint) => endpoint is DnsEndPoint named ? $"{named.Host}:{named.Port}" : $"{endpoint}";

    /// <param name="ReadAt">When the settings were read, as a timestamp.</param>
    /// <param name="Weaker">What is less than declared.</param>
    /// <param name="Unknown">Why that cannot be told.</param>
    /// <param name="Missing">How many replicas there are, when those are too few.</param>
    private sealed record Judgement(long ReadAt, string? Weaker, string? Unknown, string? Missing)
    {
        public bool IsRight => Weaker is null && Unknown is null;
    }
}
