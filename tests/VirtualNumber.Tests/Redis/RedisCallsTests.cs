using System.Diagnostics;
using StackExchange.Redis;
using VirtualNumber.Protocol;
using VirtualNumber.Redis;
using VirtualNumber.Tests.GrpcOnKestrel;

namespace VirtualNumber.Tests.Redis;

/// <summary>The one place for calls, against a Redis that is frozen, away, taken over or forgetful. Time stands still but where a test moves it.</summary>
public sealed class RedisCallsTests
{
    private const string Step = "AppendRegistry";

    /// <summary>A script that writes: 1 the first time, 0 after that.</summary>
    private static readonly Script s_script = Script.Alone(Step);
    private static readonly RedisOptions s_options = new();

    /// <summary>No repeat waits longer, so that a timer within it is one.</summary>
    private static readonly TimeSpan s_longestPause = TimeSpan.FromMilliseconds(200);

    private readonly ManualTimers _time = new();
    private RedisMeter _meter = null!;

    [SetUp]
    public void Listen() => _meter = new RedisMeter();

    [TearDown]
    public void StopListening() => _meter.Dispose();

    private static readonly RedisStoreUnderTest[] s_kinds = [RedisStoreUnderTest.Single, RedisStoreUnderTest.Cluster];

    [TestCaseSource(nameof(s_kinds))]
    public async Task A_script_that_the_server_has_forgotten_is_sent_again(object kind)
    {
        var redis = (RedisStoreUnderTest)kind;
        await (await redis.StartAsync(Tests.Protocol.StoreTests.Bounds)).DisposeAsync();
        var calls = new RedisCalls(await redis.GetConnectionAsync(), s_options, _time);
        Assert.That(await RunAsync(calls), Is.EqualTo(1));

        foreach (var master in await redis.GetMastersAsync())
            await master.ScriptFlushAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 32).Select(_ => RunAsync(calls)));

        Assert.That(answers, Is.All.EqualTo(0));
        Assert.That(_meter.Repeats(Step), Is.Not.Empty.And.All.EqualTo("NOSCRIPT"));
        Assert.That(_meter.Outcomes(Step, "ok"), Is.EqualTo(33));
    }

    [Test]
    public async Task A_call_that_meets_a_replica_is_repeated_until_there_is_a_primary_again()
    {
        await using var other = await RedisServer.StartAsync();
        await using var server = await RedisServer.StartAsync();
        // It does not look by itself meanwhile: seeing a replica, it would send nothing to it, and nobody would be told READONLY.
        using var connection = await RedisConnection.ConnectAsync($"{server.Configuration},configCheckSeconds=600");
        var calls = new RedisCalls(connection, s_options, _time);
        await ExecuteAsync(server, "REPLICAOF", "127.0.0.1", $"{other.Port}");

        var call = RunAsync(calls);
        await _time.TimerWithinAsync(s_longestPause).Soon();
        Assert.That(call.IsCompleted, Is.False);
        await ExecuteAsync(server, "REPLICAOF", "NO", "ONE");
        _time.Advance(s_longestPause);

        Assert.That(await call.Soon(), Is.EqualTo(1));
        Assert.That(_meter.Repeats(Step), Does.Contain("READONLY"));
    }

    [Test]
    public async Task A_call_that_meets_nothing_but_a_replica_ends_in_time()
    {
        await using var other = await RedisServer.StartAsync();
        await using var server = await RedisServer.StartAsync();
        using var connection = await RedisConnection.ConnectAsync($"{server.Configuration},configCheckSeconds=600");
        var calls = new RedisCalls(connection, s_options, _time);
        await ExecuteAsync(server, "REPLICAOF", "127.0.0.1", $"{other.Port}");

        var call = RunAsync(calls);
        await _time.TimerWithinAsync(s_longestPause).Soon();
        using var impatient = new CancellationTokenSource();
        var cancelled = RunAsync(calls, impatient.Token);
        await _meter.RepeatAsync("READONLY").Soon();
        await impatient.CancelAsync();
        _time.Advance(s_options.CallTimeout);

        Assert.That(async () => await call.Soon(), Throws.TypeOf<StoreUnavailableException>().With.Message.Contains("READONLY"));
        Assert.That(async () => await cancelled.Soon(), Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task A_call_to_a_frozen_Redis_ends_with_its_callers_deadline_or_the_time_out()
    {
        await using var server = await RedisServer.StartAsync();
        using var connection = await server.ConnectAsync();
        var calls = new RedisCalls(connection, s_options, _time);
        await server.FreezeAsync();

        using var deadline = new CancellationTokenSource();
        var cancelled = RunAsync(calls, deadline.Token);
        var timedOut = RunAsync(calls);
        await deadline.CancelAsync();
        Assert.That(async () => await cancelled.Soon(), Throws.InstanceOf<OperationCanceledException>());
        _time.Advance(s_options.CallTimeout - TimeSpan.FromMilliseconds(1));
        Assert.That(timedOut.IsCompleted, Is.False);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.That(async () => await timedOut.Soon(), Throws.TypeOf<StoreUnavailableException>());

        // Given up, not gone: they count until they are answered.
        Assert.That(calls.InFlight, Is.EqualTo(2));
        await server.ThawAsync();
        await _meter.AnsweredAsync(2).Soon();
        Assert.That(calls.InFlight, Is.Zero);
        Assert.That((_meter.Outcomes(Step, "cancelled"), _meter.Outcomes(Step, "timeout")), Is.EqualTo((1, 1)));
    }

    [Test]
    public async Task More_calls_than_may_be_on_their_way_are_refused_at_once()
    {
        await using var server = await RedisServer.StartAsync();
        using var connection = await server.ConnectAsync();
        var calls = new RedisCalls(connection, new RedisOptions { CallsInFlight = 3 }, _time);
        await RunAsync(calls);
        await server.FreezeAsync();

        var waiting = Enumerable.Range(0, 3).Select(_ => RunAsync(calls)).ToList();
        Assert.That(async () => await RunAsync(calls).Soon(), Throws.TypeOf<StoreUnavailableException>().With.Message.Contains("Too many"));
        await server.ThawAsync();

        Assert.That(await Task.WhenAll(waiting).Soon(), Is.All.EqualTo(0));
        Assert.That(await RunAsync(calls).Soon(), Is.EqualTo(0));
    }

    [Test]
    public async Task Calls_are_refused_while_Redis_is_silent_and_go_on_when_it_answers([Values] bool callersGiveUp)
    {
        await using var server = await RedisServer.StartAsync();
        using var connection = await server.ConnectAsync();
        var calls = new RedisCalls(connection, s_options, _time);
        await server.FreezeAsync();

        const int Enough = 20;
        using var deadline = new CancellationTokenSource();
        var waiting = Enumerable.Range(0, Enough).Select(_ => RunAsync(calls, deadline.Token)).ToList();
        if (callersGiveUp)
            await deadline.CancelAsync();
        else
            _time.Advance(s_options.CallTimeout);
        foreach (var call in waiting)
            Assert.That(async () => await call.Soon(), Throws.Exception);
        await _meter.BreakerAsync("open").Soon();
        Assert.That(async () => await RunAsync(calls).Soon(), Throws.TypeOf<StoreUnavailableException>());
        Assert.That((calls.InFlight, _meter.Outcomes(Step, "circuit-open")), Is.EqualTo((Enough, 1)));

        await server.ThawAsync();
        await _meter.AnsweredAsync(Enough).Soon();
        _time.Advance(TimeSpan.FromMilliseconds(500));
        // Of what was given up nothing was done: the script was not known yet.
        Assert.That(await RunAsync(calls).Soon(), Is.EqualTo(1));
        await _meter.BreakerAsync("closed").Soon();
        Assert.That(await RunAsync(calls).Soon(), Is.EqualTo(0));
    }

    [Test]
    public async Task A_call_that_is_given_up_before_it_could_try_a_silent_Redis_has_no_answer()
    {
        await using var server = await RedisServer.StartAsync();
        using var connection = await server.ConnectAsync();
        var calls = new RedisCalls(connection, s_options, _time);
        await server.FreezeAsync();
        var waiting = Enumerable.Range(0, 20).Select(_ => RunAsync(calls)).ToList();
        _time.Advance(s_options.CallTimeout);
        foreach (var call in waiting)
            Assert.That(async () => await call.Soon(), Throws.Exception);
        await _meter.BreakerAsync("open").Soon();

        // Given up after the call was let in, and before it went to the breaker.
        using var deadline = new CancellationTokenSource();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == Telemetry.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStarted = span =>
            {
                if (span.DisplayName.EndsWith("Late", StringComparison.Ordinal))
                    deadline.Cancel();
            },
        };
        ActivitySource.AddActivityListener(listener);

        Assert.That(
            async () => await calls.CallAsync(database => database.StringGetAsync("key", RedisCalls.Primary), deadline.Token, "Late").AsTask().Soon(),
            Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task A_call_without_a_connection_fails_at_once_and_goes_through_when_Redis_is_back()
    {
        await using var server = await RedisServer.StartAsync("--appendfsync", "always");
        using var connection = await server.ConnectAsync();
        var calls = new RedisCalls(connection, s_options, _time);
        Assert.That(await RunAsync(calls), Is.EqualTo(1));

        var failed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        connection.ConnectionFailed += (_, failure) =>
        {
            if (failure.ConnectionType == ConnectionType.Interactive)
                failed.TrySetResult();
        };
        await server.KillAsync();
        await failed.Task.Soon();
        // Time stands still: neither a time-out nor a pause before a repeat can be what ends it.
        Assert.That(async () => await RunAsync(calls).Soon(), Throws.TypeOf<StoreUnavailableException>());
        Assert.That((calls.InFlight, _meter.Outcomes(Step, "disconnected")), Is.EqualTo((0, 1)));
        Assert.That(_meter.Repeats(Step), Is.EqualTo(new[] { "NOSCRIPT" }));

        await server.RestartAsync();
        await ReconnectedAsync(connection).Soon();
        Assert.That(await RunAsync(calls).Soon(), Is.EqualTo(0), "What was acknowledged is there.");
    }

    [Test]
    public async Task A_call_that_was_given_up_leaves_no_fault_that_nobody_looks_at()
    {
        var unobserved = new List<Exception>();
        void Keep(object? sender, UnobservedTaskExceptionEventArgs fault)
        {
            lock (unobserved)
                unobserved.Add(fault.Exception);
        }

        TaskScheduler.UnobservedTaskException += Keep;
        try
        {
            await GiveUpAndKillAsync();
            GC.Collect();
            GC.WaitForPendingFinalizers();
            Assert.That(unobserved.Where(fault => fault.InnerException is RedisException), Is.Empty);
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= Keep;
        }

        async Task GiveUpAndKillAsync()
        {
            await using var server = await RedisServer.StartAsync();
            using var connection = await server.ConnectAsync();
            var calls = new RedisCalls(connection, s_options, _time);
            await server.FreezeAsync();
            var call = RunAsync(calls);
            _time.Advance(s_options.CallTimeout);
            Assert.That(async () => await call.Soon(), Throws.TypeOf<StoreUnavailableException>());
            await server.KillAsync();
            await _meter.AnsweredAsync(1).Soon();
        }
    }

    [Test]
    public async Task A_broken_invariant_is_not_taken_for_a_store_in_trouble()
    {
        var calls = new RedisCalls(await RedisStoreUnderTest.Single.GetConnectionAsync(), s_options, _time);

        Assert.That(
            async () => await calls.CallAsync(database => database.ScriptEvaluateAsync("return redis.error_reply('VNBROKEN a slot')"), default),
            Throws.InvalidOperationException.With.Message.Contains("VNBROKEN a slot"));
    }

    [Test]
    public async Task What_the_client_itself_fails_with_is_a_store_in_trouble_in_words_of_our_own()
    {
        var calls = new RedisCalls(await RedisStoreUnderTest.Single.GetConnectionAsync(), s_options, _time);
        var fault = new InvalidOperationException("HGET 13924680135");

        foreach (var fails in new Func<Task<int>>[] { () => throw fault, () => Task.FromException<int>(fault), () => Task.FromCanceled<int>(new(true)) })
        {
            Assert.That(
                async () => await calls.CallAsync(_ => fails(), default, "Get"),
                Throws.TypeOf<StoreUnavailableException>().With.Message.StartsWith("Get: the client for Redis has failed (").And.Message.Not.Contain("139"));
        }

        Assert.That((_meter.Outcomes("Get", "other"), _meter.Repeats("Get").Count), Is.EqualTo((2, 0)));
    }

    [Test]
    public async Task Lost_data_is_told_in_clear_words_and_not_asked_for_twice()
    {
        var calls = new RedisCalls(await RedisStoreUnderTest.Single.GetConnectionAsync(), s_options, _time);

        Assert.That(
            async () => await calls.CallAsync(database => database.ScriptEvaluateAsync("return redis.error_reply('VNLOST a block')"), default, "Lost"),
            Throws.TypeOf<StoreUnavailableException>().With.Message.StartsWith("Lost: a block that the registry knows has lost its data"));
        Assert.That((_meter.Outcomes("Lost", "VNLOST"), _meter.Repeats("Lost").Count), Is.EqualTo((1, 0)));
    }

    [Test]
    public async Task An_error_of_Redis_is_told_by_its_code_alone_in_metrics_and_is_not_repeated()
    {
        var connection = await RedisStoreUnderTest.Single.GetConnectionAsync();
        var calls = new RedisCalls(connection, s_options, _time);

        Assert.That(
            async () => await calls.CallAsync(database => database.ScriptEvaluateAsync("return redis.error_reply('OOM no room')"), default, "Full"),
            Throws.TypeOf<StoreUnavailableException>().With.Message.EqualTo("Full: OOM no room"));
        Assert.That((_meter.Outcomes("Full", "OOM"), _meter.Repeats("Full").Count), Is.EqualTo((1, 0)));
    }

    [Test]
    public async Task A_call_has_a_span_that_names_no_key()
    {
        var spans = new List<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == Telemetry.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = spans.Add,
        };
        ActivitySource.AddActivityListener(listener);
        var calls = new RedisCalls(await RedisStoreUnderTest.Single.GetConnectionAsync(), s_options, _time);

        await RunAsync(calls);
        Assert.That(
            async () => await calls.CallAsync(database => database.ScriptEvaluateAsync("return redis.error_reply('OOM no room')"), default, "FillAsync"),
            Throws.TypeOf<StoreUnavailableException>());

        Assert.That(
            spans.Select(span => $"{span.Kind} {span.DisplayName} {span.Status} {string.Join(' ', span.Tags.Select(tag => $"{tag.Key}={tag.Value}"))}"),
            Is.EqualTo(new[]
            {
                "Client redis AppendRegistry Unset db.system.name=redis db.operation.name=AppendRegistry",
                "Client redis Fill Error db.system.name=redis db.operation.name=Fill error.type=OOM",
            }));
    }

    private static async Task<int> RunAsync(RedisCalls calls, CancellationToken cancellation = default) =>
        (int)await calls.RunAsync(s_script, [Keys.Registry], [0, "a change"], cancellation);

    /// <summary>The client tells that a connection is restored a moment before it takes calls, so it is asked.</summary>
    private static async Task ReconnectedAsync(ConnectionMultiplexer connection)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (!connection.GetDatabase().IsConnected(Keys.Registry, RedisCalls.Primary))
            await timer.WaitForNextTickAsync();
    }

    /// <summary>By a connection of its own, so that the one under test learns nothing of it.</summary>
    private static async Task ExecuteAsync(RedisServer server, string command, params object[] arguments)
    {
        using var connection = await server.ConnectAsync();
        await connection.GetDatabase().ExecuteAsync(command, arguments);
    }
}
