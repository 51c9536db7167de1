using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using StackExchange.Redis;
using VirtualNumber.Protocol;

namespace VirtualNumber.Redis;

/// <summary>
/// Finds out for the operator why there is no Redis to work with. The client says "no connection is available" of a wrong password, an
/// untrusted certificate, a replica and a dead machine alike; so each address is asked once more over a connection of its own, which
/// sends nothing before a certificate was found good, and changes nothing.
/// </summary>
internal sealed class RedisDiagnosis(RedisOptions options)
{
    /// <summary>Beyond the time in which the answer was waited for: readiness is not told much later than without asking why.</summary>
    private static readonly TimeSpan s_longest = TimeSpan.FromMilliseconds(400);

    private readonly ConfigurationOptions? _options = RedisConnection.Parse(options.Configuration);

    /// <summary>The same fault, with what is found to be behind it.</summary>
    public async ValueTask<StoreUnavailableException> ExplainAsync(Exception fault, CancellationToken cancellation)
    {
        var (trouble, text) = FromAnswer(fault) ?? await AskAllAsync(IsSilence(fault), fault is OperationCanceledException ? CancellationToken.None : cancellation);
        return new StoreUnavailableException(fault.Message, fault) { Trouble = trouble, Finding = text };
    }

    /// <summary>What Redis itself has answered says enough.</summary>
    private static Finding? FromAnswer(Exception fault) => fault.InnerException is RedisServerException && fault is StoreUnavailableException { Trouble: var trouble }
        ? new(trouble, RedisFault.ReasonOfRefusedChange(fault.InnerException) is { } reason
            ? $"Redis takes no changes: {reason}."
            : $"Redis refuses a command of the service: {RedisFault.NameOf(fault.InnerException)}.")
        : null;

    /// <summary>Whether it was asked and did not answer in time, so that there was a connection.</summary>
    private static bool IsSilence(Exception fault) => fault is OperationCanceledException or StoreUnavailableException { Trouble: StoreTrouble.Silent };

    private async ValueTask<Finding> AskAllAsync(bool silent, CancellationToken cancellation)
    {
        if (_options is null)
            return new(StoreTrouble.Other, "Redis:Configuration cannot be read.");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(s_longest);
        var found = await Task.WhenAll(_options.EndPoints.Select(endpoint => AskAsync(_options, endpoint, limit.Token)));

        var troubles = found.OfType<Finding>().OrderByDescending(finding => finding.Trouble).ToList();
        var masters = found.Length - troubles.Count;
        // Beside a primary replicas are as they should be.
        if (masters > 0)
            troubles.RemoveAll(finding => finding.Trouble == StoreTrouble.Replica);
        if (troubles.Count == 0)
        {
            return silent
                ? new(StoreTrouble.Silent, "Redis answers a PING, but not in time what this instance asks: it, its machine or the network is slow (SLOWLOG, LATENCY), or a server of the cluster that Redis:Configuration does not name is silent.")
                : new(StoreTrouble.Away, "Redis answers; this instance's connection to it is not there yet.");
        }

        return masters == 0 || troubles[0].Trouble == StoreTrouble.Refused
            ? troubles[0]
            : troubles[0] with { Text = $"Of {found.Length} servers of Redis {troubles.Count} are in trouble. {troubles[0].Text}" };
    }

    /// <summary>Null: a primary that works.</summary>
    private static async Task<Finding?> AskAsync(ConfigurationOptions options, EndPoint endpoint, CancellationToken cancellation)
    {
        try
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(WithPort(endpoint, options.Ssl), cancellation);
            await using var network = new NetworkStream(socket);
            if (!options.Ssl)
                return await TalkAsync(options, network, cancellation);

            return await TalkOverTlsAsync(options, network, options.SslHost ?? HostOf(endpoint), cancellation);
        }
        catch (OperationCanceledException)
        {
            return new(StoreTrouble.Silent, "Redis does not answer.");
        }
        catch (SocketException fault)
        {
            return new(StoreTrouble.Away, $"Redis cannot be reached ({fault.SocketErrorCode}).");
        }
        catch (Exception fault) when (options.Ssl && fault is IOException or AuthenticationException)
        {
            return new(StoreTrouble.Refused, "What listens at the configured port speaks no TLS, or wants a certificate of this instance. Nothing was sent in clear.");
        }
        catch (IOException)
        {
            return new(StoreTrouble.Away, "Redis closes the connection at once. If it expects TLS, put ssl=true into Redis:Configuration.");
        }
    }

    /// <summary>Trusts what the client trusts: the machine's authorities, and a certificate that is made out to the host.</summary>
    private static async Task<Finding?> TalkOverTlsAsync(ConfigurationOptions options, Stream network, string host, CancellationToken cancellation)
    {
        var (errors, chained) = (SslPolicyErrors.None, "");
        await using var tls = new SslStream(network, leaveInnerStreamOpen: true, (_, _, chain, found) =>
        {
            (errors, chained) = (found, chain is { ChainStatus: [var first, ..] } ? first.Status.ToString() : "");
            return found == SslPolicyErrors.None;
        });
        try
        {
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = host }, cancellation);
        }
        catch (AuthenticationException) when (errors != SslPolicyErrors.None)
        {
            return new(
                StoreTrouble.Refused,
                errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors)
                    ? $"The certificate that Redis shows is not to be trusted ({chained}). Nothing was sent in clear. Its authority must be among those of this machine (SSL_CERT_FILE, SSL_CERT_DIR)."
                    : $"The certificate that Redis shows is for another host ({errors}). Nothing was sent in clear. See sslHost= in Redis:Configuration.");
        }

        return await TalkAsync(options, tls, cancellation);
    }

    private static async Task<Finding?> TalkAsync(ConfigurationOptions options, Stream redis, CancellationToken cancellation)
    {
        using var answers = new StreamReader(redis, Encoding.ASCII, leaveOpen: true);
        var withPassword = !string.IsNullOrEmpty(options.Password);
        if (withPassword && await AskAsync("AUTH", options.Password!) is { } refusal && CodeOf(refusal) is "WRONGPASS" or "NOPERM")
            return Refuses($"refuses the password of this instance ({CodeOf(refusal)}): see password= in Redis:Configuration, and requirepass of Redis");

        var answer = await AskAsync("PING");
        if (CodeOf(answer) is var code && code.Length > 0)
        {
            return code switch
            {
                "NOAUTH" when withPassword => Refuses("wants another password than this instance has: see password= in Redis:Configuration, and requirepass of Redis"),
                "NOAUTH" => Refuses("wants a password, and this instance has none: put password= into Redis:Configuration"),
                "DENIED" => Refuses("runs in protected mode and refuses this machine: give it a password and TLS, or its bind address"),
                "LOADING" => new(StoreTrouble.Starting, "Redis is reading in its data; it serves when it has."),
                "MISCONF" => new(StoreTrouble.ChangesRefused, "Redis cannot write to its disk (MISCONF)."),
                "MASTERDOWN" => Replica(),
                _ => new(StoreTrouble.Other, $"Redis answers {code}."),
            };
        }

        // An array whose first word is the role, after that word's length; one line where a rule of Redis's forbids the question.
        if ((await AskAsync("ROLE")).StartsWith('-'))
            return null;
        await ReadAsync();
        return await ReadAsync() == "slave" ? Replica() : null;

        async Task<string> AskAsync(params string[] words)
        {
            await SendAsync(words);
            return await ReadAsync();
        }

        async Task SendAsync(params string[] words)
        {
            var text = new StringBuilder($"*{words.Length}\r\n");
            foreach (var word in words)
                text.Append($"${Encoding.UTF8.GetByteCount(word)}\r\n{word}\r\n");
            await redis.WriteAsync(Encoding.UTF8.GetBytes(text.ToString()), cancellation);
        }

        async Task<string> ReadAsync() => await answers.ReadLineAsync(cancellation) ?? throw new EndOfStreamException();
    }

    private static Finding Refuses(string how) => new(StoreTrouble.Refused, $"Redis {how}.");

    private static Finding Replica() => new(
        StoreTrouble.Replica,
        "The configured Redis is a replica, which must not be asked: put the primary's address into Redis:Configuration (both, with commas, when they "
        + "may change places), or make it the primary (REPLICAOF NO ONE).");

    /// <summary>The word in front of an error; empty when the answer is none.</summary>
    private static string CodeOf(string answer) => !answer.StartsWith('-') ? "" : answer[1..(answer.IndexOf(' ', StringComparison.Ordinal) is var end and > 0 ? end : answer.Length)];

    private static string HostOf(EndPoint endpoint) => endpoint is DnsEndPoint name ? name.Host : ((IPEndPoint)endpoint).Address.ToString();

    /// <summary>The ports that the client would take.</summary>
    private static EndPoint WithPort(EndPoint endpoint, bool tls) => endpoint switch
    {
        DnsEndPoint { Port: 0 } name => new DnsEndPoint(name.Host, tls ? 6380 : 6379),
        IPEndPoint { Port: 0 } address => new IPEndPoint(address.Address, tls ? 6380 : 6379),
        _ => endpoint,
    };

    private sealed record Finding(StoreTrouble Trouble, string Text);
}
