using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Tests.Protocol;

/// <summary>A look-up reads a lease, then records the call; what was read is not believed for longer than a telephone takes to ring.</summary>
[TestFixtureSource(typeof(StoreUnderTest), nameof(StoreUnderTest.All))]
public sealed class SlowLookUpTests(StoreUnderTest kind) : VerbTests(kind)
{
    private static readonly TimeSpan s_slow = TimeSpan.FromMilliseconds(251);

    private readonly List<string> _steps = [];

    private TestBlock _block = null!;
    private Lease _lease = null!;

    private protected override bool TimeIsMeasured => true;

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
        Assert.That((await CallAsync()).Outcome, Is.EqualTo(ResolveOutcome.Ended));
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

    [TestCase(-1)]
    [TestCase(-251)]
    [TestCase(-60_000)]
    public async Task A_clock_that_is_put_back_meanwhile_makes_nothing_newer(int milliseconds)
    {
        var answer = await ResolveAsync(SlowlyOnce(async () =>
        {
            Assert.That((await ReassignAsync(_lease, "X1", number: 2)).Outcome, Is.EqualTo(LeaseOutcome.Done));
            Time.Advance(TimeSpan.FromMilliseconds(milliseconds));
        }));
        Assert.That(answer.RealNumber, Is.EqualTo(RealNumber(2)));
    }

    [Test]
    public async Task The_second_look_is_believed_for_no_longer_than_the_first()
    {
        var resolves = 0;
        var pool = SlowlyOnce(() => Task.CompletedTask);
        // Its answer is on its way for long.
        pool.After = async step =>
        {
            if (step != "resolve" || ++resolves != 2)
                return;
            Time.Advance(4 * Second);
            Assert.That((await ReassignAsync(_lease, "X1", number: 2)).Outcome, Is.EqualTo(LeaseOutcome.Done));
        };

        Assert.That((await ResolveAsync(pool)).RealNumber, Is.EqualTo(RealNumber(2)));
        Assert.That(_steps, Is.EqualTo(new[] { "resolve", "record call", "resolve", "resolve", "record call" }));
    }

    [Test]
    public async Task A_number_that_is_suspended_meanwhile_is_recorded_so_with_the_lease_that_the_look_up_had()
    {
        var answer = await ResolveAsync(SlowlyOnce(() => Stock.ChangeNumbersAsync(_block.Pool, new([], [_lease.Number]), StockChange.Suspend, Time.Now, None).AsTask()));

        Assert.That((answer.Outcome, answer.LeaseId), Is.EqualTo((ResolveOutcome.Suspended, default(string))));
        var call = await CallAsync();
        Assert.That((call.Outcome, call.Lease?.LeaseTime), Is.EqualTo((ResolveOutcome.Suspended, (DateTimeOffset?)T0)));
    }

    [Test]
    public async Task A_caller_whom_the_pool_s_rules_refuse_meanwhile_is_refused()
    {
        var nobody = new PoolUpdate { Rules = new CallRules { Allowed = CallerSet.Empty } };
        var answer = await ResolveAsync(SlowlyOnce(() => Stock.UpdatePoolAsync(Tenant, _block.Pool.PoolId, nobody, null, None).AsTask()));
        Assert.That(answer.Outcome, Is.EqualTo(ResolveOutcome.CallerNotAllowed));
    }

    [Test]
    public async Task A_call_that_is_recorded_twice_is_counted_once()
    {
        var limits = new CallRecordOptions { Limits = [new() { Count = 2, Within = Hour }] };
        var pool = SlowlyOnce(() => ReassignAsync(_lease, "X1", number: 2).AsTask());
        Assert.That((await ResolveAsync(pool, limits)).Outcome, Is.EqualTo(ResolveOutcome.Connect));
        Assert.That((await ResolveAsync(pool, limits, "call-2")).Outcome, Is.EqualTo(ResolveOutcome.Connect));
        Assert.That((await ResolveAsync(pool, limits, "call-3")).Outcome, Is.EqualTo(ResolveOutcome.TooFrequent));
    }

    [Test]
    public async Task An_extension_that_ends_meanwhile_is_refused_and_so_is_a_pair_s_party_who_left()
    {
        var shared = await LeasedAsync(await AddExtensionBlockAsync(density: 5), "R2", delivery: DeliveryOf("WB2"));
        var call = new CallQuery(shared.Number, shared.Extension, RealNumber(99)) { GatewayId = "gw", CallId = "call-1" };
        var answer = await ServiceOver(SlowlyOnce(() => ReleaseAsync(shared).AsTask())).ResolveAsync(call, None);
        Assert.That((answer.Outcome, answer.RealNumber), Is.EqualTo((ResolveOutcome.Ended, default(PhoneNumber))));

        var pair = (await CreatePairAsync(await AddPairBlockAsync(), "WB3", holder: 1, peer: 2)).Lease!;
        call = new CallQuery(pair.Number, null, RealNumber(1)) { GatewayId = "gw", CallId = "call-1" };
        answer = await ServiceOver(SlowlyOnce(() => ReassignAsync(pair, "X1", number: 3).AsTask())).ResolveAsync(call, None);
        Assert.That((answer.Outcome, answer.RealNumber), Is.EqualTo((ResolveOutcome.EndedForParty, default(PhoneNumber))));
    }

    [Test]
    public async Task A_store_that_is_slow_each_time_connects_nobody()
    {
        var pool = new HookedPool(Steps)
        {
            Before = async step =>
            {
                await Note(step);
                Time.Advance(s_slow);
            },
        };

        var fault = await Assert.ThrowsAsync<StoreUnavailableException>(async () => await ResolveAsync(pool));

        Assert.That(fault!.Trouble, Is.EqualTo(StoreTrouble.Silent));
        Assert.That(_steps, Is.EqualTo(new[] { "resolve", "record call", "resolve", "resolve", "resolve" }));
    }

    [Test]
    public async Task Whoever_has_left_each_time_that_he_is_looked_at_is_not_called_and_an_end_is_an_answer()
    {
        var changes = 0;
        var pool = new HookedPool(Steps)
        {
            Before = Times(3, async step =>
            {
                if (step != "record call")
                    return;
                Time.Advance(s_slow);
                var answer = ++changes < 3 ? await ReassignAsync(_lease, $"X{changes}", number: 1 + (changes % 2)) : await ReleaseAsync(_lease);
                Assert.That(answer.Outcome, Is.EqualTo(LeaseOutcome.Done));
            }),
        };

        Assert.That((await ResolveAsync(pool)).Outcome, Is.EqualTo(ResolveOutcome.Ended));
        Assert.That((await CallAsync()).Outcome, Is.EqualTo(ResolveOutcome.Ended));
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

    private static Func<string, Task> Times(int times, Func<string, Task> hook) => step =>
        step == "record call" && times-- <= 0 ? Task.CompletedTask : hook(step);

    private async Task<CallRecord> CallAsync() => (await Stock.ListCallsAsync(_block.Pool, new(), default, 10, 10, None)).Calls.Single().Call;

    private ValueTask<ResolveAnswer> ResolveAsync(INumberPool pool) => ResolveAsync(ServiceOver(pool), "call-1");

    private ValueTask<ResolveAnswer> ResolveAsync(INumberPool pool, CallRecordOptions limits, string callId = "call-1") => ResolveAsync(ServiceOver(pool, limits), callId);

    private ValueTask<ResolveAnswer> ResolveAsync(LeaseVerbs verbs, string callId) =>
        verbs.ResolveAsync(new CallQuery(_lease.Number, null, RealNumber(99)) { GatewayId = "gw", CallId = callId }, None);
}
