using System.Net;
using StackExchange.Redis;

namespace VirtualNumber.Redis;

/// <summary>The one place that reads the configuration string and connects. Nothing it says or throws repeats the string: a password may be in it.</summary>
internal static class RedisConnection
{
    /// <summary>
    /// What holds unless the string says otherwise. Five seconds would be long for an instance that starts while Redis is away; a minute,
    /// the client's own, would be long until it looks who the primary is after a fail-over.
    /// </summary>
    private const string Defaults = "name=virtual-number,connectTimeout=2000,configCheckSeconds=1,";

    /// <summary>What holds whatever the string says: the current major would take RESP3 by itself; the old one does not know the word.</summary>
    private const string Fixed = ",protocol=resp2";

    /// <summary>
    /// What keeps the client at one server of a cluster: the commands by which it learns that there is one, and who is in it, under names
    /// that no server knows. (Disabled, they put the old major out of step with the answers.) So it looks at nothing, and need not look often.
    /// </summary>
    private const string Alone = ",$CLUSTER=NOCLUSTER,$INFO=NOINFO,configCheckSeconds=3600";

    /// <summary>
    /// Reads a configuration string; null when it cannot be read, names no address, or has an option that the client does not know: a
    /// misspelt <c>ssl</c> would send the password in clear.
    /// </summary>
    public static ConfigurationOptions? Parse(string configuration)
    {
        try
        {
            ConfigurationOptions.Parse(configuration, ignoreUnknown: false);
            var options = ConfigurationOptions.Parse(Defaults + configuration + Fixed, ignoreUnknown: true);
            // An instance that starts before Redis does waits for it, not serving, and needs nobody to start it again.
            options.AbortOnConnectFail = false;
            // The client's own lock on what it calls administration. Of that the service uses INFO and CONFIG GET, to see whether its Redis
            // keeps what it declares to keep.
            options.AllowAdmin = true;
            return options.EndPoints.Count == 0 ? null : options;
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException or OverflowException)
        {
            return null;
        }
    }

    /// <summary>
    /// Connects, or goes on trying in the background when Redis is away: it answers within a few seconds either way.
    /// </summary>
    /// <exception cref="ArgumentException">The string cannot be read.</exception>
    public static Task<ConnectionMultiplexer> ConnectAsync(string configuration) =>
        ConnectAsync(Parse(configuration) ?? throw new ArgumentException("The configuration of Redis cannot be read.", nameof(configuration)));

    /// <summary>
    /// Connects to one server alone, with the password, the certificate's host and all else of another connection. It is not told that
    /// there is a cluster, so that it stays there.
    /// </summary>
    /// <param name="configuration">As the other connection tells it.</param>
    /// <param name="server">The server.</param>
    public static Task<ConnectionMultiplexer> ConnectToAsync(string configuration, EndPoint server)
    {
        var options = ConfigurationOptions.Parse(configuration + Alone, ignoreUnknown: true);
        options.EndPoints.Clear();
        options.EndPoints.Add(server);
        return ConnectAsync(options);
    }

    private static async Task<ConnectionMultiplexer> ConnectAsync(ConfigurationOptions options)
    {
#if CURRENT_REDIS
        // A call without a connection is refused at once, as on the old major: queued, it would only end when nobody waits for it any more.
        options.BacklogPolicy = BacklogPolicy.FailFast;
#endif
        var connection = await ConnectionMultiplexer.ConnectAsync(options);
        // Without it concurrent awaits hang for good on the old major; on the current one it does nothing, and says so in this form only.
#pragma warning disable CS0618
        ((IConnectionMultiplexer)connection).PreserveAsyncOrder = false;
#pragma warning restore CS0618
        return connection;
    }
}
