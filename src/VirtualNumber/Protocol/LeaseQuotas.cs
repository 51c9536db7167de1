using System.Collections.Concurrent;
using VirtualNumber.Leasing;
using VirtualNumber.Sealing;

namespace VirtualNumber.Protocol;

/// <summary>
/// Holds leases to the quotas of their tenant and pool. What begins in a minute is counted in the store, exactly. What lives at once is
/// counted from the blocks, about once a second and whenever the limit seems to be reached: nobody keeps a running total that could drift.
/// </summary>
/// <remarks>
/// Leases that are on their way here count as alive, so one instance never passes a limit; several may pass it together, by what the
/// others lease within that second.
/// </remarks>
internal sealed class LeaseQuotas(INumberPool pool, INumberStock stock, TenantQuotas tenants, BlindIndex index)
{
    private static readonly TimeSpan s_counted = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_minute = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<(string TenantId, string PoolId), LiveCount> _counts = new();

    /// <summary>Whether any quota applies to a pool's leases.</summary>
    public bool Apply(Pool pool) => pool.Quota != LeaseQuota.None || tenants.Of(pool.TenantId) != LeaseQuota.None;

    /// <summary>Asks for one more lease. The grant is disposed when the lease has been taken, or was not.</summary>
    public async ValueTask<(QuotaRefusal? Refusal, IDisposable? Grant)> AskAsync(Pool asked, DateTimeOffset now, CancellationToken cancellation)
    {
        var scopes = new (string Name, LeaseQuota Quota, string PoolId)[] { ("tenant", tenants.Of(asked.TenantId), ""), ("pool", asked.Quota, asked.PoolId) };
        var grant = new Grant();
        var granted = false;
        try
        {
            foreach (var (name, quota, poolId) in scopes)
            {
                if (quota.LiveLeases is not { } limit)
                    continue;
                var count = _counts.GetOrAdd(
                    (asked.TenantId, poolId), scope => new LiveCount(at => CountLiveAsync(scope.TenantId, scope.PoolId, at, CancellationToken.None)));
                if (!await count.TryAddAsync(limit, now, cancellation))
                    return (new(name, "live_leases", limit, null), null);
                grant.Add(count);
            }

            foreach (var (name, quota, poolId) in scopes)
            {
                if (quota.LeasesPerMinute is not { } limit)
                    continue;
                var step = new CountStep(index.Of("lease-quota", asked.TenantId, poolId), limit, s_minute, BarredFor: null);
                var answer = await pool.CountAsync(step, now, cancellation);
                if (!answer.Counted)
                    return (new(name, "leases_per_minute", limit, answer.BarredUntil), null);
            }

            granted = true;
            return (null, grant);
        }
        finally
        {
            if (!granted)
                grant.Dispose();
        }
    }

    /// <summary>The live leases of a pool; of all the tenant's pools where none is named.</summary>
    private async ValueTask<long> CountLiveAsync(string tenantId, string poolId, DateTimeOffset now, CancellationToken cancellation)
    {
        var pools = poolId.Length > 0 && await stock.FindPoolAsync(tenantId, poolId, cancellation) is { } only
            ? [only]
            : await stock.ListPoolsAsync(tenantId, null, int.MaxValue, cancellation);
        var live = 0L;
        foreach (var counted in pools)
        {
            var stats = await stock.GetStatsAsync(counted, skip: 0, limit: 0, now, cancellation);
            live += stats.Counts.Leased + stats.Counts.Draining;
        }

        return live;
    }

    private sealed class Grant : IDisposable
    {
        private readonly List<LiveCount> _counts = [];

        public void Add(LiveCount count) => _counts.Add(count);

        public void Dispose()
        {
            foreach (var count in _counts)
                count.Arrived();
            _counts.Clear();
        }
    }

    /// <summary>How many leases of a scope live, as far as this instance knows.</summary>
    private sealed class LiveCount
    {
        private readonly Lock _gate = new();
        private readonly Func<DateTimeOffset, ValueTask<long>> _count;
        private readonly SharedRead _recount;
        private DateTimeOffset _askedAt;
        private DateTimeOffset _countedAt = DateTimeOffset.MinValue;
        private long _live;
        private long _granted;
        private long _arrived;

        public LiveCount(Func<DateTimeOffset, ValueTask<long>> count) => (_count, _recount) = (count, new SharedRead(RecountAsync));

        /// <summary>
        /// Whoever finds the count too old, or the limit reached, gets one that starts after he asked; all who ask meanwhile share it, so
        /// that a storm of leases counts the blocks one time after the other and not once for each.
        /// </summary>
        public async ValueTask<bool> TryAddAsync(int limit, DateTimeOffset now, CancellationToken cancellation)
        {
            lock (_gate)
            {
                if ((now - _countedAt).Duration() < s_counted && TryAdd(limit))
                    return true;
                _askedAt = now;
            }

            await _recount.RunAsync(cancellation);
            lock (_gate)
                return TryAdd(limit);
        }

        private async Task RecountAsync()
        {
            long arrivedBefore;
            DateTimeOffset now;
            lock (_gate)
                (arrivedBefore, now) = (_arrived, _askedAt);
            var counted = await _count(now);
            lock (_gate)
            {
                // Those that were on their way, or set out meanwhile, may have been counted too: better one lease late than one too many.
                (_live, _countedAt) = (counted + _granted - arrivedBefore, now);
            }
        }

        public void Arrived()
        {
            lock (_gate)
                _arrived++;
        }

        private bool TryAdd(int limit)
        {
            if (_live >= limit)
                return false;
            _live++;
            _granted++;
            return true;
        }
    }
}
