using Google.Protobuf;
using Grpc.Core;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Api;

/// <summary>Call rules as they are asked for and answered: every faulty field by its name, callers never, and what gateways are told.</summary>
[TestFixture]
public sealed class CallRulesTests : ApiTests
{
    private const string Courier = Requests.Caller;
    private const string OtherCourier = "+99955500222";

    /// <summary>The clock shows four in the afternoon in China.</summary>
    private static readonly CallHours s_morning = Hours("Asia/Shanghai", ("08:00", "12:00"));

    [Test]
    public async Task A_stranger_whom_rules_refuse_is_told_that_the_number_is_not_in_service_and_the_log_tells_why()
    {
        var notInService = (await ResolveAsync("17099990000")).ToByteArray();
        foreach (var (rules, reason) in new[]
        {
            (new CallRules { Hours = s_morning }, "OutsideHours"),
            (new CallRules { BlockedCallers = { Courier } }, "CallerBlocked"),
            (new CallRules { AllowedCallers = { OtherCourier } }, "CallerNotAllowed"),
            (new CallRules { OnlyAllowedCallers = true }, "CallerNotAllowed"),
        })
        {
            var request = Requests.CreateLease($"SF-{reason}-{rules.OnlyAllowedCallers}");
            request.CallRules = rules;
            var lease = await LeaseAsync(request);
            var logged = Service.Logs.Lines.Count(line => line.Contains($"refused, {reason};", StringComparison.Ordinal));

            Assert.That((await ResolveAsync(lease.VirtualNumber)).ToByteArray(), Is.EqualTo(notInService), reason);
            Assert.That(Service.Logs.Lines.Count(line => line.Contains($"refused, {reason};", StringComparison.Ordinal)), Is.EqualTo(logged + 1));
        }
    }

    [Test]
    public async Task A_person_of_a_pair_whom_rules_refuse_hears_that_it_is_not_allowed_and_a_stranger_does_not()
    {
        await StockAsync(new Pool { PoolId = "pairs", Mode = PoolMode.Pair }, "162100200");
        var request = Requests.Pair();
        request.CallRules = new() { Hours = s_morning };
        var lease = await LeaseAsync(request);

        var refused = new Refusal { Q850Cause = 21, SipStatus = 403, Reason = RefusalReason.NotAllowed };
        Assert.That((await ResolveAsync(lease.VirtualNumber, Requests.Real)).Refusal, Is.EqualTo(refused));
        Assert.That((await ResolveAsync(lease.VirtualNumber, Requests.OtherReal)).Refusal, Is.EqualTo(refused));
        Assert.That(await ResolveAsync(lease.VirtualNumber, Courier), Is.EqualTo(await ResolveAsync("17099990000")));
        Service.Time.Set(new DateTimeOffset(2026, 3, 3, 8, 0, 0, TimeSpan.FromHours(8)));
        Assert.That(await ResolveAsync(lease.VirtualNumber, Requests.Real), Is.EqualTo(Answers.Connect(lease, Requests.OtherReal)));
    }

    [Test]
    public async Task The_gateway_s_account_of_the_time_does_not_count()
    {
        var lease = Requests.CreateLease();
        lease.CallRules = new() { Hours = s_morning };
        var call = Requests.Resolve((await LeaseAsync(lease)).VirtualNumber);
        call.CallTime = Google.Protobuf.WellKnownTypes.Timestamp.FromDateTimeOffset(Now.AddHours(-6));
        Assert.That((await Routing.ResolveAsync(call)).Action, Is.EqualTo(RoutingAction.Reject));
    }

    [Test]
    public async Task A_lease_s_rules_are_answered_without_the_callers()
    {
        var request = Requests.CreateLease();
        request.CallRules = new()
        {
            Hours = Hours("Asia/Shanghai", ("14:00", "24:00"), ("22:00", "06:30"), ("08:05", "12:00")),
            AllowedCallers = { Courier, "13912345678", "+86 139 1234 5678" },
            BlockedCallers = { OtherCourier },
            AllowedCallerCount = 3,
        };
        request.CallRules.Hours.Windows[0].Days.AddRange([V1.DayOfWeek.Sunday, V1.DayOfWeek.Monday]);
        var lease = await LeaseAsync(request);

        var expected = new CallRules
        {
            Hours = Hours("Asia/Shanghai", ("08:05", "12:00"), ("14:00", "24:00"), ("22:00", "06:30")),
            OnlyAllowedCallers = true,
            AllowedCallerCount = 2,
            BlockedCallerCount = 1,
        };
        expected.Hours.Windows[1].Days.AddRange([V1.DayOfWeek.Monday, V1.DayOfWeek.Sunday]);
        Assert.That(lease.CallRules, Is.EqualTo(expected));
        Assert.That((await Leases.GetLeaseAsync(Requests.GetLease(lease.LeaseId))).Lease, Is.EqualTo(lease));
        Assert.That((await LeaseAsync(Requests.CreateLease("SF2"))).CallRules, Is.Null);
    }

    [Test]
    public async Task A_batch_s_items_have_rules_of_their_own()
    {
        var (good, bad) = (Requests.CreateLease("SF1"), Requests.CreateLease("SF2"));
        good.CallRules = new() { OnlyAllowedCallers = true };
        bad.CallRules = new() { AllowedCallers = { "no number" } };
        var results = (await Leases.BatchCreateLeasesAsync(new() { TenantId = TestService.Alpha, Requests = { good, bad } })).Results;
        Assert.That(results[0].Response.Lease.CallRules, Is.EqualTo(good.CallRules));
        RefusedCall.Of(results[1].Error, bad).Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "call_rules.allowed_callers[0]");
    }

    [Test]
    public async Task Every_fault_of_a_lease_s_rules_is_named()
    {
        var request = Requests.CreateLease();
        request.CallRules = new()
        {
            Hours = Hours("Mars/Olympus", ("8:00", "25:00"), ("24:00", "24:00"), ("08:00", "08:00"), ("12:60", "１2:00")),
            AllowedCallers = { Courier, "call me", Courier, "1" },
            BlockedCallers = { Enumerable.Repeat(Courier, 20) },
            AllowedKinds = { NumberKind.Mobile, NumberKind.Unspecified },
        };
        request.CallRules.BlockedCallers.Add("x");
        request.CallRules.Hours.Windows[2].Days.AddRange([V1.DayOfWeek.Unspecified, (V1.DayOfWeek)8, V1.DayOfWeek.Friday]);
        (await RefusedCall.OfAsync(Leases.CreateLeaseAsync, request)).Expect(
            StatusCode.InvalidArgument,
            ErrorReason.FieldsInvalid,
            "call_rules.allowed_kinds",
            "call_rules.allowed_callers[1]", "call_rules.allowed_callers[3]",
            "call_rules.allowed_kinds[1]",
            "call_rules.hours.time_zone",
            "call_rules.hours.windows[0].start", "call_rules.hours.windows[0].end",
            "call_rules.hours.windows[1].start",
            "call_rules.hours.windows[1].end",
            "call_rules.hours.windows[2].end",
            "call_rules.hours.windows[2].days[0]", "call_rules.hours.windows[2].days[1]",
            "call_rules.hours.windows[3].start", "call_rules.hours.windows[3].end",
            "call_rules.blocked_callers");
    }

    [Test]
    public async Task A_day_is_that_day([Values(V1.DayOfWeek.Monday, V1.DayOfWeek.Wednesday, V1.DayOfWeek.Saturday, V1.DayOfWeek.Sunday)] V1.DayOfWeek day)
    {
        var request = Requests.CreateLease();
        request.CallRules = new() { Hours = Hours("UTC", ("00:00", "24:00")) };
        request.CallRules.Hours.Windows[0].Days.Add(day);
        var number = (await LeaseAsync(request)).VirtualNumber;
        // 2 March 2026 is a Monday.
        for (var of = 2; of < 9; of++)
        {
            Service.Time.Set(new DateTimeOffset(2026, 3, of, 12, 0, 0, TimeSpan.Zero));
            Assert.That((await ResolveAsync(number)).Action == RoutingAction.Connect, Is.EqualTo(of - 1 == (int)day), $"{of} March");
        }
    }

    [TestCase(0)]
    [TestCase(21)]
    public async Task Hours_have_some_windows_and_not_too_many(int count)
    {
        var request = Requests.CreateLease();
        request.CallRules = new() { Hours = Hours("UTC", [.. Enumerable.Repeat(("08:00", "09:00"), count)]) };
        (await RefusedCall.OfAsync(Leases.CreateLeaseAsync, request)).Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "call_rules.hours.windows");
    }

    [Test]
    public async Task A_pool_has_up_to_a_thousand_callers_of_each_kind_and_its_faults_are_named_too()
    {
        var pool = new Pool { PoolId = "ruled", CallRules = new() };
        pool.CallRules.AllowedCallers.AddRange(Couriers(0, 1_000));
        pool.CallRules.BlockedCallers.AddRange(Couriers(1_000, 1_000));
        var made = (await Ops.CreatePoolAsync(new CreatePoolRequest { TenantId = TestService.Alpha, Pool = pool })).Pool;
        Assert.That(made.CallRules, Is.EqualTo(new CallRules { OnlyAllowedCallers = true, AllowedCallerCount = 1_000, BlockedCallerCount = 1_000 }));
        Assert.That((await Ops.CreatePoolAsync(new CreatePoolRequest { TenantId = TestService.Alpha, Pool = pool })).Pool, Is.EqualTo(made), "a repeat");

        (pool.PoolId, pool.CallRules.Hours) = ("other", new());
        pool.CallRules.AllowedCallers.AddRange(Couriers(2_000, 1));
        pool.CallRules.AllowedKinds.Add((NumberKind)4);
        (await RefusedCall.OfAsync(Ops.CreatePoolAsync, new CreatePoolRequest { TenantId = TestService.Alpha, Pool = pool })).Expect(
            StatusCode.InvalidArgument, ErrorReason.FieldsInvalid,
            "pool.call_rules.allowed_callers", "pool.call_rules.allowed_kinds[0]", "pool.call_rules.hours.time_zone", "pool.call_rules.hours.windows");
        var update = Requests.UpdatePool();
        update.CallRules = new() { BlockedCallers = { "" } };
        (await RefusedCall.OfAsync(Ops.UpdatePoolAsync, update)).Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "call_rules.blocked_callers[0]");

        update = Requests.UpdatePool("ruled");
        update.AllowedCallerChanges = new() { AddedCallers = { OtherCourier } };
        update.BlockedCallerChanges = new() { AddedCallers = { OtherCourier }, RemovedCallers = { Couriers(1_000, 1) } };
        (await RefusedCall.OfAsync(Ops.UpdatePoolAsync, update)).Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "allowed_caller_changes.added_callers");
        update.AllowedCallerChanges.RemovedCallers.Add(Couriers(0, 1));
        Assert.That((await Ops.UpdatePoolAsync(update)).Pool.CallRules, Is.EqualTo(made.CallRules));
        update.AllowedCallerChanges = new() { RemovedCallers = { "x" } };
        update.BlockedCallerChanges = new() { AddedCallers = { Courier, "+0" } };
        (await RefusedCall.OfAsync(Ops.UpdatePoolAsync, update)).Expect(
            StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "allowed_caller_changes.removed_callers[0]", "blocked_caller_changes.added_callers[1]");
    }

    [Test]
    public async Task Rules_as_they_were_answered_are_not_taken_for_rules_without_callers()
    {
        var create = new CreatePoolRequest
        {
            TenantId = TestService.Alpha,
            Pool = new() { PoolId = "ruled", CallRules = new() { AllowedCallers = { Courier }, BlockedCallers = { OtherCourier } } },
        };
        var made = (await Ops.CreatePoolAsync(create)).Pool;
        var update = Requests.UpdatePool("ruled");
        update.CallRules = made.CallRules.Clone();
        update.CallRules.Hours = s_morning;
        (await RefusedCall.OfAsync(Ops.UpdatePoolAsync, update)).Expect(
            StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "call_rules.allowed_caller_count", "call_rules.blocked_caller_count");
        (create.Pool.PoolId, create.Pool.CallRules) = ("copy", made.CallRules);
        (await RefusedCall.OfAsync(Ops.CreatePoolAsync, create)).Expect(
            StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "pool.call_rules.allowed_caller_count", "pool.call_rules.blocked_caller_count");

        update.CallRules.AllowedCallers.Add(Courier);
        update.CallRules.BlockedCallers.Add(OtherCourier);
        var updated = (await Ops.UpdatePoolAsync(update)).Pool.CallRules;
        Assert.That((updated.AllowedCallerCount, updated.BlockedCallerCount), Is.EqualTo((1, 1)));
    }

    [Test]
    public async Task An_update_replaces_all_rules_or_none_and_couriers_come_and_go()
    {
        var lease = await LeaseAsync();
        var update = Requests.UpdatePool();
        update.CallRules = new() { Hours = s_morning, BlockedCallers = { OtherCourier }, AllowedKinds = { NumberKind.Other, NumberKind.Mobile } };
        var pool = (await Ops.UpdatePoolAsync(update)).Pool;
        Assert.That(pool.CallRules, Is.EqualTo(new CallRules { Hours = s_morning, BlockedCallerCount = 1, AllowedKinds = { NumberKind.Mobile, NumberKind.Other } }));
        Assert.That((await ResolveAsync(lease.VirtualNumber)).Action, Is.EqualTo(RoutingAction.Reject));

        var aging = Requests.UpdatePool();
        aging.WithheldCallersAllowed = true;
        Assert.That((await Ops.UpdatePoolAsync(aging)).Pool.CallRules, Is.EqualTo(pool.CallRules), "what is not given stays");
        update.CallRules = new() { AllowedCallers = { OtherCourier } };
        Assert.That((await Ops.UpdatePoolAsync(update)).Pool.CallRules, Is.EqualTo(new CallRules { OnlyAllowedCallers = true, AllowedCallerCount = 1 }));
        Assert.That((await ResolveAsync(lease.VirtualNumber)).Action, Is.EqualTo(RoutingAction.Reject));

        var duty = Requests.UpdatePool();
        duty.AllowedCallerChanges = new() { AddedCallers = { Courier }, RemovedCallers = { OtherCourier } };
        Assert.That((await Ops.UpdatePoolAsync(duty)).Pool.CallRules.AllowedCallerCount, Is.EqualTo(1));
        Assert.That(await ResolveAsync(lease.VirtualNumber), Is.EqualTo(Answers.Connect(lease, Requests.Real)));
        Assert.That((await ResolveAsync(lease.VirtualNumber, OtherCourier)).Action, Is.EqualTo(RoutingAction.Reject));
        update.CallRules = new();
        Assert.That((await Ops.UpdatePoolAsync(update)).Pool.CallRules, Is.Null);
        Assert.That((await ResolveAsync(lease.VirtualNumber, OtherCourier)).Action, Is.EqualTo(RoutingAction.Connect));
    }

    [Test]
    public async Task A_pool_that_takes_mobile_numbers_only_binds_no_others()
    {
        await StockAsync(new Pool { PoolId = "pairs", Mode = PoolMode.Pair, CallRules = new() { AllowedKinds = { NumberKind.Mobile } } }, "162100200");
        var lease = await LeaseAsync(Requests.Pair("13912345678", "13912345679"));
        (await RefusedCall.OfAsync(Leases.CreateLeaseAsync, Requests.Pair("0571-88888888", "13912345670", "SF2")))
            .Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "real_number");
        (await RefusedCall.OfAsync(Leases.CreateLeaseAsync, Requests.Pair("13912345670", Requests.Real, "SF2")))
            .Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "peer_number");
        var reassign = Requests.ReassignLease(lease.LeaseId, "0571-88888888");
        (await RefusedCall.OfAsync(Leases.ReassignLeaseAsync, reassign)).Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "real_number");
        (reassign.RealNumber, reassign.PeerNumber) = ("", Requests.Real);
        (await RefusedCall.OfAsync(Leases.ReassignLeaseAsync, reassign)).Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "peer_number");
    }

    [Test]
    public async Task A_reassignment_is_answered_again_when_its_number_could_not_be_bound_any_more()
    {
        var lease = await LeaseAsync(Requests.CreateLease(real: "13912345678"));
        var reassign = Requests.ReassignLease(lease.LeaseId, "0571-88888888");
        var done = await Leases.ReassignLeaseAsync(reassign);
        var update = Requests.UpdatePool();
        update.CallRules = new() { AllowedKinds = { NumberKind.Mobile } };
        await Ops.UpdatePoolAsync(update);

        Assert.That(await Leases.ReassignLeaseAsync(reassign), Is.EqualTo(done));
        reassign.RequestId = "another";
        (await RefusedCall.OfAsync(Leases.ReassignLeaseAsync, reassign)).Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "real_number");
    }

    private static IEnumerable<string> Couriers(int from, int count) => Enumerable.Range(from, count).Select(index => $"139{index:00000000}");

    private static CallHours Hours(string zone, params (string Start, string End)[] windows) =>
        new() { TimeZone = zone, Windows = { windows.Select(window => new CallWindow { Start = window.Start, End = window.End }) } };
}
