using VirtualNumber.V1;

namespace VirtualNumber.Tests.Api;

/// <summary>How often one caller is connected by one lease.</summary>
[TestFixture]
public sealed class CallFrequencyTests : ApiTests
{
    private static readonly ResolveResponse s_notInService = new()
    {
        Action = RoutingAction.Reject,
        Refusal = new V1.Refusal { Q850Cause = 1, SipStatus = 404, Reason = RefusalReason.NotInService },
    };

    private int _calls;

    [Test]
    public async Task By_default_a_caller_is_connected_once_a_minute_five_times_an_hour_and_twenty_times_a_day()
    {
        var lease = await LeaseAsync();
        var connected = new List<DateTimeOffset>();
        var begin = Now;
        for (; Now < begin.AddHours(25); Service.Time.Advance(TimeSpan.FromSeconds(20)))
        {
            if ((await CallAsync(lease)).Action == RoutingAction.Connect)
                connected.Add(Now);
        }

        var minute = TimeSpan.FromMinutes(1);
        Assert.That(connected.Take(6).Select(time => time - begin), Is.EqualTo(new[] { 0, 1, 2, 3, 4, 60 }.Select(minutes => minutes * minute)));
        Assert.That(connected.Count(time => time < begin.AddDays(1)), Is.EqualTo(20));
        Assert.That(connected[20], Is.EqualTo(begin.AddDays(1)));
    }

    [Test]
    public async Task Who_is_too_frequent_hears_what_strangers_hear_and_the_true_reason_is_in_the_log_with_the_lease()
    {
        var lease = await LeaseAsync();
        await CallAsync(lease);

        Assert.That(await CallAsync(lease), Is.EqualTo(s_notInService));
        Assert.That(Service.Logs.Lines, Has.Some.Contains("TooFrequent").And.Contains(lease.LeaseId));
    }

    [Test]
    public async Task Another_caller_and_another_lease_are_free()
    {
        var (one, other) = (await LeaseAsync(Requests.CreateLease("SF1")), await LeaseAsync(Requests.CreateLease("SF2")));
        await CallAsync(one);

        Assert.That((await CallAsync(one, "+99955500222")).Action, Is.EqualTo(RoutingAction.Connect));
        Assert.That((await CallAsync(other)).Action, Is.EqualTo(RoutingAction.Connect));
        Assert.That(await CallAsync(one, "00999 555-00222"), Is.EqualTo(s_notInService), "the same caller, written otherwise");
    }

    [Test]
    public async Task A_second_look_up_of_a_call_is_the_same_call()
    {
        var lease = await LeaseAsync();
        var first = await CallAsync(lease, callId: "same");
        Service.Time.Advance(TimeSpan.FromSeconds(30));

        Assert.That(await CallAsync(lease, callId: "same"), Is.EqualTo(first));
        Service.Time.Advance(TimeSpan.FromSeconds(30));
        Assert.That((await CallAsync(lease)).Action, Is.EqualTo(RoutingAction.Connect), "a minute after the first look-up");
    }

    [Test]
    public async Task A_text_message_counts_like_a_call()
    {
        var lease = await LeaseAsync();
        await CallAsync(lease, kind: CallKind.Sms);
        Assert.That(await CallAsync(lease), Is.EqualTo(s_notInService));
        Assert.That(await CallAsync(lease, kind: CallKind.Sms), Is.EqualTo(s_notInService));
    }

    [Test]
    public async Task All_withheld_callers_are_one()
    {
        var update = Requests.UpdatePool();
        update.WithheldCallersAllowed = true;
        await Ops.UpdatePoolAsync(update);
        var lease = await LeaseAsync();

        Assert.That((await CallAsync(lease, "")).Action, Is.EqualTo(RoutingAction.Connect));
        Assert.That(await CallAsync(lease, "anonymous"), Is.EqualTo(s_notInService));
        Assert.That((await CallAsync(lease)).Action, Is.EqualTo(RoutingAction.Connect));
    }

    [Test]
    public async Task Each_party_of_a_pair_is_counted_for_itself()
    {
        await StockAsync(new Pool { PoolId = "pairs", Mode = PoolMode.Pair, BlockDigits = 2 }, "162100300");
        var lease = await LeaseAsync(Requests.Pair());

        Assert.That((await CallAsync(lease, Requests.Real)).ConnectNumber, Is.EqualTo(Requests.OtherReal));
        Assert.That((await CallAsync(lease, Requests.OtherReal)).ConnectNumber, Is.EqualTo(Requests.Real));
        Assert.That(await CallAsync(lease, Requests.Real), Is.EqualTo(s_notInService));
        Assert.That(await CallAsync(lease, Requests.OtherReal), Is.EqualTo(s_notInService));
    }

    [Test]
    public async Task Only_what_is_connected_counts()
    {
        var lease = await LeaseAsync();
        await Ops.SuspendNumbersAsync(Requests.Suspend(Requests.Numbers(lease.VirtualNumber)));
        Assert.That(await CallAsync(lease), Is.EqualTo(s_notInService));
        await Ops.RestoreNumbersAsync(Requests.Restore(Requests.Numbers(lease.VirtualNumber)));
        Assert.That((await CallAsync(lease)).Action, Is.EqualTo(RoutingAction.Connect));
    }

    [TestCase("Calls:Limits", "")]
    [TestCase("Calls:Limits:0:Count", "3")]
    public async Task The_limits_are_a_setting_and_may_be_none(string key, string value)
    {
        (string, string)[] within = value.Length == 0 ? [] : [("Calls:Limits:0:Within", "00:00:10")];
        await using var service = await TestService.StartAsync(settings: [(key, value), .. within]);
        await service.Ops.CreatePoolAsync(Requests.CreatePool(Requests.PoolId));
        await service.Ops.AddNumbersAsync(Requests.AddBlocks(Requests.PoolId, Requests.Block));
        var lease = (await service.Leases.CreateLeaseAsync(Requests.CreateLease())).Lease;
        var actions = new List<RoutingAction>();
        for (var i = 0; i < 4; i++)
            actions.Add((await service.Routing.ResolveAsync(Requests.Resolve(lease.VirtualNumber, callId: $"{i}"))).Action);

        Assert.That(actions.Count(action => action == RoutingAction.Connect), Is.EqualTo(value.Length == 0 ? 4 : 3));
    }

    private async Task<ResolveResponse> CallAsync(Lease lease, string caller = Requests.Caller, string? callId = null, CallKind kind = CallKind.Voice)
    {
        var request = Requests.Resolve(lease.VirtualNumber, caller, callId ?? $"call-{++_calls}");
        request.CallKind = kind;
        return await Routing.ResolveAsync(request);
    }
}
