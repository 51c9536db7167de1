using VirtualNumber.Protocol;

namespace VirtualNumber.Tests.Protocol;

/// <summary>beat and list beats: when each instance of a gateway was heard last.</summary>
[TestFixtureSource(typeof(StoreUnderTest), nameof(StoreUnderTest.All))]
public sealed class StoreContractBeatTests(StoreUnderTest kind) : StoreTests(kind)
{
    private const string Gateway = "gw-1";

    private ValueTask<bool> BeatAsync(string instance, DateTimeOffset now, int calls = 0, string gateway = Gateway) =>
        Steps.BeatAsync(gateway, new InstanceBeat(instance, now, calls), None);

    private async Task<IReadOnlyList<InstanceBeat>> ListAsync(DateTimeOffset now, string gateway = Gateway) =>
        [.. (await Steps.ListBeatsAsync(gateway, now, None)).OrderBy(beat => beat.InstanceId, StringComparer.Ordinal)];

    [Test]
    public async Task The_last_of_each_instance_is_kept()
    {
        Assert.That(await BeatAsync("a", T0, 3));
        Assert.That(await BeatAsync("b", T0 + Second));
        Assert.That(await BeatAsync("a", T0 + Minute, 70_000));
        Assert.That(await ListAsync(T0 + Minute), Is.EqualTo(new InstanceBeat[] { new("a", T0 + Minute, 70_000), new("b", T0 + Second, 0) }));
    }

    [Test]
    public async Task Gateways_are_kept_apart()
    {
        await BeatAsync("a", T0, 1);
        await BeatAsync("a", T0, 2, gateway: "gw-2");
        Assert.That(await ListAsync(T0), Is.EqualTo(new InstanceBeat[] { new("a", T0, 1) }));
        Assert.That(await ListAsync(T0, "gw-3"), Is.Empty);
    }

    [Test]
    public async Task One_that_comes_late_changes_nothing_and_a_repeat_does_no_harm()
    {
        await BeatAsync("a", T0 + Minute, 1);
        Assert.That(await BeatAsync("a", T0, 2), Is.False);
        Assert.That(await BeatAsync("a", T0 + Minute, 1));
        Assert.That(await ListAsync(T0 + Minute), Is.EqualTo(new InstanceBeat[] { new("a", T0 + Minute, 1) }));
    }

    [Test]
    public async Task Who_is_silent_for_a_day_is_forgotten_when_another_one_is_heard()
    {
        await BeatAsync("a", T0);
        await BeatAsync("b", T0 + Second);
        Assert.That(await ListAsync(T0 + (2 * Day)), Has.Count.EqualTo(2), "Nobody was heard since.");

        await BeatAsync("c", T0 + Day);
        Assert.That((await ListAsync(T0 + Day)).Select(beat => beat.InstanceId), Is.EqualTo(new[] { "b", "c" }));
    }

    [Test]
    public async Task A_gateway_that_is_silent_for_30_days_is_forgotten()
    {
        await BeatAsync("a", T0);
        Assert.That(await ListAsync(T0 + (30 * Day) - Second), Has.Count.EqualTo(1));
        Assert.That(await ListAsync(T0 + (30 * Day)), Is.Empty);
    }

    [Test]
    public async Task With_one_instance_too_many_the_longest_silent_one_is_forgotten()
    {
        for (var i = 0; i < GatewayBeats.MostInstances; i++)
            await BeatAsync($"i{i:00}", T0 + (i * Second));
        await BeatAsync("i00", T0 + Minute + Minute);

        await BeatAsync("new", T0 + Hour);

        var known = await ListAsync(T0 + Hour);
        Assert.That(known, Has.Count.EqualTo(GatewayBeats.MostInstances));
        Assert.That(known.Select(beat => beat.InstanceId), Has.None.EqualTo("i01").And.One.EqualTo("i00").And.One.EqualTo("new"));
    }
}
