using Grpc.Core;
using VirtualNumber.Tests.Protocol;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Api;

/// <summary>A caller that hears no answer may repeat: nothing is lost and nothing is doubled.</summary>
[TestFixture]
public sealed class DeadlineTests : ApiTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly List<TaskCompletionSource> _held = [];
    private HookedPool _hooks = null!;

    [TearDown]
    public void LetGo() => _held.ForEach(hold => hold.TrySetResult());

    [TestCase("claim")]
    [TestCase("take")]
    public async Task A_lease_whose_answer_came_too_late_is_found_by_its_request_id(string heldStep)
    {
        var (reached, letGo) = HoldOnce(heldStep);
        var request = Requests.CreateLease(requestId: "r-1");
        using var late = Leases.CreateLeaseAsync(request, deadline: TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(1));
        await reached.Task.WaitAsync(s_patience);
        var failure = await Assert.ThrowsAsync<RpcException>(async () => await late.ResponseAsync.WaitAsync(s_patience));
        Assert.That(failure!.StatusCode, Is.EqualTo(StatusCode.DeadlineExceeded));
        letGo.SetResult();

        var lease = (await Leases.CreateLeaseAsync(request)).Lease;

        Assert.That((await Leases.CreateLeaseAsync(request)).Lease, Is.EqualTo(lease));
        Assert.That(await CountAsync(), Is.EqualTo(Counts(available: 99, leased: 1)));
    }

    [Test]
    public async Task A_caller_that_hangs_up_may_repeat_a_lease()
    {
        var (reached, letGo) = HoldOnce("take");
        using var hangUp = new CancellationTokenSource();
        using var left = Leases.CreateLeaseAsync(Requests.CreateLease(requestId: "r-1"), cancellationToken: hangUp.Token);
        await reached.Task.WaitAsync(s_patience);
        await hangUp.CancelAsync();
        var failure = await Assert.ThrowsAsync<RpcException>(async () => await left.ResponseAsync.WaitAsync(s_patience));
        Assert.That(failure!.StatusCode, Is.EqualTo(StatusCode.Cancelled));
        letGo.SetResult();

        Assert.That((await LeaseAsync(Requests.CreateLease(requestId: "r-1"))).State, Is.EqualTo(LeaseState.Live));
        Assert.That(await CountAsync(), Is.EqualTo(Counts(available: 99, leased: 1)));
    }

    [Test]
    public async Task A_lease_that_others_keep_getting_in_between_of_is_answered_ABORTED()
    {
        // Whenever the request is about to take for the role's ended claim, another one has replaced that claim and ended its lease.
        var busy = false;
        var number = 0;
        var first = await LeaseAsync();
        await Leases.ReleaseLeaseAsync(Requests.ReleaseLease(first.LeaseId));
        _hooks.Before = async step =>
        {
            if (step != "replace" || Volatile.Read(ref busy))
                return;
            Volatile.Write(ref busy, true);
            var other = await LeaseAsync(Requests.CreateLease(requestId: $"other-{++number}"));
            await Leases.ReleaseLeaseAsync(Requests.ReleaseLease(other.LeaseId));
            Volatile.Write(ref busy, false);
        };

        var refusal = await RefusedCall.OfAsync(Leases.CreateLeaseAsync, Requests.CreateLease(requestId: "mine"));

        refusal.Expect(StatusCode.Aborted, ErrorReason.Contended);
        _hooks.Before = null;
        Assert.That((await LeaseAsync(Requests.CreateLease(requestId: "mine"))).State, Is.EqualTo(LeaseState.Live));
    }

    private protected override Task<TestService> StartServiceAsync() => TestService.StartAsync(pool => _hooks = new HookedPool(pool));

    /// <summary>Holds the next step of that name until it is let go.</summary>
    private (TaskCompletionSource Reached, TaskCompletionSource LetGo) HoldOnce(string heldStep)
    {
        var (reached, letGo) = (new TaskCompletionSource(), new TaskCompletionSource());
        _held.Add(letGo);
        _hooks.Before = step => step == heldStep && reached.TrySetResult() ? letGo.Task : Task.CompletedTask;
        return (reached, letGo);
    }
}
