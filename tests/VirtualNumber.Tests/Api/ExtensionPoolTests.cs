using Google.Protobuf;
using Grpc.Core;
using VirtualNumber.Protocol;
using VirtualNumber.Sealing;
using VirtualNumber.Tests.Protocol;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Api;

/// <summary>Numbers that many holders share, each with an extension.</summary>
[TestFixture]
public sealed class ExtensionPoolTests : ApiTests
{
    private static readonly Pool s_pool = new()
    {
        PoolId = "shared",
        Mode = PoolMode.Extension,
        BlockDigits = 2,
        WithheldCallersAllowed = true,
        EndedAnnouncement = "ended-1",
        EndedHotline = "95500",
    };

    [SetUp]
    public Task StockSharedAsync() => StockAsync(s_pool, "162100200");

    [Test]
    public async Task A_pool_has_200_leases_on_a_number_and_four_digits_unless_it_says_otherwise()
    {
        var pool = (await Ops.GetPoolAsync(Requests.GetPool("shared"))).Pool;
        Assert.That((pool.Density, pool.ExtensionLength, pool.BlockDigits), Is.EqualTo((200, 4, 2)));
        Assert.That((await CountAsync("shared")).StockedCount, Is.EqualTo(100 * 200), "places");
    }

    [TestCase(3, 0, 500, 2, TestName = "Half of the extensions that there are may be in use.")]
    [TestCase(1, 0, 5, 3, TestName = "Of ten extensions five are the most, and so many places fit into a bigger block.")]
    public async Task A_density_is_limited(int length, int asked, int most, int blockDigits)
    {
        var pool = new Pool { PoolId = "short", Mode = PoolMode.Extension, ExtensionLength = length, Density = asked };
        var made = (await Ops.CreatePoolAsync(new CreatePoolRequest { TenantId = TestService.Alpha, Pool = pool })).Pool;
        Assert.That((made.Density, made.BlockDigits), Is.EqualTo((Math.Min(200, most), blockDigits)));

        pool.Density = most + 1;
        var refusal = await RefusedCall.OfAsync(Ops.CreatePoolAsync, new CreatePoolRequest { TenantId = TestService.Alpha, Pool = pool });
        refusal.Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "pool.density");
    }

    [TestCase(PoolMode.Direct, 1, 2, "pool.density")]
    [TestCase(PoolMode.Direct, 4, 0, "pool.extension_length")]
    [TestCase(PoolMode.Pair, 4, 0, "pool.extension_length")]
    [TestCase(PoolMode.Pair, 0, 5_001, "pool.density")]
    [TestCase(PoolMode.Extension, 5, 0, "pool.extension_length")]
    [TestCase(PoolMode.Extension, 4, -1, "pool.density")]
    public async Task What_does_not_fit_a_mode_is_refused(PoolMode mode, int length, int density, string field)
    {
        var pool = new Pool { PoolId = "odd", Mode = mode, ExtensionLength = field == "pool.density" && mode == PoolMode.Direct ? 0 : length, Density = density };
        var refusal = await RefusedCall.OfAsync(Ops.CreatePoolAsync, new CreatePoolRequest { TenantId = TestService.Alpha, Pool = pool });
        refusal.Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, field);
    }

    [Test]
    public async Task A_block_that_has_too_many_places_is_refused()
    {
        var pool = new Pool { PoolId = "big", Mode = PoolMode.Extension, BlockDigits = 3 };
        var refusal = await RefusedCall.OfAsync(Ops.CreatePoolAsync, new CreatePoolRequest { TenantId = TestService.Alpha, Pool = pool });
        refusal.Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "pool.block_digits");

        var dense = new Pool { PoolId = "dense", Mode = PoolMode.Extension, Density = 5_000 };
        var made = await Ops.CreatePoolAsync(new CreatePoolRequest { TenantId = TestService.Alpha, Pool = dense });
        var again = await Ops.CreatePoolAsync(new CreatePoolRequest { TenantId = TestService.Alpha, Pool = made.Pool });
        Assert.That(again, Is.EqualTo(made), "what was answered can be asked for");
        var block = await RefusedCall.OfAsync(Ops.AddNumbersAsync, Requests.AddBlocks("dense", "162100300"));
        block.Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "blocks");
        var added = await Ops.AddNumbersAsync(Requests.AddNumbers("dense", "16210030001", "16210030002"));
        Assert.That((added.AddedCount, (await CountAsync("dense")).AvailableCount), Is.EqualTo((2, 10_000)));
    }

    [Test]
    public async Task A_lease_is_a_number_an_extension_and_what_to_print()
    {
        var lease = await LeaseAsync(Requests.Extension());
        Assert.That(lease.Extension, Does.Match("^[0-9]{4}$"));
        Assert.That(lease.PrintedNumber, Is.EqualTo($"{lease.VirtualNumber}-{lease.Extension}"));
        Assert.That((await Leases.GetLeaseAsync(Requests.GetLease(lease.LeaseId))).Lease, Is.EqualTo(lease));
        Assert.That((await Ops.ListLeasesAsync(new ListLeasesRequest { TenantId = TestService.Alpha, PoolId = "shared" })).Leases, Is.EqualTo(new[] { lease }));
    }

    [Test]
    public async Task A_call_is_asked_for_the_extension_and_then_connected()
    {
        var lease = await LeaseAsync(Requests.Extension());
        var first = await ResolveAsync(lease.VirtualNumber);
        var second = await DialAsync(lease.VirtualNumber, lease.Extension);

        Assert.That(first, Is.EqualTo(new ResolveResponse { Action = RoutingAction.CollectDigits, DigitCount = 4 }));
        Assert.That(second, Is.EqualTo(Answers.Connect(lease, Requests.Real)));
    }

    [TestCase("{0}-{1}", "")]
    [TestCase("{0};ext={1}", "")]
    [TestCase("{0},{1}", "")]
    [TestCase("{0}", "{1}#")]
    [TestCase("{0}-0000", "{1}", Description = "What was keyed in counts, should both be there.")]
    public async Task An_extension_may_come_with_the_number_or_after_it(string called, string digits)
    {
        var lease = await LeaseAsync(Requests.Extension());
        var answer = await DialAsync(Fill(called, lease), Fill(digits, lease));
        Assert.That(answer.ConnectNumber, Is.EqualTo(Requests.Real));
    }

    [Test]
    public async Task A_wrong_extension_is_answered_like_a_number_that_was_never_leased()
    {
        var lease = await LeaseAsync(Requests.Extension());
        var released = await LeaseAsync(Requests.Extension("SF2"));
        await Leases.ReleaseLeaseAsync(Requests.ReleaseLease(released.LeaseId));
        var wrong = WrongFor(lease.Extension);
        var answers = new Dictionary<string, ResolveResponse>
        {
            ["wrong"] = await DialAsync(lease.VirtualNumber, wrong, "+99955500001"),
            ["too short"] = await DialAsync(lease.VirtualNumber, lease.Extension[..3], "+99955500002"),
            ["too long"] = await DialAsync(lease.VirtualNumber, lease.Extension + "0", "+99955500003"),
            ["no digits"] = await DialAsync(lease.VirtualNumber, "*A", "+99955500004"),
            ["of a lease that has ended"] = await DialAsync(released.VirtualNumber, released.Extension, "+99955500005"),
            ["number never leased"] = await DialAsync("16210020099", lease.Extension, "+99955500006"),
            ["number unknown"] = await DialAsync("17099990000", lease.Extension, "+99955500007"),
        };
        var notInService = (await ResolveAsync("17099990000")).ToByteArray();
        Assert.Multiple(() =>
        {
            foreach (var (name, answer) in answers)
                Assert.That(answer.ToByteArray(), Is.EqualTo(notInService), name);
        });
    }

    [Test]
    public async Task A_number_without_extensions_takes_none()
    {
        var lease = await LeaseAsync();
        Assert.That((await DialAsync(lease.VirtualNumber, "1234")).Action, Is.EqualTo(RoutingAction.Reject));
        Assert.That((await ResolveAsync(lease.VirtualNumber)).Action, Is.EqualTo(RoutingAction.Connect));
    }

    [Test]
    public async Task Who_held_a_lease_hears_that_it_has_ended_and_where_to_turn_to()
    {
        var lease = await LeaseAsync(Requests.Extension());
        await Leases.ReleaseLeaseAsync(Requests.ReleaseLease(lease.LeaseId));
        Assert.That((await DialAsync(lease.VirtualNumber, lease.Extension, Requests.Real)).Refusal, Is.EqualTo(new V1.Refusal
        {
            Q850Cause = 1,
            SipStatus = 404,
            Reason = RefusalReason.Ended,
            AnnouncementCode = "ended-1",
            HotlineNumber = (await Ops.GetPoolAsync(Requests.GetPool("shared"))).Pool.EndedHotline,
        }));
        Service.Time.Advance(TimeSpan.FromDays(7));
        await ReclaimAsync();
        Assert.That((await DialAsync(lease.VirtualNumber, lease.Extension, Requests.Real)).Refusal.Reason, Is.EqualTo(RefusalReason.NotInService));
    }

    [Test]
    public async Task After_five_misses_a_caller_reaches_nobody_for_ten_minutes()
    {
        var lease = await LeaseAsync(Requests.Extension());
        var wrong = WrongFor(lease.Extension);
        for (var miss = 0; miss < 5; miss++)
        {
            Assert.That((await DialAsync(lease.VirtualNumber, lease.Extension)).Action, Is.EqualTo(RoutingAction.Connect), $"after {miss} misses");
            await DialAsync(miss == 3 ? "16210020077" : lease.VirtualNumber, wrong);
        }

        var notInService = await ResolveAsync("17099990000");
        Assert.That(await DialAsync(lease.VirtualNumber, lease.Extension), Is.EqualTo(notInService), "the right one, too late");
        Assert.That((await DialAsync(lease.VirtualNumber, lease.Extension, "+99955500222")).Action, Is.EqualTo(RoutingAction.Connect), "somebody else");
        Service.Time.Advance(TimeSpan.FromMinutes(10) - Millisecond);
        Assert.That(await DialAsync(lease.VirtualNumber, lease.Extension), Is.EqualTo(notInService), "a millisecond before it is over");
        Service.Time.Advance(Millisecond);
        Assert.That((await DialAsync(lease.VirtualNumber, lease.Extension)).Action, Is.EqualTo(RoutingAction.Connect), "over");
        Assert.That(LockOutWarnings().Count, Is.EqualTo(1));
    }

    [Test]
    public async Task Misses_that_lie_far_apart_lock_nobody_out()
    {
        var lease = await LeaseAsync(Requests.Extension());
        for (var miss = 0; miss < 20; miss++)
        {
            await DialAsync(lease.VirtualNumber, WrongFor(lease.Extension));
            Service.Time.Advance(TimeSpan.FromMinutes(2.5));
        }

        Assert.That((await DialAsync(lease.VirtualNumber, lease.Extension)).Action, Is.EqualTo(RoutingAction.Connect));
        Assert.That(LockOutWarnings(), Is.Empty);
    }

    [Test]
    public async Task After_fifty_misses_at_a_number_nobody_is_reached_there_for_ten_minutes()
    {
        var lease = await LeaseAsync(Requests.Extension());
        for (var miss = 0; miss < 50; miss++)
            await DialAsync(lease.VirtualNumber, WrongFor(lease.Extension), $"+9995551{miss:0000}");

        Assert.That((await DialAsync(lease.VirtualNumber, lease.Extension, "+99955520000")).Action, Is.EqualTo(RoutingAction.Reject));
        var elsewhere = await LeaseOnAnotherNumberAsync(lease.VirtualNumber);
        Assert.That((await DialAsync(elsewhere.VirtualNumber, elsewhere.Extension, "+99955520000")).Action, Is.EqualTo(RoutingAction.Connect));
        Service.Time.Advance(TimeSpan.FromMinutes(10));
        Assert.That((await DialAsync(lease.VirtualNumber, lease.Extension, "+99955520000")).Action, Is.EqualTo(RoutingAction.Connect));

        var warning = LockOutWarnings().Single();
        Assert.That(warning, Does.Contain("too many extensions were tried at " + lease.VirtualNumber + ""));
        Assert.That(warning, Does.Not.Contain("9995551"), "a caller's number");
    }

    [Test]
    public async Task Withheld_callers_lock_each_other_out_at_one_number_only()
    {
        var lease = await LeaseAsync(Requests.Extension());
        var elsewhere = await LeaseOnAnotherNumberAsync(lease.VirtualNumber);
        for (var miss = 0; miss < 5; miss++)
            await DialAsync(lease.VirtualNumber, WrongFor(lease.Extension), "");

        Assert.That((await DialAsync(lease.VirtualNumber, lease.Extension, "")).Action, Is.EqualTo(RoutingAction.Reject));
        Assert.That((await DialAsync(elsewhere.VirtualNumber, elsewhere.Extension, "")).Action, Is.EqualTo(RoutingAction.Connect));
    }

    [TestCase(nameof(StoreTrouble.ChangesRefused))]
    [TestCase(nameof(StoreTrouble.Moving))]
    public async Task While_the_store_takes_no_changes_misses_are_counted_all_the_same(string kind)
    {
        var trouble = Enum.Parse<StoreTrouble>(kind);
        var takesChanges = true;
        await using var service = await TestService.StartAsync(pool => new HookedPool(pool)
        {
            Before = step => !takesChanges && step is "count" or "record call" ? throw new StoreUnavailableException("By the test.") { Trouble = trouble } : Task.CompletedTask,
        });
        await service.Ops.CreatePoolAsync(new CreatePoolRequest { TenantId = TestService.Alpha, Pool = s_pool });
        await service.Ops.AddNumbersAsync(Requests.AddBlocks("shared", "162100200"));
        var lease = (await service.Leases.CreateLeaseAsync(Requests.Extension())).Lease;

        async Task<RoutingAction> DialAsync(string digits, string caller) =>
            (await service.Routing.ResolveAsync(Requests.Resolve(lease.VirtualNumber, digits, caller, "call-1"))).Action;

        takesChanges = false;
        for (var miss = 0; miss < 5; miss++)
        {
            Assert.That(await DialAsync(lease.Extension, Requests.Caller), Is.EqualTo(RoutingAction.Connect), $"after {miss} misses");
            Assert.That(await DialAsync(WrongFor(lease.Extension), Requests.Caller), Is.EqualTo(RoutingAction.Reject));
        }

        Assert.That(await DialAsync(lease.Extension, Requests.Caller), Is.EqualTo(RoutingAction.Reject));
        Assert.That(await DialAsync(lease.Extension, "+99955500222"), Is.EqualTo(RoutingAction.Connect), "somebody else");
        takesChanges = true;
        Assert.That(await DialAsync(lease.Extension, Requests.Caller), Is.EqualTo(RoutingAction.Reject), "what was counted meanwhile holds");
        service.Time.Advance(TimeSpan.FromMinutes(10));
        Assert.That(await DialAsync(lease.Extension, Requests.Caller), Is.EqualTo(RoutingAction.Connect));
    }

    /// <summary>Each guess at a number with 200 live extensions of 10,000 hits with a chance of 2 %, until there are no more guesses.</summary>
    [Test]
    public async Task An_attacker_of_10_000_guesses_reaches_nobody_once_locked_out()
    {
        const ulong seed = 20261122;
        const int guesses = 10_000;
        var free = await AttackAsync(seed, guesses, newCallers: false, ("Guessing:MissesPerCaller", "1000000"), ("Guessing:MissesPerNumber", "1000000"), ("Calls:Limits", ""));
        var one = await AttackAsync(seed, guesses, newCallers: false);
        var many = await AttackAsync(seed, guesses, newCallers: true);
        await TestContext.Out.WriteLineAsync(
            $"seed {seed}, {guesses} guesses at 200 live extensions of 10,000: {free.Hits} hits ({100.0 * free.Hits / guesses:0.00} %) without a limit; "
            + $"by one caller {one.Hits}, the last at guess {one.LastHit}, locked out after guess {one.LockedOutAt}; "
            + $"by a new caller each time {many.Hits}, the last at guess {many.LastHit}, locked out after guess {many.LockedOutAt}");

        Assert.That(free.Hits, Is.InRange(140, 260), "2 % of 10,000, give or take four standard deviations");
        Assert.That(one.LockedOutAt, Is.LessThan(30).And.GreaterThan(0));
        Assert.That(one.LastHit, Is.LessThan(one.LockedOutAt));
        Assert.That(many.LockedOutAt, Is.LessThan(80).And.GreaterThan(0));
        Assert.That(many.LastHit, Is.LessThan(many.LockedOutAt));
    }

    [Test]
    public async Task A_pool_of_extensions_is_empty_only_when_all_places_are_taken()
    {
        await StockSmallAsync(density: 2, length: 1);
        for (var i = 0; i < 4; i++)
            await LeaseAsync(InSmall($"SF{i}"));
        var refusal = await RefusedCall.OfAsync(Leases.CreateLeaseAsync, InSmall("SF9"));
        refusal.Expect(StatusCode.ResourceExhausted, ErrorReason.PoolEmpty);
        Assert.That(refusal.Metadata["leased_count"], Is.EqualTo("4"));
        Assert.That(refusal.Metadata["next_available_time"], Is.EqualTo("2026-04-01T08:00:00.000Z"), "the first lease ends");
        Assert.That(await CountAsync("small"), Is.EqualTo(Counts(leased: 4)));
    }

    [Test]
    public async Task Extensions_that_rest_are_told_from_places_that_are_taken()
    {
        await StockSmallAsync(density: 5, length: 1);
        for (var i = 0; i < 20; i++)
        {
            var lease = await LeaseAsync(InSmall($"SF{i}"));
            await Leases.ReleaseLeaseAsync(Requests.ReleaseLease(lease.LeaseId));
        }

        var refusal = await RefusedCall.OfAsync(Leases.CreateLeaseAsync, InSmall("SF99"));
        refusal.Expect(StatusCode.ResourceExhausted, ErrorReason.NumbersAging);
        Assert.That((refusal.Metadata["aging_count"], refusal.Metadata["next_available_time"]), Is.EqualTo(("10", "2026-03-09T08:00:00.000Z")));
        Assert.That(refusal.RetryDelay, Is.EqualTo(TimeSpan.FromDays(7)));
        Service.Time.Advance(TimeSpan.FromDays(7));
        Assert.That((await LeaseAsync(InSmall("SF99"))).Extension, Does.Match("^[0-9]$"));
    }

    private static string Fill(string form, Lease lease) =>
        form.Replace("{0}", lease.VirtualNumber, StringComparison.Ordinal).Replace("{1}", lease.Extension, StringComparison.Ordinal);

    private static string WrongFor(string extension) => extension == "0007" ? "0008" : "0007";

    private static CreateLeaseRequest InSmall(string waybill)
    {
        var request = Requests.Extension(waybill);
        request.PoolId = "small";
        return request;
    }

    private Task<ResolveResponse> DialAsync(string called, string digits, string caller = Requests.Caller) =>
        Routing.ResolveAsync(Requests.Resolve(called, digits, caller, "call-1")).ResponseAsync;

    private async Task<Lease> LeaseOnAnotherNumberAsync(string number)
    {
        for (var i = 0; i < 100; i++)
        {
            if (await LeaseAsync(Requests.Extension($"OTHER{i}")) is var lease && lease.VirtualNumber != number)
                return lease;
        }

        throw new AssertionException("All leases are on one number of a hundred.");
    }

    private async Task StockSmallAsync(int density, int length)
    {
        var pool = new Pool { PoolId = "small", Mode = PoolMode.Extension, Density = density, ExtensionLength = length };
        await Ops.CreatePoolAsync(new CreatePoolRequest { TenantId = TestService.Alpha, Pool = pool });
        await Ops.AddNumbersAsync(Requests.AddNumbers("small", "16210030001", "16210030002"));
    }

    private List<string> LockOutWarnings() => [.. Service.Logs.Lines.Where(IsLockOut)];

    private static bool IsLockOut(string line) =>
        line.StartsWith("Warning", StringComparison.Ordinal) && line.Contains("extensions", StringComparison.Ordinal);

    private static async Task<Attack> AttackAsync(ulong seed, int guesses, bool newCallers, params (string Key, string Value)[] settings)
    {
        await using var service = await TestService.StartAsync(settings: settings);
        var pool = new Pool { PoolId = "shared", Mode = PoolMode.Extension };
        await service.Ops.CreatePoolAsync(new CreatePoolRequest { TenantId = TestService.Alpha, Pool = pool });
        await service.Ops.AddNumbersAsync(Requests.AddNumbers("shared", "16210020001"));
        for (var i = 0; i < 200; i++)
            await service.Leases.CreateLeaseAsync(Requests.Extension($"SF{i}"));

        var random = new SeededRandom(seed);
        var (hits, lastHit, lockedOutAt) = (0, 0, 0);
        for (var guess = 1; guess <= guesses; guess++)
        {
            var caller = newCallers ? $"+9995{guess:0000000}" : Requests.Caller;
            var answer = await service.Routing.ResolveAsync(Requests.Resolve("16210020001", $"{random.Next(10_000):0000}", caller, $"call-{guess}"));
            if (answer.Action == RoutingAction.Connect)
                (hits, lastHit) = (hits + 1, guess);
            if (lockedOutAt == 0 && settings.Length == 0 && service.Logs.Lines.Any(IsLockOut))
                lockedOutAt = guess;
        }

        return new(hits, lastHit, lockedOutAt);
    }

    private sealed record Attack(int Hits, int LastHit, int LockedOutAt);
}
