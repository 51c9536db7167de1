using System.Diagnostics;
using VirtualNumber.Load.Fuzz;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Faults;

/// <summary>Somebody who calls properly while others do not, and must not notice them.</summary>
internal sealed class Neighbour : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource _stop = new();
    private readonly Task _calling;
    private volatile int _least;

    private Neighbour(FuzzStock stock) => _calling = Task.Run(() => CallAsync(stock));

    /// <summary>How many calls were answered.</summary>
    public int Answered { get; private set; }

    /// <summary>How long the longest took.</summary>
    public TimeSpan Longest { get; private set; }

    /// <summary>Calls from now on until it is asked how it went.</summary>
    public static Neighbour Of(FuzzStock stock) => new(stock);

    /// <summary>Calls a few times more, stops calling, and asserts that all was well, also before.</summary>
    public async Task AssertUnharmedAsync()
    {
        Assert.That(Answered, Is.Positive);
        _least = Answered + 10;
        await _stop.CancelAsync();
        await _calling;
        Assert.That(Longest, Is.LessThan(TimeSpan.FromSeconds(5)));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _calling.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task CallAsync(FuzzStock stock)
    {
        var routing = new RoutingService.RoutingServiceClient(stock.Channel);
        var leases = new LeaseService.LeaseServiceClient(stock.Channel);
        var lease = stock.Leases[0];
        while (!_stop.IsCancellationRequested || Answered < _least)
        {
            var startedAt = Stopwatch.GetTimestamp();
            var deadline = TimeProvider.System.GetUtcNow().UtcDateTime + s_patience;
            var look = new ResolveRequest { GatewayId = FuzzStock.Gateway, CallId = "c", CalledNumber = lease.VirtualNumber, CallerNumber = "+99955500111", CallKind = CallKind.Voice };
            Assert.That((await routing.ResolveAsync(look, deadline: deadline)).Action, Is.EqualTo(RoutingAction.Connect));
            await leases.GetLeaseAsync(new GetLeaseRequest { TenantId = FuzzStock.Tenant, LeaseId = lease.LeaseId }, deadline: deadline);
            var elapsed = Stopwatch.GetElapsedTime(startedAt);
            Longest = elapsed > Longest ? elapsed : Longest;
            Answered += 2;
        }
    }
}
