using Microsoft.Extensions.Logging.Abstractions;
using VirtualNumber.Protocol;
using VirtualNumber.Redis;
using VirtualNumber.Sealing;
using VirtualNumber.Tests.Protocol;
using VirtualNumber.Tests.Sealing;

namespace VirtualNumber.Tests.Redis;

/// <summary>A stream of events that comes back older than it was, as after a fail-over of its shard alone.</summary>
public sealed class EventStreamTests() : StoreTests(RedisStoreUnderTest.Single)
{
    [Test]
    public async Task What_a_fail_over_of_a_stream_undid_is_told_again_as_the_same_event()
    {
        using var ring = TestRing.One();
        using var index = new BlindIndex(ring);
        using var tokens = new TokenSealer(ring);
        using var leaseIds = new LeaseIdCodec(ring);
        var streams = new EventStreams(Running.Events, index, tokens, leaseIds, new EventOptions(), TimeProvider.System);
        using var forwarder = new EventForwarder(Running.Events, streams, new EventOptions { Kept = TimeSpan.FromDays(90) }, new ManualTime(T0), NullLogger<EventForwarder>.Instance);
        var keys = Keys.OfEvents(streams.Of(Tenant));
        var database = (await RedisStoreUnderTest.Single.GetConnectionAsync()).GetDatabase();
        var block = await AddBlockAsync(inStock: 2);
        await LeaseAsync("one", block.Id, T0);
        await RunAsync();
        var before = await DumpAsync();
        await LeaseAsync("two", block.Id, T0 + Second);
        await RunAsync();
        var told = await IdsAsync();

        for (var i = 0; i < keys.Length; i++)
        {
            await database.KeyDeleteAsync(keys[i]);
            await database.KeyRestoreAsync(keys[i], before[i]);
        }

        Assert.That(await IdsAsync(), Is.EqualTo(told.Take(1)), "so it was undone");
        await RunAsync();

        Assert.That(told, Has.Count.EqualTo(2));
        Assert.That(await IdsAsync(), Is.EqualTo(told));

        async Task RunAsync()
        {
            for (var cycle = 0; cycle <= Running.BlockCount; cycle++)
                await forwarder.RunCycleAsync(None);
        }

        async Task<byte[][]> DumpAsync()
        {
            var dumps = new List<byte[]>();
            foreach (var key in keys)
                dumps.Add((await database.KeyDumpAsync(key))!);
            return [.. dumps];
        }

        async Task<List<string>> IdsAsync() =>
            [.. (await streams.ReadAsync(streams.Of(Tenant), default(EventPosition), None)).Events.Select(each => streams.IdOf(each.Event))];
    }
}
