using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using VirtualNumber.Protocol;
using VirtualNumber.Tests.Api;
using VirtualNumber.Tests.GrpcOnKestrel;
using VirtualNumber.Tests.Protocol;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Hosting;

/// <summary>Reclaim is bounded work at the service's own pace, and says so when the pace is too low.</summary>
[TestFixture]
public sealed class ReclaimerTests
{
    private TestService _service = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _service = await TestService.StartAsync();
        await _service.Ops.CreatePoolAsync(Requests.CreatePool(Requests.PoolId));
        await _service.Ops.AddNumbersAsync(Requests.AddBlocks(Requests.PoolId, Requests.Block));
        var batch = new BatchCreateLeasesRequest { TenantId = TestService.Alpha };
        batch.Requests.Add(Enumerable.Range(0, 50).Select(i => Requests.CreateLease($"SF{i}")));
        await _service.Leases.BatchCreateLeasesAsync(batch);
        _service.Time.Advance(TimeSpan.FromDays(30));
    }

    [TearDown]
    public async Task StopAsync() => await _service.DisposeAsync();

    [Test]
    public async Task A_cycle_touches_no_more_entries_than_it_may_and_the_warning_comes_once()
    {
        using var loggers = new LoggerFactory();
        var logs = new LogCollector();
        loggers.AddProvider(logs);
        var options = new ReclaimOptions { EntriesPerCycle = 10, WarnAfterCycles = 3 };
        var reclaimer = new Reclaimer(_service.Get<INumberPool>(), options, _service.Time, loggers.CreateLogger<Reclaimer>());

        var measured = new List<int>();
        using var meter = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == "virtualnumber.reclaim.backlog_cycles")
                    listener.EnableMeasurementEvents(instrument);
            },
        };
        meter.SetMeasurementEventCallback<int>((_, cycles, _, _) => measured.Add(cycles));
        meter.Start();
        var backlogs = new List<bool>();
        var warnings = new List<int>();
        do
        {
            backlogs.Add(await reclaimer.RunCycleAsync(CancellationToken.None));
            warnings.Add(logs.Lines.Count);
        }
        while (backlogs[^1]);

        // 50 expiries, 10 a cycle; the sixth cycle finds that nothing is left.
        Assert.That(backlogs, Is.EqualTo(new[] { true, true, true, true, true, false }));
        Assert.That(measured, Is.EqualTo(new[] { 1, 2, 3, 4, 5, 0 }), "What the gauge shows after each cycle.");
        Assert.That(warnings, Is.EqualTo(new[] { 0, 0, 1, 1, 1, 1 }));
        Assert.That(logs.Lines.Single(), Does.StartWith("Warning").And.Contain("backlog in 3 cycles"));
    }

    [Test]
    public async Task A_store_that_is_away_costs_a_cycle_and_no_more()
    {
        var store = new StoreInTroubleSwitch { IsAway = true };
        using var loggers = new LoggerFactory();
        var logs = new LogCollector();
        loggers.AddProvider(logs);
        var reclaimer = new Reclaimer(
            StoreInTrouble.Put(_service.Get<INumberPool>(), store), new ReclaimOptions(), _service.Time, loggers.CreateLogger<Reclaimer>());

        foreach (var away in new[] { true, true, true, false, false, true })
        {
            store.IsAway = away;
            Assert.That(await reclaimer.RunCycleAsync(CancellationToken.None), Is.False);
        }

        // Once per change: a night without the store is not a line a second.
        Assert.That(logs.Lines, Has.Count.EqualTo(3));
        Assert.That(logs.Lines, Has.Exactly(2).Contains("A Reclaim cycle failed").And.One.Contains("Reclaim works again."));
    }

    [Test]
    public async Task A_cycle_that_fails_in_any_way_costs_a_cycle_and_not_the_service()
    {
        var hooks = new HookedPool(_service.Get<INumberPool>()) { Before = _ => throw new InvalidOperationException("A broken invariant.") };
        using var loggers = new LoggerFactory();
        var logs = new LogCollector();
        loggers.AddProvider(logs);
        var reclaimer = new Reclaimer(hooks, new ReclaimOptions(), _service.Time, loggers.CreateLogger<Reclaimer>());

        Assert.That(await reclaimer.RunCycleAsync(CancellationToken.None), Is.False);
        Assert.That(logs.Lines.Single(), Does.Contain("A Reclaim cycle failed"));
    }

    [Test]
    public async Task Answers_are_the_same_before_and_after()
    {
        var before = await _service.Ops.ListLeasesAsync(Requests.ListLeases());
        var counts = await _service.Ops.GetStatsAsync(Requests.GetStats());
        await _service.GetHosted<Reclaimer>().RunCycleAsync(CancellationToken.None);
        Assert.That(await _service.Ops.ListLeasesAsync(Requests.ListLeases()), Is.EqualTo(before));
        Assert.That(await _service.Ops.GetStatsAsync(Requests.GetStats()), Is.EqualTo(counts));
        Assert.That(counts.Counts.AgingCount, Is.EqualTo(50));
    }
}
