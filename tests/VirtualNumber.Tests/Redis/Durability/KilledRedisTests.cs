using System.Globalization;
using System.Threading.Channels;
using VirtualNumber.Redis;
using VirtualNumber.Tests.Api;
using VirtualNumber.Tests.GrpcOnKestrel;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Redis.Durability;

/// <summary>
/// Redis writes to disk before it acknowledges (appendfsync always), is killed in the middle of a run and started again: what was
/// acknowledged stands, and the service goes on by itself. VN_KILLS says how often it is killed.
/// </summary>
[TestFixture]
public sealed class KilledRedisTests
{
    private const int Clients = 64;
    private const int DeliveriesPerKill = 200;

    /// <summary>Fewer than the deliveries need, so that the kill comes in the middle of them.</summary>
    private const int CallsBeforeKill = 300;

    /// <summary>What is promised; a machine that runs other tests too may be late now and then.</summary>
    private static readonly TimeSpan s_answersWithin = TimeSpan.FromSeconds(2);

    private static int Kills =>
        Environment.GetEnvironmentVariable("VN_KILLS") is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : 10;

    [Test]
    public async Task What_was_acknowledged_survives_kills_and_the_service_goes_on_by_itself()
    {
        await using var service = await ServiceOnRedis.StartAsync(await RedisServer.StartAsync("--appendfsync", "always"), ("Redis:Durability", "Always"));
        await service.StockAsync();
        var (history, availability) = (new History(), new Availability());
        var audit = new Audit(service, new Client(Clients, service, new History(), availability));
        var deliveries = Channel.CreateUnbounded<int>();
        var running = Task.WhenAll(Enumerable.Range(0, Clients).Select(
            index => new Client(index, service, history, availability).RunAsync(deliveries.Reader)).ToList());

        var recoveries = new List<TimeSpan>();
        for (var kill = 1; kill <= Kills; kill++)
        {
            var enough = history.UntilMoreAsync(CallsBeforeKill);
            for (var i = 0; i < DeliveriesPerKill; i++)
                deliveries.Writer.TryWrite(i);
            await await Task.WhenAny(running, enough).Soon();
            availability.Lost();
            await service.Redis.KillAsync();
            var acknowledged = history.Holdings;
            await service.Redis.RestartAsync();
            recoveries.Add(await service.UntilAnsweringAsync());
            availability.Restored();
            Assert.That(await audit.FindLostAsync(acknowledged), Is.Empty, $"After kill {kill}.");
        }

        deliveries.Writer.Complete();
        await running.Soon();
        var holdings = history.Holdings;
        await TestContext.Out.WriteLineAsync(
            $"{Kills} kills, {history.Acknowledged} calls answered, {history.Unclear} unclear and sent again, {holdings.Count} leases acknowledged; " +
            $"answering again after {string.Join(", ", recoveries.Select(time => $"{time.TotalMilliseconds:0}"))} ms");

        Assert.That(await audit.FindLostAsync(holdings), Is.Empty);
        await audit.CheckBooksAsync(holdings);
        Assert.That(history.Unclear, Is.GreaterThan(Kills), "The kills came in the middle of calls.");
        recoveries.Sort();
        Assert.That(recoveries[recoveries.Count / 2], Is.LessThan(s_answersWithin));
        Assert.That(recoveries[^1], Is.LessThan(3 * s_answersWithin));
    }

    [Test]
    public async Task The_audit_finds_what_is_gone()
    {
        await using var service = await ServiceOnRedis.StartAsync();
        await service.StockAsync();
        var lease = (await service.Leases.CreateLeaseAsync(Requests.CreateLease())).Lease;
        var over = (await service.Leases.CreateLeaseAsync(Requests.CreateLease("SF2"))).Lease;
        await service.Leases.ReleaseLeaseAsync(Requests.ReleaseLease(over.LeaseId));
        var audit = new Audit(service, new Client(0, service, new History(), new Availability()));
        using var connection = await service.Redis.ConnectAsync();

        // Clients that were told what is not so; and a record and a ledger that are not there any more.
        var told = new Holding("told nothing wrong", "", Requests.Real) { Lease = lease };
        var released = new Holding("released", "", Requests.Real) { Lease = lease, ReleaseTried = true, Released = true };
        var reported = new Holding("reported", "", Requests.Real)
        {
            Lease = lease,
            Reported = Requests.Report(DeliveryStatus.Delivered, TimeProvider.System.GetUtcNow()),
        };
        var standing = new Holding("standing", "", Requests.Real) { Lease = over };
        var before = await audit.FindLostAsync([told, released, reported, standing]);
        await connection.GetDatabase().KeyDeleteAsync(Keys.Routes(1));
        var after = await audit.FindLostAsync([told]);

        Assert.That(before, Is.EquivalentTo(new[]
        {
            "released: the release is gone.", "reported: the report is gone.", "standing: the lease is over, and nobody released it.",
        }));
        Assert.That(after, Is.EqualTo(new[] { "told nothing wrong: the lease is gone." }));
    }
}
