using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Api;

[TestFixture]
public sealed class ReportNumberHealthTests : ApiTests
{
    private protected override Task<TestService> StartServiceAsync() => TestService.StartAsync(settings:
    [
        ("Gateways:1:Id", "bound"), ("Gateways:1:Numbers:0", "86:1621001000"), ("NumberHealth:Probation", "00:30:00"),
    ]);

    [Test]
    public async Task A_faulty_number_keeps_its_lease_which_says_so_until_it_is_well()
    {
        var lease = await LeaseAsync();
        var since = Now;
        Assert.That(await ReportAsync(lease.VirtualNumber, NumberHealth.Faulty), Is.EqualTo(new ReportNumberHealthResponse
        {
            Outcome = NumberHealthOutcome.Applied,
            Health = NumberHealth.Faulty,
            EventTime = since.ToTimestamp(),
        }));

        Assert.That((await ResolveAsync(lease.VirtualNumber)).Action, Is.EqualTo(RoutingAction.Connect));
        Service.Time.Advance(TimeSpan.FromMinutes(1));
        await ReportAsync(lease.VirtualNumber, NumberHealth.Faulty);
        Assert.That(await FlagsAsync(lease), Is.All.EqualTo(since.ToTimestamp()));

        Service.Time.Advance(TimeSpan.FromMinutes(1));
        var answer = await ReportAsync(lease.VirtualNumber, NumberHealth.Well);
        Assert.That((answer.Outcome, answer.Health), Is.EqualTo((NumberHealthOutcome.Applied, NumberHealth.Well)));
        Assert.That(answer.ReturnTime.ToDateTimeOffset(), Is.EqualTo(Now + TimeSpan.FromMinutes(30)));
        Assert.That(await FlagsAsync(lease), Is.All.Null);
    }

    [Test]
    public async Task Nobody_is_given_a_faulty_number_before_its_probation_is_over()
    {
        await Ops.SuspendNumbersAsync(Requests.Suspend(Requests.Numbers([.. Enumerable.Range(1, 99).Select(i => $"162100100{i:00}")])));
        await ReportAsync("16210010000", NumberHealth.Faulty);
        Assert.That(await CountAsync(), Is.EqualTo(Counts(faulty: 1, suspended: 99)));
        var refused = await RefusedCall.OfAsync(Leases.CreateLeaseAsync, Requests.CreateLease());
        refused.Expect(StatusCode.ResourceExhausted, ErrorReason.PoolEmpty);
        Assert.That(refused.Metadata["faulty_count"], Is.EqualTo("1"));

        Service.Time.Advance(TimeSpan.FromMinutes(1));
        await ReportAsync("16210010000", NumberHealth.Well);
        Service.Time.Advance(TimeSpan.FromMinutes(30) - Millisecond);
        Assert.That((await Ops.GetStatsAsync(Requests.GetStats())).NextAvailableTime.ToDateTimeOffset(), Is.EqualTo(Now + Millisecond));
        (await RefusedCall.OfAsync(Leases.CreateLeaseAsync, Requests.CreateLease("SF2"))).Expect(StatusCode.ResourceExhausted, ErrorReason.PoolEmpty);

        Service.Time.Advance(Millisecond);
        Assert.That(await CountAsync(), Is.EqualTo(Counts(available: 1, suspended: 99)));
        Assert.That((await LeaseAsync(Requests.CreateLease("SF3"))).VirtualNumber, Is.EqualTo("16210010000"));
    }

    [Test]
    public async Task A_live_lease_on_a_faulty_number_counts_as_leased()
    {
        var lease = await LeaseAsync();
        await ReportAsync(lease.VirtualNumber, NumberHealth.Faulty);
        Assert.That(await CountAsync(), Is.EqualTo(Counts(available: 99, leased: 1)));
        await Leases.ReleaseLeaseAsync(Requests.ReleaseLease(lease.LeaseId));
        Assert.That(await CountAsync(), Is.EqualTo(Counts(available: 99, faulty: 1)));
    }

    [Test]
    public async Task Older_and_repeated_reports_change_nothing()
    {
        await ReportAsync("16210010000", NumberHealth.Faulty, minutes: -5);
        await ReportAsync("16210010000", NumberHealth.Well, minutes: -4);
        var repeated = await ReportAsync("16210010000", NumberHealth.Well, minutes: -4);
        var older = await ReportAsync("16210010000", NumberHealth.Faulty, minutes: -5);
        var unchanged = await ReportAsync("16210010001", NumberHealth.Well);
        Assert.That(
            (repeated.Outcome, older.Outcome, unchanged.Outcome, unchanged.EventTime),
            Is.EqualTo((NumberHealthOutcome.Repeated, NumberHealthOutcome.Older, NumberHealthOutcome.Unchanged, default(Timestamp))));
        Assert.That(older.Health, Is.EqualTo(NumberHealth.Well));
    }

    [Test]
    public async Task An_operator_who_restores_a_number_overrides_what_gateways_said()
    {
        await ReportAsync("16210010000", NumberHealth.Faulty);
        Assert.That((await Ops.RestoreNumbersAsync(Requests.Restore(Requests.Numbers("16210010000")))).ChangedCount, Is.EqualTo(1));
        Assert.That(await CountAsync(), Is.EqualTo(Counts(available: 100)));
        Assert.That((await ReportAsync("16210010000", NumberHealth.Faulty, minutes: -1)).Outcome, Is.EqualTo(NumberHealthOutcome.Older));
    }

    [TestCase("16210010000", true)]
    [TestCase("16210010050", false)]
    [TestCase("16219990000", false)]
    public async Task A_gateway_reports_on_its_own_numbers_only(string number, bool own)
    {
        var request = Requests.NumberHealth(number, NumberHealth.Faulty, Now);
        request.GatewayId = "bound";
        if (own)
            Assert.That((await Routing.ReportNumberHealthAsync(request)).Outcome, Is.EqualTo(NumberHealthOutcome.Applied));
        else
            (await RefusedCall.OfAsync(Routing.ReportNumberHealthAsync, request)).Expect(StatusCode.NotFound, ErrorReason.NumbersUnknown, "number");
        Assert.That(await CountAsync(), Is.EqualTo(own ? Counts(available: 99, faulty: 1) : Counts(available: 100)));
    }

    [TestCase("", "number")]
    [TestCase("16210010000-12", "number")]
    public async Task What_is_no_number_is_refused(string number, string field) =>
        (await RefusedCall.OfAsync(Routing.ReportNumberHealthAsync, Requests.NumberHealth(number, NumberHealth.Faulty, Now)))
            .Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, field);

    [TestCase("two words")]
    [TestCase("gone-13912345678")]
    [TestCase("a-cause-that-is-longer-than-that-1")]
    public async Task What_is_no_code_is_refused(string cause) =>
        (await RefusedCall.OfAsync(Routing.ReportNumberHealthAsync, Requests.NumberHealth("16210010000", NumberHealth.Faulty, Now, cause)))
            .Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "cause");

    [Test]
    public async Task All_faulty_fields_are_named_at_once()
    {
        var request = Requests.NumberHealth("x", NumberHealth.Unspecified, Now + TimeSpan.FromMinutes(11), "x y");
        request.GatewayId = "no id";
        (await RefusedCall.OfAsync(Routing.ReportNumberHealthAsync, request))
            .Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "gateway_id", "number", "health", "cause", "event_time");
    }

    [TestCase("-00:00:01")]
    [TestCase("31.00:00:00")]
    public void A_probation_that_cannot_be_stops_the_start(string probation) => Assert.That(
        async () => await TestService.StartAsync(settings: [("NumberHealth:Probation", probation)]),
        Throws.TypeOf<VirtualNumber.Hosting.StartRefusedException>().With.Message.Contains("NumberHealth: Probation must be 0 to 30 days."));

    private async Task<ReportNumberHealthResponse> ReportAsync(string number, NumberHealth health, int minutes = 0) =>
        await Routing.ReportNumberHealthAsync(Requests.NumberHealth(number, health, Now + TimeSpan.FromMinutes(minutes), health == NumberHealth.Faulty ? "no-answer" : ""));

    /// <summary>What the reads of a lease say of its number.</summary>
    private async Task<IReadOnlyList<Timestamp?>> FlagsAsync(Lease lease) =>
    [
        (await Leases.GetLeaseAsync(Requests.GetLease(lease.LeaseId))).Lease.NumberFaultySince,
        (await Leases.ListDeliveryLeasesAsync(Requests.ListDeliveryLeases())).Leases[0].NumberFaultySince,
        (await Ops.ListLeasesAsync(Requests.ListLeases())).Leases[0].NumberFaultySince,
    ];
}
