using static Grpc.Health.V1.HealthCheckResponse.Types;

namespace VirtualNumber.Api;

/// <summary>
/// The serving status of the whole server (under the empty name) and of each service. Safe for use by many threads.
/// </summary>
public sealed class ServingStatuses
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, ServingStatus> _statuses = [];
    private TaskCompletionSource _changed = NewSignal();

    /// <summary>Sets a status and wakes the watchers.</summary>
    /// <param name="service">A service's full name; empty for the whole server.</param>
    /// <param name="status">SERVING or NOT_SERVING; UNKNOWN where it is not known yet.</param>
    public void Set(string service, ServingStatus status)
    {
        ArgumentNullException.ThrowIfNull(service);
        TaskCompletionSource changed;
        lock (_lock)
        {
            if (_statuses.TryGetValue(service, out var previous) && previous == status)
                return;
            _statuses[service] = status;
            changed = _changed;
            _changed = NewSignal();
        }

        changed.SetResult();
    }

    /// <summary>The status of a service; null if it was never set.</summary>
    public ServingStatus? Get(string service)
    {
        lock (_lock)
            return _statuses.TryGetValue(service, out var status) ? status : null;
    }

    /// <summary>All statuses at one moment, by service name.</summary>
    public IReadOnlyDictionary<string, ServingStatus> Snapshot()
    {
        lock (_lock)
            return new Dictionary<string, ServingStatus>(_statuses);
    }

    /// <summary>The status of a service, and a task that ends with the next change of any status.</summary>
    public (ServingStatus? Status, Task Changed) Observe(string service)
    {
        lock (_lock)
            return (_statuses.TryGetValue(service, out var status) ? status : null, _changed.Task);
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
