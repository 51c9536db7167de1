using Grpc.Core;
using Grpc.Health.V1;
using static Grpc.Health.V1.HealthCheckResponse.Types;

namespace VirtualNumber.Tests.GrpcOnKestrel;

/// <summary>grpc.health.v1, as its standard says.</summary>
[TestFixture]
public sealed class HealthTests
{
    private TestServer _server = null!;
    private Health.HealthClient _client = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _server = await TestServer.StartAsync();
        _client = new Health.HealthClient(_server.Channel());
    }

    [TearDown]
    public async Task StopAsync() => await _server.DisposeAsync();

    [Test]
    public async Task Check_tells_the_status_that_was_set()
    {
        _server.Statuses.Set("", ServingStatus.Serving);
        _server.Statuses.Set("one", ServingStatus.NotServing);
        Assert.Multiple(() =>
        {
            Assert.That(_client.Check(new HealthCheckRequest()).Status, Is.EqualTo(ServingStatus.Serving));
            Assert.That(_client.Check(new HealthCheckRequest { Service = "one" }).Status, Is.EqualTo(ServingStatus.NotServing));
        });
        var failure = await Assert.ThrowsAsync<RpcException>(async () =>
            await _client.CheckAsync(new HealthCheckRequest { Service = "two" }));
        Assert.That(failure!.StatusCode, Is.EqualTo(StatusCode.NotFound));
    }

    [Test]
    public async Task List_tells_all_statuses()
    {
        _server.Statuses.Set("", ServingStatus.Serving);
        _server.Statuses.Set("one", ServingStatus.NotServing);
        var response = await _client.ListAsync(new HealthListRequest());
        Assert.That(
            response.Statuses.Select(each => (each.Key, each.Value.Status)),
            Is.EquivalentTo(new[] { ("", ServingStatus.Serving), ("one", ServingStatus.NotServing) }));
    }

    [Test]
    public async Task List_refuses_more_than_a_hundred()
    {
        for (var i = 0; i <= 100; i++)
            _server.Statuses.Set($"{i}", ServingStatus.Serving);
        var failure = await Assert.ThrowsAsync<RpcException>(async () => await _client.ListAsync(new HealthListRequest()));
        Assert.That(failure!.StatusCode, Is.EqualTo(StatusCode.ResourceExhausted));
    }

    [Test]
    public async Task Watch_tells_each_change_of_its_service_once()
    {
        using var call = _client.Watch(new HealthCheckRequest { Service = "one" });
        Assert.That(await NextAsync(call), Is.EqualTo(ServingStatus.ServiceUnknown));
        _server.Statuses.Set("one", ServingStatus.Serving);
        Assert.That(await NextAsync(call), Is.EqualTo(ServingStatus.Serving));
        _server.Statuses.Set("another", ServingStatus.NotServing);
        _server.Statuses.Set("one", ServingStatus.Serving);
        _server.Statuses.Set("one", ServingStatus.NotServing);
        Assert.That(await NextAsync(call), Is.EqualTo(ServingStatus.NotServing));
    }

    [Test]
    public async Task Watch_ends_when_the_server_stops()
    {
        using var call = _client.Watch(new HealthCheckRequest());
        Assert.That(await NextAsync(call), Is.EqualTo(ServingStatus.ServiceUnknown));
        var stop = _server.StopAsync();
        var failure = await Assert.ThrowsAsync<RpcException>(async () => await call.ResponseStream.MoveNext(default));
        Assert.That(failure!.StatusCode, Is.EqualTo(StatusCode.Unavailable));
        await stop;
    }

    private static async Task<ServingStatus> NextAsync(AsyncServerStreamingCall<HealthCheckResponse> call)
    {
        Assert.That(await call.ResponseStream.MoveNext(default), Is.True);
        return call.ResponseStream.Current.Status;
    }
}
