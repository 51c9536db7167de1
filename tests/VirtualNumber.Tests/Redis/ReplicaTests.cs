using StackExchange.Redis;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;
using VirtualNumber.Redis;
using VirtualNumber.Tests.GrpcOnKestrel;
using VirtualNumber.Tests.Protocol;

namespace VirtualNumber.Tests.Redis;

/// <summary>A replica may not have been told yet. By default the client asks it when the primary is away; the store must not.</summary>
public sealed class ReplicaTests() : StoreTests(RedisStoreUnderTest.Single)
{
    [Test]
    public async Task A_replica_answers_nothing_when_its_primary_is_away()
    {
        await using var primary = await RedisServer.StartAsync();
        await using var replica = await RedisServer.StartAsync("--replicaof", $"127.0.0.1 {primary.Port}");
        using var connection = await RedisConnection.ConnectAsync($"127.0.0.1:{replica.Port},{primary.Configuration}");
        await using var store = RedisStoreUnderTest.Over(connection);
        var (pool, _) = await store.Stock.CreatePoolAsync(PoolOf("pool", Hour), None);
        await store.Stock.AddNumbersAsync(pool, new(["70011"], []), T0, None);
        var block = (await store.Pool.ChooseBlockAsync(Tenant, "pool", [], T0, None))!.Value;
        var claim = new Claim(ClaimIdOf("claim"), block, T0);
        var step = new TakeStep(claim, DigestOf("delivery"), DeliveryRole.Recipient, 0, T0 + Day, SealOf("n1"), DigestOf("n1"));
        var record = (await store.Pool.TakeAsync(step, T0, None)).Record!;
        Assert.That((await store.Pool.ResolveAsync(record.Number, T0 + Second, None)).Outcome, Is.EqualTo(RouteOutcome.Route));
        // The replica has all of it.
        await connection.GetDatabase().ExecuteAsync("WAIT", 1, 60_000);

        var failed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        connection.ConnectionFailed += (_, failure) =>
        {
            if (failure.ConnectionType == ConnectionType.Interactive)
                failed.TrySetResult();
        };
        await primary.KillAsync();
        await failed.Task.Soon();

        Assert.That(async () => await store.Pool.ResolveAsync(record.Number, T0 + Second, None), Throws.TypeOf<StoreUnavailableException>());
        Assert.That(async () => await store.Pool.GetAsync(HolderOf(record), None), Throws.TypeOf<StoreUnavailableException>());
        Assert.That(async () => await store.Pool.FindAsync(claim, None), Throws.TypeOf<StoreUnavailableException>());
        Assert.That(async () => await store.Stock.ListRecordsAsync(pool, null, new(0, 0), 10, T0, None), Throws.TypeOf<StoreUnavailableException>());
    }
}
