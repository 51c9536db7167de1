using System.Net;
using VirtualNumber.Leasing;
using VirtualNumber.Memory;
using VirtualNumber.Protocol;
using VirtualNumber.Redis;
using VirtualNumber.Tests.GrpcOnKestrel;
using VirtualNumber.Tests.Protocol;
using VirtualNumber.Tests.Redis;

namespace VirtualNumber.Tests.Faults;

/// <summary>
/// CreateLease is cut off at each of its commands to Redis in turn, once before the command and once after it; another instance is asked
/// the same. To Redis an instance that sends nothing more is one that was killed; <see cref="KilledServiceTests"/> kills processes.
/// </summary>
[TestFixture]
internal sealed class KillPointTests() : VerbTests(RedisStoreUnderTest.Single)
{
    private const int MostCommands = 40;

    private readonly Service.Seeded _seeded = Service.Seed(3);
    private int _redisPort;

    [SetUp]
    public async Task FindRedisAsync() =>
        _redisPort = ((IPEndPoint)(await RedisStoreUnderTest.Single.GetConnectionAsync()).GetEndPoints()[0]).Port;

    [Test]
    public Task A_lease_of_a_number() => StepThroughAsync(least: 2, async name =>
    {
        var block = await AddBlockAsync(inStock: 5);
        return Of(block, name, request: "r");
    });

    [Test]
    public Task A_lease_of_an_extension() => StepThroughAsync(least: 2, async name =>
    {
        var block = await AddExtensionBlockAsync(density: 5, inStock: 2);
        return Of(block, name, request: "r");
    });

    [Test]
    public Task A_lease_for_a_pair() => StepThroughAsync(least: 2, async name =>
    {
        var block = await AddPairBlockAsync(inStock: 3);
        await CreatePairAsync(block, $"{name}-other", 11, 12);
        // The courier is on the first number, so that there is something to look for.
        return new(block, name, service => CreatePairAsync(block, name, 11, 13, "r", service), Live: 2);
    });

    [Test]
    public Task A_lease_where_the_first_block_is_full() => StepThroughAsync(least: 4, async name =>
    {
        var block = await AddBlockAsync(inStock: 1);
        var second = $"{block.Prefix[..3]}9{block.Prefix[4..]}";
        await Stock.AddNumbersAsync(block.Pool, new([second], []), T0, None);
        // A new instance tries the second one first; nothing is left there.
        await Stock.ChangeNumbersAsync(block.Pool, new([second], []), StockChange.Suspend, T0, None);
        return Of(block, name, request: "r");
    });

    [Test]
    public Task A_lease_that_another_request_has() => StepThroughAsync(least: 3, async name =>
    {
        var block = await AddBlockAsync(inStock: 5);
        await LeasedAsync(block, "first", delivery: DeliveryOf(name));
        return Of(block, name, request: "second");
    });

    [Test]
    public Task A_role_that_another_number_has() => StepThroughAsync(least: 2, async name =>
    {
        var block = await AddBlockAsync(inStock: 5);
        await LeasedAsync(block, "first", delivery: DeliveryOf(name));
        return Of(block, name, request: "second", number: 2) with { Outcome = CreateLeaseOutcome.RoleTaken };
    });

    [Test]
    public Task A_lease_after_one_that_has_ended() => StepThroughAsync(least: 4, async name =>
    {
        var block = await AddBlockAsync(inStock: 5);
        await ReleaseAsync(await LeasedAsync(block, "first", delivery: DeliveryOf(name)));
        return Of(block, name, request: "second") with { Begun = 2 };
    });

    [Test]
    public Task A_lease_whose_claim_was_left_behind_and_is_too_old() => StepThroughAsync(least: 4, async name =>
    {
        var block = await AddBlockAsync(inStock: 5);
        var cut = new HookedPool(Steps) { Before = step => step == "take" ? throw HookedPool.Cut() : Task.CompletedTask };
        await Assert.ThrowsAsync<StoreUnavailableException>(() => CreateAsync(block, "r", service: Over(cut), delivery: DeliveryOf(name)).AsTask());
        Time.Advance(3 * Minute);
        return Of(block, name, request: "r");
    });

    private Case Of(TestBlock block, string name, string request, int number = 1) => new(
        block, name, service => CreateAsync(block, request, number, service: service, delivery: DeliveryOf(name)));

    private LeaseVerbs Over(INumberPool pool) => Service.Over(pool, Stock, _seeded, Time);

    /// <summary>For each command, until the call needs no more of them.</summary>
    private async Task StepThroughAsync(int least, Func<string, Task<Case>> prepare)
    {
        IReadOnlyList<string> commands = [];
        for (var command = 1; command <= MostCommands; command++)
        {
            var cuts = 0;
            foreach (var done in new[] { false, true })
            {
                var name = $"WB{command}{(done ? "DONE" : "NOT")}";
                var prepared = await prepare(name);
                commands = await CutAsync(prepared, command, done);
                cuts += commands.Count == command ? 1 : 0;
                await CheckAsync(prepared, $"Cut off at command {command} ({string.Join(' ', commands)}), which was {(done ? "" : "not ")}done.");
            }

            if (cuts == 0)
            {
                await TestContext.Out.WriteLineAsync($"{commands.Count} commands: {string.Join(' ', commands)}");
                Assert.That(commands, Has.Count.GreaterThanOrEqualTo(least));
                return;
            }
        }

        Assert.Fail($"More than {MostCommands} commands.");
    }

    /// <summary>Asks an instance that is cut off at the command; answers what it sent. Fewer than that: the call ended before.</summary>
    private async Task<IReadOnlyList<string>> CutAsync(Case prepared, int command, bool done)
    {
        await using var proxy = new CuttingProxy(_redisPort, text => text.Contains("vn:{", StringComparison.Ordinal));
        using var connection = await RedisConnection.ConnectAsync(proxy.Configuration);
        await using var store = RedisStoreUnderTest.Over(connection, callTimeout: Minute);
        proxy.Arm(command, done);
        var call = prepared.AskAsync(Service.Over(store.Pool, store.Stock, _seeded, Time)).AsTask();
        if (await Task.WhenAny(call, proxy.Cut).Soon() == call)
            Assert.That((await call).Outcome, Is.EqualTo(prepared.Outcome));
        connection.Close(allowCommandsToComplete: false);
        // Whatever it ends with: nobody hears it any more.
        await ((Task)call).ContinueWith(ended => ended.Exception, TaskScheduler.Default).Soon();
        return proxy.Commands;
    }

    /// <summary>The same request at another instance, twice: one lease, and nothing beside it.</summary>
    private async Task CheckAsync(Case prepared, string cut)
    {
        var service = Over(Steps);
        var answer = await prepared.AskAsync(service);
        var again = await prepared.AskAsync(service);
        var listed = (await service.ListDeliveryLeasesAsync(DeliveryOf(prepared.Waybill), None)).Leases;
        var counts = await CountsOfAsync(prepared.Block, Time.Now);
        var begun = (await BlocksOfAsync(prepared.Block)).Count(kind => kind == LogKind.Leased);

        Assert.Multiple(() =>
        {
            Assert.That((answer.Outcome, again.Outcome), Is.EqualTo((prepared.Outcome, prepared.Outcome)), cut);
            Assert.That(again.Lease!.LeaseId, Is.EqualTo(answer.Lease!.LeaseId), cut);
            Assert.That(listed.Select(lease => (lease.LeaseId, lease.End)), Is.EqualTo(new[] { (answer.Lease.LeaseId, EndReason.None) }), cut);
            Assert.That(counts.Leased, Is.EqualTo(prepared.Live), cut);
            Assert.That(begun, Is.EqualTo(Math.Max(prepared.Begun, prepared.Live)), cut);
        });
    }

    /// <summary>All changes of all blocks of the pool.</summary>
    private async Task<IReadOnlyList<LogKind>> BlocksOfAsync(TestBlock block)
    {
        var changes = new List<LogKind>();
        for (var id = block.Id; id <= Running.BlockCount; id++)
            changes.AddRange(await ChangesAsync(id));
        return changes;
    }

    /// <summary>What is asked, and what comes of it.</summary>
    /// <param name="Block">Where; the last pool made so far.</param>
    /// <param name="Waybill">Of which delivery.</param>
    /// <param name="AskAsync">Asks an instance.</param>
    /// <param name="Live">The leases that live afterwards in the pool, others' included.</param>
    private sealed record Case(TestBlock Block, string Waybill, Func<LeaseVerbs, ValueTask<CreateLeaseAnswer>> AskAsync, int Live = 1)
    {
        public CreateLeaseOutcome Outcome { get; init; } = CreateLeaseOutcome.Leased;

        /// <summary>The leases that ever began there.</summary>
        public int Begun { get; init; }
    }
}
