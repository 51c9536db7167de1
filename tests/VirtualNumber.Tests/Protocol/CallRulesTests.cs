using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Tests.Protocol;

/// <summary>The rules of pools and leases: what they refuse, and that nothing that becomes of a lease or a request loses them.</summary>
[TestFixtureSource(typeof(StoreUnderTest), nameof(StoreUnderTest.All))]
public sealed class CallRulesTests(StoreUnderTest kind) : VerbTests(kind)
{
    private const int Courier = 99;
    private const int OtherCourier = 98;

    private static readonly TimeSpan s_millisecond = TimeSpan.FromMilliseconds(1);

    /// <summary>Every test begins at eight in the morning, UTC.</summary>
    private static readonly CallHours s_office = new("UTC", [new(9 * 60, 17 * 60, Weekdays.None)]);

    [Test]
    public async Task A_lease_s_hours_begin_and_end_to_the_millisecond_by_the_service_s_clock()
    {
        var block = await AddBlockAsync();
        var lease = await LeasedAsync(block, new() { Hours = s_office });

        await ExpectAsync(lease, ResolveOutcome.OutsideHours);
        Time.Set(T0 + Hour - s_millisecond);
        await ExpectAsync(lease, ResolveOutcome.OutsideHours);
        Time.Set(T0 + Hour);
        await ExpectAsync(lease, ResolveOutcome.Connect);
        Time.Set(T0 + (9 * Hour) - s_millisecond);
        await ExpectAsync(lease, ResolveOutcome.Connect);
        Time.Set(T0 + (9 * Hour));
        await ExpectAsync(lease, ResolveOutcome.OutsideHours);
    }

    [Test]
    public async Task A_pool_s_hours_hold_for_leases_that_stand_and_go_with_them()
    {
        var block = await AddBlockAsync();
        var lease = await LeasedAsync(block, CallRules.None);
        await ExpectAsync(lease, ResolveOutcome.Connect);

        await UpdateAsync(block, new() { Rules = new() { Hours = s_office } });
        await ExpectAsync(lease, ResolveOutcome.OutsideHours);
        Time.Set(T0 + Hour);
        await ExpectAsync(lease, ResolveOutcome.Connect);
        Time.Set(T0 + (9 * Hour));
        await ExpectAsync(lease, ResolveOutcome.OutsideHours);
        await UpdateAsync(block, new() { Rules = CallRules.None });
        await ExpectAsync(lease, ResolveOutcome.Connect);
    }

    [Test]
    public async Task A_call_must_pass_the_pool_s_rules_and_the_lease_s()
    {
        var block = await AddBlockAsync();
        var lease = await LeasedAsync(block, new() { Hours = s_office, Allowed = Callers(Courier, OtherCourier) });
        Time.Set(T0 + Hour);
        await ExpectAsync(lease, ResolveOutcome.Connect);
        await UpdateAsync(block, new() { Rules = new() { Hours = new("UTC", [new(10 * 60, 18 * 60, Weekdays.None)]), Blocked = Callers(OtherCourier) } });

        await ExpectAsync(lease, ResolveOutcome.OutsideHours, because: "the pool has not opened");
        Time.Set(T0 + (2 * Hour));
        await ExpectAsync(lease, ResolveOutcome.Connect);
        await ExpectAsync(lease, ResolveOutcome.CallerBlocked, OtherCourier, "the pool blocks who is allowed by the lease");
        await ExpectAsync(lease, ResolveOutcome.CallerNotAllowed, 97);
        Time.Set(T0 + (9 * Hour));
        await ExpectAsync(lease, ResolveOutcome.OutsideHours, because: "the lease has closed");
    }

    [Test]
    public async Task Where_some_callers_are_allowed_others_and_withheld_ones_are_not()
    {
        var block = await AddBlockAsync();
        var lease = await LeasedAsync(block, new() { Allowed = Callers(Courier) });
        await ExpectAsync(lease, ResolveOutcome.Connect, Courier);
        await ExpectAsync(lease, ResolveOutcome.CallerNotAllowed, OtherCourier);
        await ExpectAsync(lease, ResolveOutcome.CallerNotAllowed, caller: null);
    }

    [Test]
    public async Task Where_some_callers_are_blocked_others_are_not()
    {
        var block = await AddBlockAsync();
        var lease = await LeasedAsync(block, new() { Blocked = Callers(Courier) });
        await ExpectAsync(lease, ResolveOutcome.CallerBlocked, Courier);
        await ExpectAsync(lease, ResolveOutcome.Connect, OtherCourier);
        await ExpectAsync(lease, ResolveOutcome.Connect, caller: null, "who is withheld cannot be told apart");
    }

    [Test]
    public async Task Couriers_come_on_duty_and_go_without_the_others_being_sent_again()
    {
        var block = await AddBlockAsync();
        var lease = await LeasedAsync(block, CallRules.None);
        await ExpectAsync(lease, ResolveOutcome.Connect, 97);

        await ChangeAsync([Courier], []);
        await ExpectAsync(lease, ResolveOutcome.Connect, Courier);
        await ExpectAsync(lease, ResolveOutcome.CallerNotAllowed, 97, "the first on duty is the only one");
        await ChangeAsync([OtherCourier], [97]);
        await ExpectAsync(lease, ResolveOutcome.Connect, Courier);
        await ExpectAsync(lease, ResolveOutcome.Connect, OtherCourier);
        await ChangeAsync([], [Courier, OtherCourier]);
        foreach (var caller in new[] { Courier, OtherCourier, 97 })
            await ExpectAsync(lease, ResolveOutcome.CallerNotAllowed, caller, "with the last one gone nobody is left");

        Task ChangeAsync(int[] joins, int[] leaves) => UpdateAsync(block, new() { AllowedCallers = new(Callers(joins), Callers(leaves)) });
    }

    [Test]
    public async Task Who_leaves_a_pool_that_connects_anybody_changes_nothing()
    {
        var block = await AddBlockAsync();
        var before = (await Stock.FindPoolAsync(Tenant, block.Pool.PoolId, None))!;
        var (pool, changed) = (await Stock.UpdatePoolAsync(
            Tenant, block.Pool.PoolId, new() { AllowedCallers = new(CallerSet.Empty, Callers(Courier)), BlockedCallers = new(CallerSet.Empty, Callers(Courier)) }, null, None))!.Value;
        Assert.That((pool, changed), Is.EqualTo((before, true)), "not even the version");
    }

    [Test]
    public async Task The_same_rules_again_change_nothing()
    {
        var block = await AddBlockAsync();
        CallRules Rules() => new() { Hours = new("UTC", [new(9 * 60, 17 * 60, Weekdays.None)]), Allowed = Callers(Courier), Blocked = Callers(97, 96) };

        var first = await UpdateAsync(block, new() { Rules = Rules() });
        var second = await UpdateAsync(block, new() { Rules = Rules() });
        Assert.That(second, Is.EqualTo(first));
        var (_, same) = await Stock.CreatePoolAsync(first with { Version = 1 }, None);
        Assert.That(same, Is.True);
        var (_, other) = await Stock.CreatePoolAsync(first with { Rules = Rules() with { Blocked = Callers(97) } }, None);
        Assert.That(other, Is.False);
    }

    [Test]
    public async Task A_tenant_s_callers_are_no_other_tenant_s()
    {
        var callers = Verbs.CallersOf(Tenant, [RealNumber(1)]).Digests.Concat(Verbs.CallersOf("tenant-2", [RealNumber(1)]).Digests).ToList();
        Assert.That(callers.Distinct().Count(), Is.EqualTo(2));
        var lease = await LeasedAsync(await AddBlockAsync(), new() { Allowed = Verbs.CallersOf("tenant-2", [RealNumber(Courier)]) });
        await ExpectAsync(lease, ResolveOutcome.CallerNotAllowed, Courier);
    }

    [Test]
    public async Task In_pair_mode_either_person_is_held_to_the_rules()
    {
        var block = await AddPairBlockAsync();
        var lease = await LeasedPairAsync(block, new() { Hours = s_office, Blocked = Callers(2) });

        await ExpectAsync(lease, ResolveOutcome.OutsideHours, 1);
        await ExpectAsync(lease, ResolveOutcome.OutsideHours, 2);
        await ExpectAsync(lease, ResolveOutcome.NotLeased, Courier, "a stranger is nobody there");
        Time.Set(T0 + Hour);
        await ExpectAsync(lease, ResolveOutcome.Connect, 1);
        await ExpectAsync(lease, ResolveOutcome.CallerBlocked, 2);
        await UpdateAsync(block, new() { Rules = new() { Allowed = Callers(2) } });
        await ExpectAsync(lease, ResolveOutcome.CallerNotAllowed, 1);
    }

    [Test]
    public async Task An_extension_that_rules_refuse_is_counted_as_a_guess()
    {
        var block = await AddExtensionBlockAsync(density: 10);
        var lease = await LeasedAsync(block, new() { Blocked = Callers(Courier) });
        for (var call = 0; call < 5; call++)
            Assert.That(await CallAsync(), Is.EqualTo(ResolveOutcome.CallerBlocked));
        Assert.That(await CallAsync(), Is.EqualTo(ResolveOutcome.LockedOut));

        async Task<ResolveOutcome> CallAsync() =>
            (await Verbs.ResolveAsync(new CallQuery(lease.Number, lease.Extension, RealNumber(Courier)), None)).Outcome;
    }

    [Test]
    public async Task A_withheld_caller_of_the_right_extension_is_counted_as_a_guess()
    {
        var block = await AddExtensionBlockAsync(density: 10);
        await Stock.UpdatePoolAsync(Tenant, block.Pool.PoolId, new() { WithheldCallersAllowed = false }, null, None);
        var lease = await LeasedAsync(block, CallRules.None);
        for (var call = 0; call < 5; call++)
            await ExpectAsync(lease, ResolveOutcome.CallerWithheld, caller: null);
        await ExpectAsync(lease, ResolveOutcome.LockedOut, caller: null);
        await ExpectAsync(lease, ResolveOutcome.Connect, Courier, "it is no one else's fault");
    }

    [Test]
    public async Task The_right_extension_of_a_number_that_joined_a_pool_is_counted_as_a_guess()
    {
        var block = await AddExtensionBlockAsync(density: 10);
        var lease = await LeasedAsync(block, CallRules.None);
        var pool = (await AddBlockAsync()).Pool;
        await Stock.AddNumbersAsync(pool, new([], [RealNumber(1)]), T0, None);

        for (var i = 0; i < new GuessOptions().MissesPerCaller; i++)
            await ExpectAsync(lease, ResolveOutcome.RealNumberInPool);
        await ExpectAsync(lease, ResolveOutcome.LockedOut);
        await ExpectAsync(lease, ResolveOutcome.RealNumberInPool, OtherCourier, "it is no one else's fault");
    }

    [Test]
    public async Task Couriers_who_call_too_early_shut_the_number_to_nobody_else()
    {
        var block = await AddExtensionBlockAsync(density: 10);
        var early = await LeasedAsync(block, new() { Hours = s_office });
        var other = (await Verbs.CreateLeaseAsync(
            new CreateLeaseCommand(DeliveryOf("WB2"), DeliveryRole.Recipient, block.Pool.PoolId, RealNumber(2), null, null), None)).Lease!;
        Assert.That(other.Number, Is.EqualTo(early.Number));
        // More than it takes for guesses to lock everybody out of a number, which they still do.
        for (var courier = 1_000; courier < 1_060; courier++)
            await ExpectAsync(early, ResolveOutcome.OutsideHours, courier);
        await ExpectAsync(other, ResolveOutcome.Connect);
    }

    [Test]
    public async Task Rules_stay_whatever_becomes_of_the_lease()
    {
        var block = await AddBlockAsync();
        var rules = new CallRules { Hours = s_office, Allowed = Callers(Courier), Blocked = Callers(97) };
        var lease = await LeasedAsync(block, rules);
        Assert.That(lease.Rules, Is.EqualTo(rules));

        Assert.That((await ExtendAsync(lease, "E1")).Lease!.Rules, Is.EqualTo(rules));
        Assert.That((await ReassignAsync(lease, "X1", 5)).Lease!.Rules, Is.EqualTo(rules));
        await ReportAsync(DeliveryStatus.InTransit, T0);
        Assert.That((await GetAsync(lease))!.Rules, Is.EqualTo(rules));
        await ExpectAsync(lease, ResolveOutcome.OutsideHours);
        Time.Set(T0 + Hour);
        await ExpectAsync(lease, ResolveOutcome.CallerNotAllowed, OtherCourier);
        Assert.That((await Verbs.ResolveAsync(lease.Number, RealNumber(Courier), None)).RealNumber, Is.EqualTo(RealNumber(5)));

        var expired = (await GetAsync(lease))!.ExpireTime;
        Time.Set(expired);
        await ReclaimAsync(expired);
        var over = (await GetAsync(lease))!;
        Assert.That((over.End, over.Rules), Is.EqualTo((EndReason.Expired, rules)));
        await ExpectAsync(lease, ResolveOutcome.Ended, because: "that it is over comes first");
    }

    [Test]
    public async Task Rules_stay_when_a_lease_moves_to_another_number()
    {
        var block = await AddPairBlockAsync(inStock: 2);
        await CreatePairAsync(block, "OTHER", holder: 3, peer: 4);
        var rules = new CallRules { Blocked = Callers(3) };
        var lease = await LeasedPairAsync(block, rules);
        var command = new ReassignLeaseCommand(Tenant, lease.LeaseId, "X1", RealNumber(3), NewNumberIfBusy: true);

        var moved = await Verbs.ReassignLeaseAsync(command, None);
        Assert.That((moved.NewNumber, moved.Lease!.Rules), Is.EqualTo((true, rules)));
        await ExpectAsync(moved.Lease, ResolveOutcome.CallerBlocked, 3);
        Assert.That(await Verbs.ReassignLeaseAsync(command, None), Is.EqualTo(moved));
    }

    [Test]
    public async Task A_repeat_gets_its_lease_and_other_rules_are_other_content()
    {
        var block = await AddBlockAsync(inStock: 2);
        var lease = await LeasedAsync(block, new() { Allowed = Callers(1, 2) }, "R1");

        var again = await CreateAsync(block, new() { Allowed = Callers(2, 1, 1) }, "R1");
        Assert.That((again.Outcome, again.Existing, again.Lease?.LeaseId), Is.EqualTo((CreateLeaseOutcome.Leased, true, lease.LeaseId)));
        foreach (var other in new CallRules[] { CallRules.None, new() { Allowed = Callers(1) }, new() { Blocked = Callers(1, 2) }, new() { Allowed = Callers(1, 2), Hours = s_office } })
            Assert.That((await CreateAsync(block, other, "R1")).Outcome, Is.EqualTo(CreateLeaseOutcome.RequestIdReused));
    }

    [TestCase(null)]
    [TestCase("R2")]
    public async Task Another_request_with_other_rules_is_told_that_a_lease_with_others_stands(string? request)
    {
        var block = await AddBlockAsync(inStock: 2);
        var rules = new CallRules { Allowed = Callers(1) };
        var lease = await LeasedAsync(block, rules, "R1");

        Assert.That((await CreateAsync(block, new() { Allowed = Callers(2) }, request)).Outcome, Is.EqualTo(CreateLeaseOutcome.RoleTaken));
        Assert.That((await CreateAsync(block, rules, request)).Lease?.LeaseId, Is.EqualTo(lease.LeaseId));
        var without = await CreateAsync(block, CallRules.None, request is null ? null : "R3");
        Assert.That((without.Outcome, without.Lease?.LeaseId, without.Lease?.Rules), Is.EqualTo((CreateLeaseOutcome.Leased, lease.LeaseId, rules)));
    }

    [Test]
    public async Task A_lease_without_rules_is_not_what_somebody_with_rules_asks_for()
    {
        var block = await AddBlockAsync(inStock: 2);
        await LeasedAsync(block, CallRules.None, "R1");
        Assert.That((await CreateAsync(block, new() { Allowed = Callers(1) }, "R2")).Outcome, Is.EqualTo(CreateLeaseOutcome.RoleTaken));
    }

    [Test]
    public async Task A_request_whose_claim_another_one_took_with_other_rules_is_told_so_and_leases_once_that_lease_is_over()
    {
        var block = await AddBlockAsync(inStock: 2);
        var cut = ServiceOver(new HookedPool(Steps) { Before = step => step == "take" ? throw HookedPool.Cut() : Task.CompletedTask });
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await CreateAsync(block, new() { Allowed = Callers(1) }, "R1", cut));
        var other = await LeasedAsync(block, new() { Allowed = Callers(2) }, "R2");

        Assert.That((await CreateAsync(block, new() { Allowed = Callers(1) }, "R1")).Outcome, Is.EqualTo(CreateLeaseOutcome.RoleTaken));
        await ReleaseAsync(other);
        var own = await CreateAsync(block, new() { Allowed = Callers(1) }, "R1");
        Assert.That((own.Outcome, own.Lease?.Rules), Is.EqualTo((CreateLeaseOutcome.Leased, new CallRules { Allowed = Callers(1) })));
        Assert.That(own.Lease!.LeaseId, Is.Not.EqualTo(other.LeaseId));
    }

    [Test]
    public async Task A_pool_binds_the_kinds_of_numbers_that_it_allows()
    {
        var block = await AddPairBlockAsync();
        var lease = await LeasedPairAsync(block, CallRules.None);
        await UpdateAsync(block, new() { AllowedKinds = PhoneNumberKindSet.Of(PhoneNumberKind.Other) });
        var mobile = PhoneNumber.FromCanonical("86:13912345678");

        var order = new CreateLeaseCommand(DeliveryOf("WB7"), DeliveryRole.Courier, block.Pool.PoolId, mobile, null, null);
        Assert.That((await Verbs.CreateLeaseAsync(order, None)).Outcome, Is.EqualTo(CreateLeaseOutcome.RealNumberKindNotAllowed));
        order = order with { RealNumber = RealNumber(7), PeerNumber = mobile };
        Assert.That((await Verbs.CreateLeaseAsync(order, None)).Outcome, Is.EqualTo(CreateLeaseOutcome.PeerNumberKindNotAllowed));
        Assert.That((await Verbs.CreateLeaseAsync(order with { PeerNumber = RealNumber(8) }, None)).Outcome, Is.EqualTo(CreateLeaseOutcome.Leased));
        var reassign = new ReassignLeaseCommand(Tenant, lease.LeaseId, "X1", mobile);
        Assert.That((await Verbs.ReassignLeaseAsync(reassign, None)).Outcome, Is.EqualTo(LeaseOutcome.RealNumberKindNotAllowed));
        Assert.That((await Verbs.ReassignLeaseAsync(reassign with { RealNumber = null, PeerNumber = mobile }, None)).Outcome, Is.EqualTo(LeaseOutcome.PeerNumberKindNotAllowed));
        Assert.That((await GetAsync(lease)), Is.EqualTo(lease));

        await UpdateAsync(block, new() { AllowedKinds = default(PhoneNumberKindSet) });
        Assert.That((await Verbs.ReassignLeaseAsync(reassign, None)).Outcome, Is.EqualTo(LeaseOutcome.Done));
    }

    [Test]
    public async Task Kinds_that_become_fewer_refuse_no_repeat_of_a_request_that_has_its_lease()
    {
        var block = await AddBlockAsync(inStock: 3);
        var mobile = PhoneNumber.FromCanonical("86:13912345678");
        var order = new CreateLeaseCommand(DeliveryOf("WB7"), DeliveryRole.Courier, block.Pool.PoolId, mobile, "R1", null);
        var unnamed = order with { Delivery = DeliveryOf("WB8"), RequestId = null };
        var (first, other) = ((await Verbs.CreateLeaseAsync(order, None)).Lease!, (await Verbs.CreateLeaseAsync(unnamed, None)).Lease!);
        await UpdateAsync(block, new() { AllowedKinds = PhoneNumberKindSet.Of(PhoneNumberKind.Other) });

        foreach (var (repeat, lease) in new[] { (order, first), (unnamed, other) })
        {
            var answer = await Verbs.CreateLeaseAsync(repeat, None);
            Assert.That((answer.Outcome, answer.Existing, answer.Lease), Is.EqualTo((CreateLeaseOutcome.Leased, true, lease)));
        }

        Assert.That(await OutcomeOfAsync(order with { RealNumber = PhoneNumber.FromCanonical("86:13912345679") }), Is.EqualTo(CreateLeaseOutcome.RealNumberKindNotAllowed));
        Assert.That(await OutcomeOfAsync(order with { Delivery = DeliveryOf("WB9") }), Is.EqualTo(CreateLeaseOutcome.RealNumberKindNotAllowed));
        await ReleaseAsync(first);
        await ReleaseAsync(other);
        Assert.That(await OutcomeOfAsync(order), Is.EqualTo(CreateLeaseOutcome.LeaseEnded));
        Assert.That(await OutcomeOfAsync(unnamed), Is.EqualTo(CreateLeaseOutcome.RealNumberKindNotAllowed));
    }

    /// <summary>To take it then would be to bind the number, whoever claimed it when.</summary>
    [Test]
    public async Task A_claim_that_was_not_decided_before_the_kinds_became_fewer_is_not_taken()
    {
        var block = await AddBlockAsync(inStock: 3);
        var mobile = PhoneNumber.FromCanonical("86:13912345678");
        var order = new CreateLeaseCommand(DeliveryOf("WB7"), DeliveryRole.Courier, block.Pool.PoolId, mobile, "R1", null);
        var cut = ServiceOver(new HookedPool(Steps) { Before = step => step == "take" ? throw HookedPool.Cut() : Task.CompletedTask });
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await cut.CreateLeaseAsync(order, None));
        await UpdateAsync(block, new() { AllowedKinds = PhoneNumberKindSet.Of(PhoneNumberKind.Other) });

        Assert.That(await OutcomeOfAsync(order), Is.EqualTo(CreateLeaseOutcome.RealNumberKindNotAllowed));
        await UpdateAsync(block, new() { AllowedKinds = default(PhoneNumberKindSet) });
        Assert.That(await OutcomeOfAsync(order), Is.EqualTo(CreateLeaseOutcome.Leased));
    }

    private async Task<CreateLeaseOutcome> OutcomeOfAsync(CreateLeaseCommand order) => (await Verbs.CreateLeaseAsync(order, None)).Outcome;

    private CallerSet Callers(params int[] callers) => Verbs.CallersOf(Tenant, callers.Select(RealNumber));

    private ValueTask<CreateLeaseAnswer> CreateAsync(TestBlock block, CallRules rules, string? request, LeaseVerbs? service = null) =>
        (service ?? Verbs).CreateLeaseAsync(new CreateLeaseCommand(Delivery, DeliveryRole.Recipient, block.Pool.PoolId, RealNumber(1), request, null) { Rules = rules }, None);

    private async Task<Lease> LeasedAsync(TestBlock block, CallRules rules, string? request = null)
    {
        var answer = await CreateAsync(block, rules, request);
        Assert.That((answer.Outcome, answer.Existing), Is.EqualTo((CreateLeaseOutcome.Leased, false)));
        return answer.Lease!;
    }

    /// <summary>The holder is number 1, the peer 2.</summary>
    private async Task<Lease> LeasedPairAsync(TestBlock block, CallRules rules)
    {
        var command = new CreateLeaseCommand(Delivery, DeliveryRole.Courier, block.Pool.PoolId, RealNumber(1), null, null) { PeerNumber = RealNumber(2), Rules = rules };
        var answer = await Verbs.CreateLeaseAsync(command, None);
        Assert.That((answer.Outcome, answer.Existing), Is.EqualTo((CreateLeaseOutcome.Leased, false)));
        return answer.Lease!;
    }

    private async Task<Pool> UpdateAsync(TestBlock block, PoolUpdate update) =>
        (await Stock.UpdatePoolAsync(Tenant, block.Pool.PoolId, update, null, None))!.Value.Pool;

    private async Task ExpectAsync(Lease lease, ResolveOutcome outcome, int? caller = Courier, string because = "")
    {
        var answer = await Verbs.ResolveAsync(new CallQuery(lease.Number, lease.Extension, caller is { } number ? RealNumber(number) : null), None);
        Assert.That(answer.Outcome, Is.EqualTo(outcome), because);
        Assert.That(answer.RealNumber is not null, Is.EqualTo(outcome == ResolveOutcome.Connect));
    }
}
