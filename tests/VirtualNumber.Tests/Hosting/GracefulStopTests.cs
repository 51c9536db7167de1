using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Reflection.V1;
using VirtualNumber.Tests.Api;
using VirtualNumber.Tests.Protocol;
using VirtualNumber.V1;
using static Grpc.Health.V1.HealthCheckResponse.Types;

namespace VirtualNumber.Tests.Hosting;

[TestFixture]
public sealed class GracefulStopTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [Test]
    public async Task A_stop_finishes_the_call_in_progress_and_takes_no_new_one()
    {
        var reached = new TaskCompletionSource();
        var letGo = new TaskCompletionSource();
        HookedPool? hooks = null;
        await using var service = await TestService.StartAsync(pool => hooks = new HookedPool(pool));
        await service.Ops.CreatePoolAsync(Requests.CreatePool(Requests.PoolId));
        await service.Ops.AddNumbersAsync(Requests.AddBlocks(Requests.PoolId, Requests.Block));
        hooks!.Before = step =>
        {
            if (step != "take")
                return Task.CompletedTask;
            reached.TrySetResult();
            return letGo.Task;
        };

        var inProgress = service.Leases.CreateLeaseAsync(Requests.CreateLease());
        await reached.Task.WaitAsync(s_patience);
        var stopping = new TaskCompletionSource();
        using var registration = service.Get<Microsoft.Extensions.Hosting.IHostApplicationLifetime>().ApplicationStopping.Register(stopping.SetResult);
        var stop = service.StopAsync();
        await stopping.Task.WaitAsync(s_patience);

        using var channel = service.OpenChannel();
        var late = await Assert.ThrowsAsync<RpcException>(
            async () => await new OpsService.OpsServiceClient(channel).GetPoolAsync(Requests.GetPool(), deadline: DateTime.MaxValue).ResponseAsync.WaitAsync(s_patience));
        Assert.That(late!.StatusCode, Is.EqualTo(StatusCode.Unavailable));
        Assert.That(stop.IsCompleted, Is.False);
        Assert.That(inProgress.ResponseAsync.IsCompleted, Is.False);

        letGo.SetResult();
        Assert.That((await inProgress.ResponseAsync.WaitAsync(s_patience)).Lease.State, Is.EqualTo(LeaseState.Live));
        await stop.WaitAsync(s_patience);
    }

    [Test]
    public async Task A_reflection_stream_that_stays_open_does_not_hold_up_the_stop()
    {
        await using var service = await TestService.StartAsync();
        using var channel = service.OpenChannel();
        using var call = new ServerReflection.ServerReflectionClient(channel).ServerReflectionInfo();
        using var patience = new CancellationTokenSource(s_patience);
        await call.RequestStream.WriteAsync(new ServerReflectionRequest { ListServices = "" }, patience.Token);
        Assert.That(await call.ResponseStream.MoveNext(patience.Token), Is.True);

        var stop = service.StopAsync();

        var end = await Assert.ThrowsAsync<RpcException>(async () => await call.ResponseStream.MoveNext(patience.Token));
        Assert.That((end!.StatusCode, end.Status.Detail), Is.EqualTo((StatusCode.Unavailable, "The server is stopping.")));
        await stop.WaitAsync(s_patience);
    }

    [Test]
    public async Task A_watch_hears_NOT_SERVING_and_ends()
    {
        await using var service = await TestService.StartAsync();
        using var watch = service.Health.Watch(new HealthCheckRequest());
        using var patience = new CancellationTokenSource(s_patience);
        Assert.That(await watch.ResponseStream.MoveNext(patience.Token), Is.True);
        Assert.That(watch.ResponseStream.Current.Status, Is.EqualTo(ServingStatus.Serving));

        var stop = service.StopAsync();

        // Whether the last status still gets out before the end is a race that the protocol leaves open.
        var statuses = new List<ServingStatus>();
        var end = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (await watch.ResponseStream.MoveNext(patience.Token))
                statuses.Add(watch.ResponseStream.Current.Status);
        });
        Assert.That(end!.StatusCode, Is.EqualTo(StatusCode.Unavailable));
        Assert.That(statuses, Is.SubsetOf(new[] { ServingStatus.NotServing }));
        await stop.WaitAsync(s_patience);
    }
}
