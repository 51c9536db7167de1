using System.Diagnostics.Metrics;

namespace VirtualNumber.Tests.Redis;

/// <summary>Reads the numbers that calls to Redis leave: those of all stores of this process, so a test looks at its own steps.</summary>
internal sealed class RedisMeter : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly Lock _gate = new();
    private readonly List<Measurement> _measurements = [];
    private readonly List<(Func<Measurement, bool> Wanted, TaskCompletionSource Seen)> _awaited = [];

    public RedisMeter()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name.StartsWith("virtualnumber.redis.", StringComparison.Ordinal))
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Keep(instrument, value, tags));
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Keep(instrument, value, tags));
        _listener.Start();
    }

    /// <summary>How often a step came to an outcome.</summary>
    public int Outcomes(string step, string outcome) =>
        Count(measurement => measurement.Instrument == "duration" && measurement.Has("step", step) && measurement.Has("outcome", outcome));

    /// <summary>The causes for which a step was repeated.</summary>
    public IReadOnlyList<string> Repeats(string step)
    {
        lock (_gate)
        {
            return [.. _measurements.Where(measurement => measurement.Instrument == "repeats" && measurement.Has("step", step))
                .Select(measurement => measurement.Tags["cause"]!)];
        }
    }

    /// <summary>How often the circuit breaker has changed.</summary>
    public int Breakers => Count(measurement => measurement.Instrument == "breaker_changes");

    /// <summary>How many groups of writes that waited for replicas came to an outcome.</summary>
    public int Confirmations(string outcome) =>
        Count(measurement => measurement.Instrument == "confirmation.duration" && measurement.Has("outcome", outcome));

    /// <summary>Ends when the circuit breaker goes over to a state.</summary>
    public Task BreakerAsync(string state) => SeenAsync(measurement => measurement.Instrument == "breaker_changes" && measurement.Has("state", state));

    /// <summary>Ends when so many calls were answered since the start, too late or not.</summary>
    public Task AnsweredAsync(int count)
    {
        var answered = 0;
        return SeenAsync(measurement => measurement is { Instrument: "in_flight", Value: -1 } && ++answered == count);
    }

    /// <summary>Ends when a call is repeated for a cause.</summary>
    public Task RepeatAsync(string cause) => SeenAsync(measurement => measurement.Instrument == "repeats" && measurement.Has("cause", cause));

    public void Dispose() => _listener.Dispose();

    private Task SeenAsync(Func<Measurement, bool> wanted)
    {
        var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_measurements.Any(wanted))
                seen.SetResult();
            else
                _awaited.Add((wanted, seen));
        }

        return seen.Task;
    }

    private int Count(Func<Measurement, bool> wanted)
    {
        lock (_gate)
            return _measurements.Count(wanted);
    }

    private void Keep(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var measurement = new Measurement(
            instrument.Name["virtualnumber.redis.".Length..],
            value,
            tags.ToArray().ToDictionary(tag => tag.Key, tag => tag.Value?.ToString(), StringComparer.Ordinal));
        lock (_gate)
        {
            _measurements.Add(measurement);
            foreach (var (_, seen) in _awaited.Where(awaited => awaited.Wanted(measurement)))
                seen.TrySetResult();
        }
    }

    private sealed record Measurement(string Instrument, double Value, IReadOnlyDictionary<string, string?> Tags)
    {
        public bool Has(string tag, string value) => Tags.GetValueOrDefault(tag) == value;
    }
}
