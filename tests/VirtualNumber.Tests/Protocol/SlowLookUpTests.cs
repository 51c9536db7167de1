using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Tests.Protocol;

/// <summary>A look-up reads a lease, then records the call; what was read is not believed for longer than a telephone takes to ring.</summary>
[TestFixtureSource(typeof(StoreUnderTest), nameof(StoreUnderTest.All))]
public sealed class SlowLookUpTests(StoreUnderTest kind) : VerbTests(kind)
{
    private static readonly TimeSpan s_slow = TimeSpan.FromMilliseconds(101);

    private readonly List<string> _steps = [];

    private TestBlock _block = null!;
    private Lease _lease = null!;

    [SetUp]
    public async Task LeaseAsync()
    {
        _steps.Clear();
        _block = await AddBlockAsync();
        _lease = await LeasedAsync(_block, "R1");
    }

    [Test]
    public async Task A_lease_that_gets_another_holder_while_its_call_is_recorded_slowly_connects_to_that_one()
    {
        var answer = await ResolveAsync(SlowlyOnce(() => ReassignAsync(_lease, "X1", number: 2).AsTask()));

        Assert.That((answer.Outcome, answer.RealNumber), Is.EqualTo((ResolveOutcome.Connect, RealNumber(2))));
    }

    [Test]
    public async Task A_lease_that_ends_while_its_call_is_recorded_slowly_connects_to_nobody_and_the_record_says_so()
    {
        var answer = await ResolveAsync(SlowlyOnce(() => ReleaseAsync(_lease).AsTask()));

        Assert.That((answer.Outcome, answer.RealNumber), Is.EqualTo((ResolveOutcome.Ended, default(PhoneNumber))));
        var calls = await Stock.ListCallsAsync(_block.Pool, new(), default, 10, 10, None);
        Assert.That(calls.Calls.Single().Call.Outcome, Is.EqualTo(ResolveOutcome.Ended));
    }

    [Test]
    public async Task A_slow_look_up_of_a_lease_that_stays_as_it_is_connects_and_reads_it_once_more()
    {
        var answer = await ResolveAsync(SlowlyOnce(() => Task.CompletedTask));

        Assert.That((answer.Outcome, answer.RealNumber), Is.EqualTo((ResolveOutcome.Connect, RealNumber(1))));
        Assert.That(_steps, Is.EqualTo(new[] { "resolve", "record call", "resolve" }));
    }

    [Test]
    public async Task A_look_up_in_time_reads_the_lease_once()
    {
        var pool = new HookedPool(Steps) { Before = Note };
        Assert.That((await ResolveAsync(pool)).Outcome, Is.EqualTo(ResolveOutcome.Connect));
        Assert.That(_steps, Is.EqualTo(new[] { "resolve", "record call" }));
    }

    [Test]
    public async Task A_clock_that_is_put_back_meanwhile_vouches_for_nothing()
    {
        var pool = SlowlyOnce(
            () =>
            {
                Time.Advance(-Hour);
                return Task.CompletedTask;
            });
        Assert.That((await ResolveAsync(pool)).RealNumber, Is.EqualTo(RealNumber(1)));
        Assert.That(_steps, Is.EqualTo(new[] { "resolve", "record call", "resolve" }));
    }

    [Test]
    public async Task Whoever_changes_each_time_that_he_is_looked_at_is_not_called()
    {
        var changes = 0;
        var pool = new HookedPool(Steps)
        {
            Before = async step =>
            {
                if (step != "record call")
                    return;
                Time.Advance(s_slow);
                Assert.That((await ReassignAsync(_lease, $"X{++changes}", number: 1 + (changes % 2))).Outcome, Is.EqualTo(LeaseOutcome.Done));
            },
        };

        var fault = await Assert.ThrowsAsync<StoreUnavailableException>(async () => await ResolveAsync(pool));

        Assert.That((fault!.Trouble, changes), Is.EqualTo((StoreTrouble.Silent, 3)));
    }

    private async Task Note(string step)
    {
        _steps.Add(step);
        await Task.CompletedTask;
    }

    /// <summary>Something happens while the first record of the call takes too long.</summary>
    private HookedPool SlowlyOnce(Func<Task> meanwhile)
    {
        var wasSlow = false;
        return new HookedPool(Steps)
        {
            Before = async step =>
            {
                await Note(step);
                if (step != "record call" || wasSlow)
                    return;
                wasSlow = true;
                Time.Advance(s_slow);
                await meanwhile();
            },
        };
    }

    private ValueTask<ResolveAnswer> ResolveAsync(INumberPool pool) =>
        ServiceOver(pool).ResolveAsync(new CallQuery(_lease.Number, null, RealNumber(99)) { GatewayId = "gw", CallId = "call-1" }, None);
}
