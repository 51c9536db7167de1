using System.Collections.Concurrent;
using Grpc.Core;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Api;

[TestFixture]
public sealed class ConcurrencyTests : ApiTests
{
    private const int Clients = 64;
    private const int Numbers = 1_000;
    private const string Pool = "thousand";

    [Test]
    public async Task Sixty_four_clients_empty_a_pool_of_a_thousand_numbers_twice()
    {
        await StockAsync(Pool, [.. Enumerable.Range(0, 10).Select(i => $"16210020{i}")]);

        var first = await EmptyAsync("A", ErrorReason.PoolEmpty, leased: Numbers, aging: 0, freeAfter: TimeSpan.FromDays(37));
        await Parallel.ForEachAsync(
            first, new ParallelOptions { MaxDegreeOfParallelism = Clients }, async (lease, end) => await Leases.ReleaseLeaseAsync(Requests.ReleaseLease(lease.LeaseId), cancellationToken: end));
        Assert.That(await CountAsync(Pool), Is.EqualTo(Counts(aging: Numbers)));

        Service.Time.Advance(TimeSpan.FromDays(7) - Millisecond);
        await EmptyHandedAsync("B", ErrorReason.NumbersAging, leased: 0, aging: Numbers, freeAfter: Millisecond);
        Service.Time.Advance(Millisecond);
        var second = await EmptyAsync("C", ErrorReason.PoolEmpty, leased: Numbers, aging: 0, freeAfter: TimeSpan.FromDays(37));

        Assert.That(second.Select(lease => lease.LeaseId).Intersect(first.Select(lease => lease.LeaseId)), Is.Empty);
    }

    [Test]
    public async Task Clients_that_lease_for_the_same_role_at_once_get_one_lease()
    {
        var leases = await Task.WhenAll(Enumerable.Range(0, Clients).Select(async i =>
            (await Leases.CreateLeaseAsync(Requests.CreateLease(requestId: i % 2 == 0 ? "same" : ""))).Lease));
        Assert.That(leases.Distinct().Count(), Is.EqualTo(1));
        Assert.That(await CountAsync(), Is.EqualTo(Counts(available: 99, leased: 1)));
    }

    [Test]
    public async Task An_extension_that_is_sent_many_times_at_once_extends_once()
    {
        var lease = await LeaseAsync();
        var extended = await Task.WhenAll(
            Enumerable.Range(0, Clients).Select(async _ => (await Leases.ExtendLeaseAsync(Requests.ExtendLease(lease.LeaseId))).Lease));
        Assert.That(extended.Select(answer => answer.ExtensionCount), Is.All.EqualTo(1));
        Assert.That(extended.Distinct().Count(), Is.EqualTo(1));
    }

    /// <summary>Each client leases until it is refused; all of them together get every number once.</summary>
    private async Task<IReadOnlyCollection<Lease>> EmptyAsync(
        string run, ErrorReason reason, int leased, int aging, TimeSpan freeAfter)
    {
        var leases = new ConcurrentBag<Lease>();
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => Task.Run(async () =>
        {
            using var channel = Service.OpenChannel();
            var own = new LeaseService.LeaseServiceClient(channel);
            for (var i = 0; ; i++)
            {
                try
                {
                    leases.Add((await own.CreateLeaseAsync(Request($"{run}{client}-{i}"))).Lease);
                }
                catch (RpcException refusal) when (refusal.StatusCode == StatusCode.ResourceExhausted)
                {
                    return;
                }
            }
        })));

        Assert.That(leases.Select(lease => lease.VirtualNumber).Distinct().Count(), Is.EqualTo(Numbers));
        Assert.That(leases, Has.Count.EqualTo(Numbers));
        await EmptyHandedAsync(run, reason, leased, aging, freeAfter);
        return leases;
    }

    private async Task EmptyHandedAsync(string run, ErrorReason reason, int leased, int aging, TimeSpan freeAfter)
    {
        var refusal = await RefusedCall.OfAsync(Leases.CreateLeaseAsync, Request($"{run}-late"));
        refusal.Expect(StatusCode.ResourceExhausted, reason);
        Assert.That(refusal.Metadata, Is.EqualTo(new Dictionary<string, string>
        {
            ["leased_count"] = $"{leased}",
            ["aging_count"] = $"{aging}",
            ["suspended_count"] = "0",
            ["retired_count"] = "0",
            ["faulty_count"] = "0",
            ["next_available_time"] = (Now + freeAfter).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'"),
        }));
        Assert.That(refusal.RetryDelay, Is.EqualTo(freeAfter));
    }

    private static CreateLeaseRequest Request(string waybill)
    {
        var request = Requests.CreateLease(waybill, requestId: waybill);
        request.PoolId = Pool;
        return request;
    }
}
