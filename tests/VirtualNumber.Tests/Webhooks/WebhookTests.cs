using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using VirtualNumber.Protocol;
using VirtualNumber.Tests.Api;
using VirtualNumber.Tests.GrpcOnKestrel;
using VirtualNumber.V1;
using VirtualNumber.Webhooks;
using LeaseEvent = VirtualNumber.V1.LeaseEvent;

namespace VirtualNumber.Tests.Webhooks;

/// <summary>What happens is pushed to a real receiver by HTTPS, signed, however often it is killed; what it must not reach it does not reach.</summary>
[TestFixture]
public sealed class WebhookTests : ApiTests
{
    private const string WebhookId = "orders";

    private static readonly string s_secret = Convert.ToBase64String([.. Enumerable.Range(0, 32).Select(value => (byte)value)]);
    private static readonly string s_newSecret = Convert.ToBase64String([.. Enumerable.Range(100, 40).Select(value => (byte)value)]);

    private PushReceiver _receiver = null!;

    private protected override Task<TestService> StartServiceAsync()
    {
        _receiver = new PushReceiver();
        return TestService.StartAsync(settings: SettingsOf(_receiver.Url, _receiver.Authority, "true"));
    }

    [SetUp]
    public Task StartReceiverAsync() => _receiver.StartAsync();

    [TearDown]
    public async Task StopReceiverAsync() => await _receiver.DisposeAsync();

    [Test]
    public async Task What_happens_is_pushed_as_JSON_without_any_number()
    {
        await RunRoundsAsync();
        var lease = await LeaseAsync();
        await RunRoundsAsync();

        var push = _receiver.Received.Single();
        Assert.That((push.Method, push.Path, push.Headers["Content-Type"]), Is.EqualTo(("POST", "/hook", "application/json")));
        Assert.That((push.Push.TenantId, push.Push.WebhookId), Is.EqualTo((TestService.Alpha, WebhookId)));
        Assert.That(push.Push.PushId, Is.Not.Empty);
        var told = push.Push.Events.Single();
        Assert.That((told.Kind, told.LeaseId, told.Epoch), Is.EqualTo((LeaseEventKind.Leased, lease.LeaseId, lease.Epoch)));
        Assert.That(push.Headers, Does.Not.ContainKey("traceparent"));
        var text = System.Text.Encoding.UTF8.GetString(push.Body);
        foreach (var secret in new[] { lease.VirtualNumber, "13800138", "SF1000200030" })
            Assert.That(text, Does.Not.Contain(secret));
        foreach (var secret in new[] { s_secret, s_newSecret, _receiver.Url })
            Assert.That(Service.Logs.Lines, Has.None.Contains(secret));
    }

    /// <summary>Signed with both secrets, the new one first; each checked by another implementation.</summary>
    [Test]
    public async Task The_signature_is_what_openssl_and_Python_make_of_time_and_body()
    {
        await RunRoundsAsync();
        await LeaseAsync();
        await RunRoundsAsync();

        var push = _receiver.Received.Single();
        var signatures = push.Headers[PushSignature.SignatureHeader].Split(',');
        var timestamp = push.Headers[PushSignature.TimestampHeader];
        Assert.That(timestamp, Is.EqualTo($"{Now.ToUnixTimeSeconds()}"));
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "signed");
        await File.WriteAllBytesAsync(file, [.. System.Text.Encoding.ASCII.GetBytes(timestamp + "."), .. push.Body]);
        var key = Convert.ToHexString(Convert.FromBase64String(s_newSecret));
        var byOpenssl = await OutputOfAsync("openssl", "dgst", "-sha256", "-mac", "HMAC", "-macopt", $"hexkey:{key}", file);
        var byPython = await OutputOfAsync(
            "python3", "-c", "import base64,hashlib,hmac,sys;print(hmac.new(base64.b64decode(sys.argv[1]),open(sys.argv[2],'rb').read(),hashlib.sha256).hexdigest())",
            s_secret, file);
        Assert.That(signatures, Is.EqualTo(new[] { "v1=" + byOpenssl.Split(' ')[^1].Trim(), "v1=" + byPython.Trim() }));
    }

    [Test]
    public async Task A_receiver_that_is_killed_and_started_again_over_ten_hours_has_every_event_exactly_once_without_repeats([Values(1, 2)] int seed)
    {
        TestContext.Out.WriteLine($"seed {seed}");
        var random = new VirtualNumber.Sealing.SeededRandom((ulong)seed);
        await RunRoundsAsync();
        var leases = new Queue<Lease>();
        for (var minute = 0; minute < 600; minute += 5)
        {
            Service.Time.Advance(TimeSpan.FromMinutes(5));
            if (leases.Count < 5 || random.Next(2) == 0)
                leases.Enqueue(await LeaseAsync(Requests.CreateLease($"SF{minute}")));
            else
                await Leases.ReleaseLeaseAsync(new ReleaseLeaseRequest { TenantId = TestService.Alpha, LeaseId = leases.Dequeue().LeaseId });
            switch (random.Next(8))
            {
                case 0:
                    await _receiver.KillAsync();
                    break;
                case 1 or 2 when !_receiver.IsRunning:
                    await _receiver.StartAsync();
                    break;
                case 3:
                    // It has the push, and dies before it says so.
                    _receiver.Answer = context =>
                    {
                        context.Abort();
                        return Task.CompletedTask;
                    };
                    break;
                case 4:
                    _receiver.Answer = context =>
                    {
                        context.Response.StatusCode = StatusCodes.Status500InternalServerError;
                        return Task.CompletedTask;
                    };
                    break;
                case 5 or 6:
                    _receiver.Answer = null;
                    break;
                default:
                    break;
            }

            await RunRoundsAsync();
        }

        _receiver.Answer = null;
        if (!_receiver.IsRunning)
            await _receiver.StartAsync();
        Service.Time.Advance(TimeSpan.FromMinutes(300));
        await RunRoundsAsync();

        Assert.That((await Ops.ListParkedPushesAsync(new() { TenantId = TestService.Alpha, WebhookId = WebhookId })).Pushes, Is.Empty);
        var happened = await HappenedAsync();
        Assert.That(happened, Has.Count.EqualTo(120));
        var received = _receiver.Events.ToList();
        Assert.That(received.Count, Is.GreaterThan(happened.Count), "some came twice");
        Assert.That(received.DistinctBy(each => each.EventId).OrderBy(each => each.EventId, StringComparer.Ordinal), Is.EqualTo(happened));
    }

    [Test]
    public async Task After_the_last_retry_it_is_parked_and_an_operator_has_it_sent_again()
    {
        await RunRoundsAsync();
        await _receiver.KillAsync();
        await LeaseAsync();
        await RunRoundsAsync();
        foreach (var minutes in new[] { 1, 4, 9, 106, 203, 300 })
        {
            Assert.That((await Ops.ListParkedPushesAsync(Parked())).Pushes, Is.Empty);
            Service.Time.Advance(TimeSpan.FromMinutes(minutes) - TimeSpan.FromSeconds(1));
            Assert.That(await RunRoundsAsync(), Is.Zero);
            Service.Time.Advance(TimeSpan.FromSeconds(1));
            Assert.That(await RunRoundsAsync(), Is.EqualTo(1));
        }

        var parked = (await Ops.ListParkedPushesAsync(Parked())).Pushes.Single();
        Assert.That((parked.AttemptCount, parked.EventCount, parked.LastFault), Is.EqualTo((7, 1, "UNREACHABLE")));
        Assert.That(parked.ParkTime.ToDateTimeOffset(), Is.EqualTo(Now));
        Assert.That(parked.CreateTime.ToDateTimeOffset(), Is.EqualTo(Now - TimeSpan.FromMinutes(623)));
        Assert.That(Service.Logs.Lines, Has.Some.Match("^Warning .* is parked after 7 tries"));

        await _receiver.StartAsync();
        Service.Time.Advance(TimeSpan.FromDays(1));
        Assert.That(await RunRoundsAsync(), Is.Zero);
        Assert.That((await Ops.RetryParkedPushesAsync(new() { TenantId = TestService.Alpha, WebhookId = WebhookId, PushIds = { parked.PushId } })).RetriedCount, Is.EqualTo(1));
        Assert.That(await RunRoundsAsync(), Is.EqualTo(1));
        Assert.That(_receiver.Received.Single().Push.PushId, Is.EqualTo(parked.PushId));
        Assert.That((await Ops.ListParkedPushesAsync(Parked())).Pushes, Is.Empty);
    }

    [Test]
    public async Task What_an_instance_was_sending_when_it_died_another_one_sends_again()
    {
        await RunRoundsAsync();
        var lease = await LeaseAsync();
        var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _receiver.Answer = context =>
        {
            arrived.TrySetResult();
            return new TaskCompletionSource().Task.WaitAsync(context.RequestAborted);
        };
        using var forwarder = Forwarder(Service);
        await forwarder.RunCycleAsync(CancellationToken.None);
        using (var dying = new CancellationTokenSource())
        {
            using var first = Dispatcher(Service);
            var round = first.RunRoundAsync(Service.Get<WebhookList>().All.Single(), dying.Token);
            await arrived.Task.Soon();
            await dying.CancelAsync();
            Assert.That(async () => await round.Soon(), Throws.InstanceOf<OperationCanceledException>());
        }

        _receiver.Answer = null;
        // The time-out of an answer, and 30 seconds.
        Service.Time.Advance(TimeSpan.FromSeconds(39));
        Assert.That(await RunRoundsAsync(), Is.Zero, "it may still be on its way");
        Service.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.That(await RunRoundsAsync(), Is.EqualTo(1));

        Assert.That(_receiver.Received.Select(push => push.Push.PushId).Distinct().Count(), Is.EqualTo(1));
        Assert.That(_receiver.Events.Select(each => each.LeaseId), Is.EqualTo(new[] { lease.LeaseId, lease.LeaseId }));
        Assert.That(_receiver.Events.Select(each => each.EventId).Distinct().Count(), Is.EqualTo(1));
    }

    [Test]
    public async Task A_webhook_whose_places_are_all_taken_is_told_of_once_and_hears_all_within_a_minute_of_being_back()
    {
        await using var service = await TestService.StartAsync(settings:
            [.. SettingsOf(_receiver.Url, _receiver.Authority, "true"), ("Webhooks:0:MostOutstanding", "1"), ("Webhooks:0:MostPerPush", "2")]);
        await StockAnotherAsync(service);
        await RunRoundsAsync(service);
        await _receiver.KillAsync();
        var leases = new List<string>();
        for (var i = 0; i < 4; i++)
        {
            leases.Add((await service.Leases.CreateLeaseAsync(Requests.CreateLease($"SF{i}"))).Lease.LeaseId);
            await RunRoundsAsync(service);
        }

        Assert.That(service.Logs.Lines.Count(line => line.Contains("No push to webhook orders", StringComparison.Ordinal)), Is.EqualTo(1));
        // The second try, after which the schedule says four minutes.
        service.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.That(await RunRoundsAsync(service), Is.EqualTo(1));
        await _receiver.StartAsync();
        service.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.That(await RunRoundsAsync(service), Is.EqualTo(3));

        Assert.That(_receiver.Events.Select(each => each.LeaseId), Is.EqualTo(leases));
    }

    [Test]
    public async Task A_slow_webhook_keeps_no_other_waiting()
    {
        var (told, gone) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), new TaskCompletionSource());
        _receiver.Answer = context =>
        {
            if (context.Request.Path == "/slow")
                return gone.Task;
            if (_receiver.Received.Where(push => push.Path == "/hook").Sum(push => push.Push.Events.Count) >= 2)
                told.TrySetResult();
            return Task.CompletedTask;
        };
        await using (var service = await TestService.StartAsync(settings:
        [
            .. SettingsOf(_receiver.Url.Replace("/hook", "/slow", StringComparison.Ordinal), _receiver.Authority, "true").Where(each => each.Key != "Events:Interval"),
            .. SettingsOf(_receiver.Url, _receiver.Authority, "true").Where(each => each.Key != "Events:Interval")
                .Select(each => (each.Key.Replace(":0:", ":1:", StringComparison.Ordinal), each.Key == "Webhooks:0:Id" ? "other" : each.Value)),
            ("Webhooks:0:Timeout", "00:01:00"), ("Events:Interval", "00:00:00.01"),
        ]))
        {
            await StockAnotherAsync(service);
            // What happens before a webhook is known is not pushed to it.
            foreach (var webhook in service.Get<WebhookList>().All)
                await service.GetHosted<WebhookDispatcher>().RunRoundAsync(webhook, CancellationToken.None).Soon();
            await service.Leases.CreateLeaseAsync(Requests.CreateLease("SF1"));
            await service.Leases.CreateLeaseAsync(Requests.CreateLease("SF2"));
            await told.Task.Soon();
        }

        gone.SetResult();
    }

    [Test]
    public async Task A_redirect_is_not_followed()
    {
        var elsewhere = 0;
        _receiver.Answer = context =>
        {
            if (context.Request.Path != "/hook")
                elsewhere++;
            context.Response.Redirect("/elsewhere", permanent: false, preserveMethod: true);
            return Task.CompletedTask;
        };

        Assert.That(await FaultAsync(), Is.EqualTo("HTTP 307"));
        Assert.That((_receiver.Received.Count, elsewhere), Is.EqualTo((1, 0)));
    }

    [Test]
    public async Task Who_does_not_answer_in_time_is_not_waited_for()
    {
        var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _receiver.Answer = _ => gone.Task;
        Assert.That(await FaultAsync(("Webhooks:0:Timeout", "00:00:00.5")), Is.EqualTo("TIMEOUT"));
        gone.SetResult();
    }

    [Test]
    public async Task An_answer_without_end_is_not_read()
    {
        _receiver.Answer = async context =>
        {
            var junk = new byte[64 * 1024];
            while (!context.RequestAborted.IsCancellationRequested)
                await context.Response.Body.WriteAsync(junk, context.RequestAborted);
        };
        Assert.That(await FaultAsync(), Is.Empty);
    }

    [TestCase("https://127.0.0.1:{0}/hook")]
    [TestCase("https://localhost:{0}/hook")]
    [TestCase("https://[::1]:{0}/hook")]
    [TestCase("https://[::ffff:127.0.0.1]:{0}/hook")]
    [TestCase("https://169.254.169.254/latest/meta-data")]
    [TestCase("https://2130706433:{0}/hook")]
    public async Task A_private_address_is_refused_in_whatever_form(string form)
    {
        var url = string.Format(System.Globalization.CultureInfo.InvariantCulture, form, new Uri(_receiver.Url).Port);
        Assert.That(await FaultAsync(("Webhooks:0:Url", url), ("Webhooks:0:AllowPrivateAddresses", "false")), Is.EqualTo("ADDRESS_REFUSED"));
        Assert.That(_receiver.Received, Is.Empty);
    }

    [Test]
    public async Task A_certificate_that_is_not_trusted_gets_nothing()
    {
        Assert.That(await FaultAsync(("Webhooks:0:CertificateAuthority", "")), Is.EqualTo("INSECURE"));
        Assert.That(_receiver.Received, Is.Empty);
    }

    /// <summary>Why one push was not taken, by a service of its own with some other settings.</summary>
    private async Task<string> FaultAsync(params (string Key, string Value)[] settings)
    {
        await using var service = await TestService.StartAsync(settings: SettingsOf(_receiver.Url, _receiver.Authority, "true")
            .Where(each => settings.All(other => other.Key != each.Key)).Concat(settings));
        var webhook = service.Get<WebhookList>().All.Single();
        var push = new Push("1-1", 1, 0, Now, PushFault.None, [VirtualNumber.Protocol.LeaseEvent.Lost(1, default, Now)]);
        return (await webhook.SendAsync(push, CancellationToken.None).Soon()).Describe();
    }

    private static (string Key, string Value)[] SettingsOf(string url, string authority, string allowPrivate) =>
    [
        ("Webhooks:0:Id", WebhookId), ("Webhooks:0:TenantId", TestService.Alpha), ("Webhooks:0:Url", url),
        ("Webhooks:0:Secrets:0", s_newSecret), ("Webhooks:0:Secrets:1", s_secret),
        ("Webhooks:0:CertificateAuthority", authority), ("Webhooks:0:AllowPrivateAddresses", allowPrivate),
        // The tests say when something is done.
        ("Events:Interval", "00:00:10"),
    ];

    private static ListParkedPushesRequest Parked() => new() { TenantId = TestService.Alpha, WebhookId = WebhookId };

    /// <summary>Forwards what happened and sends all that is due; answers how many pushes were sent.</summary>
    private Task<int> RunRoundsAsync() => RunRoundsAsync(Service);

    private static async Task<int> RunRoundsAsync(TestService service)
    {
        using var forwarder = Forwarder(service);
        await forwarder.RunCycleAsync(CancellationToken.None);
        var dispatcher = service.GetHosted<WebhookDispatcher>();
        var (webhook, all) = (service.Get<WebhookList>().All.Single(), 0);
        while (await dispatcher.RunRoundAsync(webhook, CancellationToken.None).Soon() is > 0 and var sent)
            all += sent;
        return all;
    }

    private static EventForwarder Forwarder(TestService service) => new(
        service.Get<IEventStore>(), service.Get<EventStreams>(), new EventOptions(), service.Time, NullLogger<EventForwarder>.Instance);

    private static async Task StockAnotherAsync(TestService service)
    {
        await service.Ops.CreatePoolAsync(Requests.CreatePool(Requests.PoolId));
        await service.Ops.AddNumbersAsync(Requests.AddBlocks(Requests.PoolId, Requests.Block));
    }

    /// <summary>As another instance has one.</summary>
    private static WebhookDispatcher Dispatcher(TestService service) => new(
        service.Get<WebhookList>(), service.Get<IPushStore>(), new EventOptions(), service.Time, NullLogger<WebhookDispatcher>.Instance);

    /// <summary>All events of the tenant, by their ids.</summary>
    private async Task<List<LeaseEvent>> HappenedAsync()
    {
        var streams = Service.Get<EventStreams>();
        var (all, after) = (new List<LeaseEvent>(), default(EventPosition));
        while (await streams.ReadAsync(streams.Of(TestService.Alpha), after, CancellationToken.None) is { Events.Count: > 0 } page)
        {
            all.AddRange(page.Events.Select(each => VirtualNumber.Api.Messages.ToMessage(each.Event, streams)));
            after = page.Events[^1].Position;
        }

        return [.. all.OrderBy(each => each.EventId, StringComparer.Ordinal)];
    }

    private static async Task<string> OutputOfAsync(string command, params string[] arguments)
    {
        var start = new ProcessStartInfo(command) { RedirectStandardOutput = true };
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync().Soon();
        await process.WaitForExitAsync().Soon();
        Assert.That(process.ExitCode, Is.Zero);
        return output;
    }
}
