using VirtualNumber.Protocol;

namespace VirtualNumber.Tests.Protocol;

/// <summary>count and find bar: what happens within a window, and who is barred for it.</summary>
[TestFixtureSource(typeof(StoreUnderTest), nameof(StoreUnderTest.All))]
public sealed class StoreContractCounterTests(StoreUnderTest kind) : StoreTests(kind)
{
    private static readonly TimeSpan s_millisecond = TimeSpan.FromMilliseconds(1);

    private ValueTask<CountAnswer> CountAsync(string counter, DateTimeOffset now, int limit = 3, TimeSpan? barredFor = null) =>
        Steps.CountAsync(new CountStep(DigestOf(counter), limit, 10 * Minute, barredFor), now, None);

    private ValueTask<DateTimeOffset?> FindBarAsync(string counter, DateTimeOffset now) => Steps.FindBarAsync(DigestOf(counter), now, None);

    [Test]
    public async Task With_the_event_that_reaches_the_limit_the_counter_is_barred()
    {
        Assert.That(await CountAsync("a", T0, barredFor: Hour), Is.EqualTo(new CountAnswer(true, null)));
        Assert.That(await CountAsync("a", T0 + Minute, barredFor: Hour), Is.EqualTo(new CountAnswer(true, null)));
        Assert.That(await FindBarAsync("a", T0 + Minute), Is.Null);

        var until = T0 + (2 * Minute) + Hour;
        Assert.That(await CountAsync("a", T0 + (2 * Minute), barredFor: Hour), Is.EqualTo(new CountAnswer(true, until)));
        Assert.That(await FindBarAsync("a", T0 + (2 * Minute)), Is.EqualTo(until));
    }

    [Test]
    public async Task What_comes_while_it_is_barred_is_not_counted_and_moves_no_end()
    {
        await CountAsync("a", T0, limit: 1, barredFor: Hour);

        Assert.That(await CountAsync("a", T0 + Minute, limit: 1, barredFor: Day), Is.EqualTo(new CountAnswer(false, T0 + Hour)));
        Assert.That(await CountAsync("a", T0 + Hour - s_millisecond, limit: 9), Is.EqualTo(new CountAnswer(false, T0 + Hour)));
        Assert.That(await FindBarAsync("a", T0 + Hour - s_millisecond), Is.EqualTo(T0 + Hour));
    }

    [Test]
    public async Task A_bar_ends_at_its_end_and_the_count_begins_anew()
    {
        await CountAsync("a", T0, limit: 1, barredFor: Hour);

        Assert.That(await FindBarAsync("a", T0 + Hour), Is.Null);
        Assert.That(await CountAsync("a", T0 + Hour, limit: 2), Is.EqualTo(new CountAnswer(true, null)));
        Assert.That(await CountAsync("a", T0 + Hour, limit: 2), Is.EqualTo(new CountAnswer(true, T0 + Hour + (10 * Minute))));
    }

    [Test]
    public async Task A_bar_without_a_length_ends_with_the_window_of_the_first_event()
    {
        await CountAsync("a", T0);
        await CountAsync("a", T0 + (5 * Minute));

        Assert.That(await CountAsync("a", T0 + (9 * Minute)), Is.EqualTo(new CountAnswer(true, T0 + (10 * Minute))));
        Assert.That(await FindBarAsync("a", T0 + (10 * Minute) - s_millisecond), Is.EqualTo(T0 + (10 * Minute)));
        Assert.That(await FindBarAsync("a", T0 + (10 * Minute)), Is.Null);
    }

    [Test]
    public async Task A_count_is_over_after_the_window_of_its_first_event()
    {
        await CountAsync("a", T0);
        await CountAsync("a", T0 + (10 * Minute) - s_millisecond);

        Assert.That((await CountAsync("a", T0 + (10 * Minute))).BarredUntil, Is.Null, "The first of a new count.");
        Assert.That((await CountAsync("a", T0 + (10 * Minute))).BarredUntil, Is.Null);
        Assert.That((await CountAsync("a", T0 + (10 * Minute))).BarredUntil, Is.EqualTo(T0 + (20 * Minute)));
    }

    [Test]
    public async Task Counters_are_counted_each_by_itself()
    {
        for (var i = 0; i < 3; i++)
            await CountAsync("a", T0, barredFor: Hour);
        await CountAsync("b", T0);

        Assert.That(await FindBarAsync("a", T0), Is.EqualTo(T0 + Hour));
        Assert.That(await FindBarAsync("b", T0), Is.Null);
        Assert.That(await FindBarAsync("c", T0), Is.Null, "Nothing was counted.");
    }

    [Test]
    public async Task A_limit_may_differ_from_one_event_to_the_next()
    {
        for (var i = 0; i < 4; i++)
            Assert.That((await CountAsync("a", T0, limit: 10)).BarredUntil, Is.Null);

        Assert.That((await CountAsync("a", T0, limit: 2, barredFor: Hour)).BarredUntil, Is.EqualTo(T0 + Hour), "Five are more than two.");
    }

    [Test]
    public async Task Reclaim_leaves_what_goes_on()
    {
        await CountAsync("a", T0, limit: 1, barredFor: Hour);
        await CountAsync("b", T0, limit: 2);

        await ReclaimAsync(T0 + Minute);

        Assert.That(await FindBarAsync("a", T0 + Minute), Is.EqualTo(T0 + Hour));
        Assert.That((await CountAsync("b", T0 + Minute, limit: 2)).BarredUntil, Is.EqualTo(T0 + (10 * Minute)));
        await ReclaimAsync(T0 + Hour);
        Assert.That(await FindBarAsync("a", T0 + Hour), Is.Null);
    }

    [Test]
    public async Task Of_many_at_once_each_is_counted_once()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => Task.Run(async () => await CountAsync("a", T0, limit: 50, barredFor: Hour))));

        Assert.That(answers.Count(answer => answer.Counted), Is.EqualTo(50));
        Assert.That(answers.Count(answer => answer.BarredUntil == T0 + Hour), Is.EqualTo(15), "The one that reached the limit, and those after it.");
    }
}
