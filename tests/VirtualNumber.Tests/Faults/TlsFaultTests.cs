using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Grpc.Core;
using VirtualNumber.Tests.Api;
using VirtualNumber.Tests.GrpcOnKestrel;
using VirtualNumber.Tests.Redis;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Faults;

/// <summary>
/// A Redis behind TLS, with a certificate of a private authority that the service is told to trust. Whatever is wrong with the one that it
/// shows, nothing is sent to it, the password least of all.
/// </summary>
[TestFixture]
internal sealed class TlsFaultTests
{
    private const string Password = "kept-from-strangers";

    [Test]
    public async Task A_wrong_certificate_is_refused_and_told_and_nothing_is_sent_in_clear()
    {
        using var folder = new TemporaryFolder();
        var (trusted, certificate, key) = (folder.At("trusted.pem"), folder.At("redis.pem"), folder.At("redis-key.pem"));
        using var authority = new TestCertificates("authority");
        using var stranger = new TestCertificates("stranger");
        authority.WriteAuthority(trusted);
        authority.Issue(certificate, key, "redis.test", IPAddress.Loopback);
        var port = RedisServer.FindFreePorts(1);
        var redis = await RedisServer.StartAsync(
            "--port", "0", "--tls-port", $"{port}", "--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file", trusted,
            "--tls-auth-clients", "no", "--requirepass", Password, "--appendfsync", "always");
        await using var service = await ServiceOnRedis.StartAsync(
            redis, [("Redis:Configuration", $"127.0.0.1:{port},ssl=true,sslHost=redis.test,password={Password}"), ("SSL_CERT_FILE", trusted)]);
        using var readiness = new Readiness(service.Service);
        await service.StockAsync();
        var lease = (await service.Leases.CreateLeaseAsync(Requests.CreateLease())).Lease;

        // Of an authority that nobody here trusts; then of the right one, for another host.
        stranger.Issue(certificate, key, "redis.test", IPAddress.Loopback);
        await RestartAsync();
        await IsRefusedAsync("The certificate that Redis shows is not to be trusted (PartialChain). Nothing was sent in clear.");
        authority.Issue(certificate, key, "elsewhere.test");
        await RestartAsync();
        await IsRefusedAsync("The certificate that Redis shows is for another host (RemoteCertificateNameMismatch). Nothing was sent in clear.");

        // Something else that listens there gets to see the beginning of TLS, and no word of Redis.
        await redis.KillAsync();
        var heard = await ListenAsync();
        Assert.That(heard, Is.Not.Empty);
        Assert.That(heard.All(bytes => bytes[0] == 0x16 && !Encoding.Latin1.GetString(bytes).Contains(Password, StringComparison.Ordinal)), Is.True);

        authority.Issue(certificate, key, "redis.test", IPAddress.Loopback);
        await redis.RestartAsync();
        var took = await readiness.UntilSoundAsync();
        await TestContext.Out.WriteLineAsync($"TLS: ready {took.TotalSeconds:0.0} s after Redis showed the right certificate");
        Assert.That((await service.Leases.GetLeaseAsync(Requests.GetLease(lease.LeaseId))).Lease, Is.EqualTo(lease));
        Assert.That(service.Service.Output, Does.Not.Contain(Password));

        async Task RestartAsync()
        {
            await redis.KillAsync();
            await redis.RestartAsync();
        }

        async Task IsRefusedAsync(string reason)
        {
            await readiness.UntilAsync(HttpStatusCode.ServiceUnavailable, $"the store is away: {reason}");
            var refusal = await RefusedCall.OfAsync(service.Leases.GetLeaseAsync, Requests.GetLease(lease.LeaseId));
            refusal.Expect(StatusCode.Unavailable, ErrorReason.StoreUnavailable);
            Assert.That(refusal.Message, Does.StartWith("The store and this instance do not trust each other;"));
            Assert.That(service.Service.Output, Does.Contain($"The store is away. {reason}"));
        }

        async Task<ConcurrentBag<byte[]>> ListenAsync()
        {
            var first = new ConcurrentBag<byte[]>();
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            var answering = AnswerAsync(listener, first);
            await readiness.UntilAsync(HttpStatusCode.ServiceUnavailable, "speaks no TLS");
            listener.Stop();
            await answering.Soon();
            return first;
        }
    }

    /// <summary>Answers like a Redis without TLS, until nobody listens any more.</summary>
    private static async Task AnswerAsync(TcpListener listener, ConcurrentBag<byte[]> first)
    {
        var buffer = new byte[4096];
        while (true)
        {
            try
            {
                using var client = await listener.AcceptTcpClientAsync();
                var count = await client.GetStream().ReadAsync(buffer);
                if (count > 0)
                    first.Add(buffer[..count]);
                await client.GetStream().WriteAsync("-ERR unknown command\r\n"u8.ToArray());
            }
            catch (IOException)
            {
                // Whoever came has gone.
            }
            catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }
}
