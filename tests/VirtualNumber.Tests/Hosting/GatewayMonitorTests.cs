using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using VirtualNumber.Hosting;
using VirtualNumber.Protocol;
using VirtualNumber.Tests.Api;
using VirtualNumber.Tests.GrpcOnKestrel;

namespace VirtualNumber.Tests.Hosting;

/// <summary>A gateway that falls silent is warned of once, and so is that it is heard again.</summary>
[TestFixture]
public sealed class GatewayMonitorTests
{
    private readonly StoreInTroubleSwitch _store = new();
    private TestService _service = null!;
    private LoggerFactory _loggers = null!;
    private LogCollector _logs = null!;
    private GatewayMonitor _monitor = null!;

    /// <summary>With a monitor that looks when the test says so; the service's own would look in two hours.</summary>
    [SetUp]
    public async Task StartAsync()
    {
        (_store.IsAway, _store.AwayFor) = (false, null);
        _service = await TestService.StartAsync(
            pool => StoreInTrouble.Put(pool, _store), settings: [("Gateways:0:Id", "measured"), ("Gateways:1:Id", "second"), ("GatewayHealth:SilentAfter", "06:00:00")]);
        (_loggers, _logs) = (new(), new());
        _loggers.AddProvider(_logs);
        var watch = new GatewayWatch(_service.Get<INumberPool>(), new GatewayHealthOptions(), _service.Time);
        _monitor = new(watch, _service.Get<CallerDirectory>(), _service.Time, _loggers.CreateLogger<GatewayMonitor>());
    }

    [TearDown]
    public async Task StopAsync()
    {
        _monitor.Dispose();
        _loggers.Dispose();
        await _service.DisposeAsync();
    }

    [Test]
    [CancelAfter(30_000)]
    public async Task The_service_looks_by_itself(CancellationToken limit)
    {
        // It looks each second, by the clock of the machine.
        await using var service = await TestService.StartAsync(settings: [("GatewayHealth:SilentAfter", "00:00:03")]);
        await service.Routing.ReportHeartbeatAsync(Requests.Heartbeat(), cancellationToken: limit);
        service.Time.Advance(TimeSpan.FromSeconds(3));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (!service.Logs.Lines.Any(line => line.Contains("node-1, is silent", StringComparison.Ordinal)))
            await timer.WaitForNextTickAsync(limit);
    }

    [Test]
    public async Task Silence_is_warned_of_once_and_its_end_too()
    {
        await BeatAsync("node-1");
        await BeatAsync("node-2");
        await LookAsync(TimeSpan.FromSeconds(60));
        Assert.That(Warnings, Is.Empty);

        await BeatAsync("node-2");
        await LookAsync(TimeSpan.FromSeconds(30));
        await LookAsync(TimeSpan.FromSeconds(30));
        Assert.That(Warnings, Has.Count.EqualTo(1));
        Assert.That(Warnings[0], Does.Contain("instance node-1, is silent").And.Contains("that are heard: 1"));

        await BeatAsync("node-1");
        await LookAsync(TimeSpan.FromSeconds(1));
        await LookAsync(TimeSpan.FromSeconds(1));
        Assert.That(Warnings, Has.Count.EqualTo(2));
        Assert.That(Warnings[1], Does.Contain("instance node-1, is heard again"));

        await LookAsync(TimeSpan.FromSeconds(90));
        Assert.That(Warnings, Has.Count.EqualTo(4), "Each falls silent anew.");
    }

    [Test]
    public async Task What_may_be_a_telephone_number_in_an_instance_s_name_is_hidden()
    {
        await BeatAsync("node-13912345678");
        await LookAsync(TimeSpan.FromSeconds(90));
        Assert.That(_logs.Lines, Has.None.Contains("13912345678").And.Some.Contains("node-***********"));
    }

    [Test]
    public async Task A_store_that_is_away_is_no_silence_and_is_said_once()
    {
        await BeatAsync("node-1");
        _store.IsAway = true;
        await LookAsync(TimeSpan.FromSeconds(90));
        await LookAsync(TimeSpan.FromSeconds(90));
        Assert.That(Warnings, Has.Count.EqualTo(1).And.One.Contains("could not be looked at"));

        _store.IsAway = false;
        await LookAsync(TimeSpan.FromSeconds(30));
        await LookAsync(TimeSpan.FromSeconds(59));
        Assert.That(Warnings, Has.Count.EqualTo(1), "It could not be heard until then.");
        await LookAsync(TimeSpan.FromSeconds(1));
        Assert.That(Warnings, Has.Count.EqualTo(2).And.One.Contains("node-1, is silent"));
    }

    [TestCase("measured", "second")]
    [TestCase("second", "measured")]
    public async Task A_gateway_that_cannot_be_looked_at_hides_no_other(string unreadable, string other)
    {
        await BeatAsync("node-1", gateway: unreadable);
        await BeatAsync("node-2", gateway: other);
        _store.AwayFor = unreadable;
        await LookAsync(TimeSpan.FromSeconds(90));
        await LookAsync(TimeSpan.FromSeconds(90));
        Assert.That(
            Warnings,
            Has.Count.EqualTo(2).And.One.Contains($"of the gateways {unreadable};").And.One.Contains($"Gateway {other}, instance node-2, is silent"));
    }

    [Test]
    public async Task After_a_start_gateways_are_given_time_to_be_heard()
    {
        await BeatAsync("node-1");
        _service.Time.Advance(TimeSpan.FromHours(1));
        var watch = new GatewayWatch(_service.Get<INumberPool>(), new GatewayHealthOptions(), _service.Time);
        using var started = new GatewayMonitor(watch, _service.Get<CallerDirectory>(), _service.Time, _loggers.CreateLogger<GatewayMonitor>());
        await started.CheckAsync(CancellationToken.None);
        _service.Time.Advance(TimeSpan.FromSeconds(89));
        await started.CheckAsync(CancellationToken.None);
        Assert.That(Warnings, Is.Empty);
        _service.Time.Advance(TimeSpan.FromSeconds(1));
        await started.CheckAsync(CancellationToken.None);
        Assert.That(Warnings, Has.Count.EqualTo(1).And.One.Contains("node-1, is silent"));
    }

    [Test]
    public async Task Metrics_tell_of_each_gateway()
    {
        var measured = new Dictionary<string, long>();
        using var meter = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name.StartsWith("virtualnumber.gateway.", StringComparison.Ordinal))
                    listener.EnableMeasurementEvents(instrument);
            },
        };
        // Other tests' services measure at the same time.
        void Note(Instrument instrument, long value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var values = tags.ToArray().Select(tag => tag.Value).ToList();
            if (values.Contains("measured"))
                lock (measured)
                    measured[$"{instrument.Name} {string.Join(' ', values)}"] = value;
        }

        meter.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Note(instrument, value, tags));
        meter.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Note(instrument, value, tags));
        meter.Start();
        await BeatAsync("node-1", 5);
        await LookAsync(TimeSpan.FromSeconds(89));
        await BeatAsync("node-2", 7);
        await BeatAsync("node-3", 2);
        await LookAsync(TimeSpan.FromSeconds(1));

        lock (measured)
        {
            Assert.That(measured, Is.EquivalentTo(new Dictionary<string, long>
            {
                ["virtualnumber.gateway.instances measured alive"] = 2,
                ["virtualnumber.gateway.instances measured silent"] = 1,
                ["virtualnumber.gateway.calls_in_progress measured"] = 9,
            }));
        }
    }

    private IReadOnlyList<string> Warnings => [.. _logs.Lines];

    private async Task BeatAsync(string instance, int calls = 3, string gateway = "measured")
    {
        var request = Requests.Heartbeat(instance, calls);
        request.GatewayId = gateway;
        await _service.Routing.ReportHeartbeatAsync(request);
    }

    private Task LookAsync(TimeSpan later)
    {
        _service.Time.Advance(later);
        return _monitor.CheckAsync(CancellationToken.None);
    }
}
