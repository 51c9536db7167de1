using System.Diagnostics;
using System.Text.Json;
using Google.Protobuf;
using VirtualNumber.Tests.Api;
using VirtualNumber.Tests.GrpcOnKestrel;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Http;

/// <summary>Events followed by HTTP: lines of JSON, each there as soon as it is written; with curl too.</summary>
[TestFixture]
public sealed class WatchEventsTests : HttpTests
{
    private const string Watch = $"/v1/events:watch?tenantId={TestService.Alpha}";

    /// <summary>More than any other test here opens: one that has ended holds its place a moment longer.</summary>
    private const int Places = 8;

    private protected override Task<TestService> StartServiceAsync() => TestService.StartAsync(
        settings: [("Events:Interval", "00:00:00.02"), ("Events:HeartBeat", "00:00:01"), ("Overload:Streams", $"{Places}")]);

    [Test]
    public async Task Curl_follows_what_happens()
    {
        using var curl = Curl(Watch, "-N");
        Assert.That(Parse(await ReadLineAsync(curl)).Events, Is.Empty);

        var first = await LeaseAsync(Requests.CreateLease("SF1"));
        var message = await NextEventsAsync(curl);
        Assert.That(message.Events.Select(each => (each.Kind, each.LeaseId)), Is.EqualTo(new[] { (LeaseEventKind.Leased, first.LeaseId) }));
        var second = await LeaseAsync(Requests.CreateLease("SF2"));
        Assert.That((await NextEventsAsync(curl)).Events.Single().LeaseId, Is.EqualTo(second.LeaseId));
        curl.Kill();

        using var again = Curl($"{Watch}&cursor={message.Cursor}", "-N");
        Assert.That((await NextEventsAsync(again)).Events.Single().LeaseId, Is.EqualTo(second.LeaseId));
        again.Kill();
    }

    [Test]
    public async Task It_ends_well_before_the_deadline_and_curl_is_content()
    {
        await LeaseAsync();
        using var curl = Curl($"{Watch}&fromOldest=true", "-H", "grpc-timeout: 2S");
        var lines = (await curl.StandardOutput.ReadToEndAsync().Soon()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        await curl.WaitForExitAsync().Soon();

        Assert.That(curl.ExitCode, Is.Zero);
        Assert.That(lines.SelectMany(line => Parse(line).Events), Has.Exactly(1).Items);
        Assert.That(lines, Has.Length.GreaterThan(1), "a heart-beat");
    }

    [Test]
    public async Task Headers_say_what_it_is_and_keep_proxies_from_holding_it_back()
    {
        using var response = await Http.GetAsync(Relative(Watch), HttpCompletionOption.ResponseHeadersRead).Soon();
        Assert.That(response.Content.Headers.ContentType?.MediaType, Is.EqualTo("application/x-ndjson"));
        Assert.That(response.Headers.CacheControl?.NoStore, Is.True);
        Assert.That(response.Headers.GetValues("X-Accel-Buffering"), Is.EqualTo(new[] { "no" }));
    }

    [Test]
    public async Task What_is_wrong_from_the_start_is_an_ordinary_error()
    {
        using var unknown = await GetAsync("/v1/events:watch?tenantId=nobody");
        (await ErrorAsync(unknown)).Expect(404, Grpc.Core.StatusCode.NotFound, ErrorReason.TenantUnknown);
        using var cursor = await GetAsync($"{Watch}&cursor=made-up");
        (await ErrorAsync(cursor)).Expect(400, Grpc.Core.StatusCode.InvalidArgument, ErrorReason.CursorInvalid, "cursor");
        using var both = await GetAsync($"{Watch}&cursor=x&fromOldest=true");
        (await ErrorAsync(both)).Expect(400, Grpc.Core.StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "from_oldest");
        using var field = await GetAsync($"{Watch}&fromOldest=perhaps");
        (await ErrorAsync(field)).Expect(400, Grpc.Core.StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "from_oldest");
    }

    [Test]
    public async Task What_goes_wrong_later_is_a_last_line()
    {
        using var curl = Curl(Watch, "-N");
        await ReadLineAsync(curl);
        var stop = Service.StopAsync();

        var lines = (await curl.StandardOutput.ReadToEndAsync().Soon()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        await stop.Soon();

        using var json = JsonDocument.Parse(lines[^1]);
        var error = json.RootElement.GetProperty("error");
        Assert.That(error.GetProperty("code").GetInt32(), Is.EqualTo((int)Grpc.Core.StatusCode.Unavailable));
        Assert.That(error.GetProperty("message").GetString(), Does.Contain("stopping"));
    }

    [Test]
    public async Task It_takes_a_place_of_the_streams_and_gives_it_back_when_its_reader_has_gone()
    {
        var readers = Enumerable.Range(0, Places).Select(_ => Curl(Watch, "-N")).ToList();
        foreach (var reader in readers)
            await ReadLineAsync(reader);
        using (var refused = await GetAsync(Watch))
            (await ErrorAsync(refused)).Expect(429, Grpc.Core.StatusCode.ResourceExhausted, ErrorReason.Overloaded);

        foreach (var reader in readers)
        {
            reader.Kill();
            reader.Dispose();
        }

        var share = Service.Get<VirtualNumber.Hosting.CallShares>().Events;
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (share.Taken > 0)
            await timer.WaitForNextTickAsync(patience.Token);
    }

    private Process Curl(string pathAndQuery, params string[] more)
    {
        var start = new ProcessStartInfo("curl") { RedirectStandardOutput = true };
        foreach (var argument in (string[])["-sS", "--noproxy", "*", .. more, new Uri(Service.HttpAddress, pathAndQuery).AbsoluteUri])
            start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }

    private static async Task<string> ReadLineAsync(Process curl) => await curl.StandardOutput.ReadLineAsync().Soon() ?? throw new AssertionException("It ended.");

    private static async Task<WatchEventsResponse> NextEventsAsync(Process curl)
    {
        while (true)
        {
            if (Parse(await ReadLineAsync(curl)) is { Events.Count: > 0 } message)
                return message;
        }
    }

    private static WatchEventsResponse Parse(string line) => JsonParser.Default.Parse<WatchEventsResponse>(line);
}
