using Grpc.Net.Client;
using VirtualNumber.Load;
using VirtualNumber.Tests.Api;
using VirtualNumber.Tests.GrpcOnKestrel;
using VirtualNumber.Tests.Redis;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Faults;

/// <summary>
/// The service's own process is killed (SIGKILL) in the middle of CreateLease, at each of its commands in turn, before and after it was
/// done; the client asks another instance with the same request id. One lease.
/// </summary>
[TestFixture]
internal sealed class KilledServiceTests
{
    private const int MostCommands = 20;

    private ServiceOnRedis _survivor = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _survivor = await ServiceOnRedis.StartAsync();
        await _survivor.StockAsync();
        var pairs = Requests.CreatePool("pairs", blockDigits: 2);
        pairs.Pool.Mode = PoolMode.Pair;
        await _survivor.Ops.CreatePoolAsync(pairs);
        await _survivor.Ops.AddNumbersAsync(Requests.AddBlocks("pairs", "170210010"));
    }

    [TearDown]
    public async Task StopAsync() => await _survivor.DisposeAsync();

    [Test]
    public Task A_kill_at_any_command_of_a_lease_leaves_one_lease() =>
        KillAtEachAsync(Requests.PoolId, waybill => Requests.CreateLease(waybill, requestId: "r"));

    [Test]
    public Task A_kill_at_any_command_of_a_pairs_lease_leaves_one_lease() =>
        KillAtEachAsync("pairs", waybill => Requests.Pair(waybill: waybill, requestId: "r", recipient: $"+9992{waybill[2..].PadLeft(7, '0')}"));

    private async Task KillAtEachAsync(string pool, Func<string, CreateLeaseRequest> request)
    {
        var leases = 0;
        for (var command = 1; command <= MostCommands; command++)
        {
            var kills = 0;
            foreach (var done in new[] { false, true })
            {
                var asked = request($"SF{(2 * command) + (done ? 1 : 0)}");
                kills += await KillAsync(asked, command, done) ? 1 : 0;

                var answer = (await _survivor.Leases.CreateLeaseAsync(asked)).Lease;
                var again = (await _survivor.Leases.CreateLeaseAsync(asked)).Lease;
                var listed = (await _survivor.Leases.ListDeliveryLeasesAsync(Requests.ListDeliveryLeases(asked.Delivery.WaybillNumber))).Leases;
                var counts = (await _survivor.Ops.GetStatsAsync(Requests.GetStats(pool))).Counts;
                Assert.That(again, Is.EqualTo(answer));
                Assert.That(listed, Is.EqualTo(new[] { answer }));
                Assert.That((counts.LeasedCount, counts.AgingCount), Is.EqualTo(((long)++leases, 0L)), $"Killed at command {command}, {(done ? "" : "not ")}done.");
            }

            if (kills == 0)
            {
                await TestContext.Out.WriteLineAsync($"{command - 1} commands, {leases - 2} kills, {leases} leases");
                Assert.That(command, Is.GreaterThan(2), "A claim and a take at least.");
                return;
            }
        }

        Assert.Fail($"More than {MostCommands} commands.");
    }

    /// <summary>Asks an instance of its own and kills it at that command; false: it needed fewer and has answered.</summary>
    private async Task<bool> KillAsync(CreateLeaseRequest request, int command, bool done)
    {
        // The steps on blocks and ledgers; what an instance asks by itself from time to time is on other keys.
        await using var proxy = new CuttingProxy(_survivor.Redis.Port, text => text.Contains("vn:{b", StringComparison.Ordinal) || text.Contains("vn:{d", StringComparison.Ordinal));
        await using var instance = await ServiceProcess.StartAsync(new Dictionary<string, string>(_survivor.Settings)
        {
            ["Redis:Configuration"] = proxy.Configuration,
            ["Reclaim:Interval"] = "01:00:00",
        });
        using var channel = GrpcChannel.ForAddress(instance.GrpcAddress);
        var leases = new LeaseService.LeaseServiceClient(channel);
        // Reclaim's only cycle is behind it, and the registry is known.
        await leases.ListDeliveryLeasesAsync(Requests.ListDeliveryLeases("NONE"));
        proxy.Arm(command, done);
        using var call = leases.CreateLeaseAsync(request);
        var answer = call.ResponseAsync;
        var killed = await Task.WhenAny(answer, proxy.Cut).Soon() != answer;
        instance.Process.Kill();
        await answer.ContinueWith(ended => ended.Exception, TaskScheduler.Default).Soon();
        Assert.That(answer.IsCompletedSuccessfully, Is.EqualTo(!killed));
        return killed;
    }
}
