using System.Globalization;
using System.Net;
using StackExchange.Redis;

namespace VirtualNumber.Redis;

/// <summary>
/// A connection to one master, for nothing but writes that wait for its replicas. One group is on its way at a time; all who come
/// meanwhile are the next one, so that one WAIT serves as many as there are. How many there can be RedisCalls bounds.
/// </summary>
/// <remarks>
/// A group is one pipeline: a name that nobody else has, the writes, a mark, WAIT, the name again. If the name comes back, all of it went
/// over one connection, hence to one server, which was a master throughout, or it would have refused the mark and the WAIT. The mark is
/// there because WAIT looks back to the last thing that its connection wrote, and a repeat writes nothing where an earlier try was done:
/// the mark lies behind that.
/// </remarks>
internal sealed class MasterLine
{
    /// <summary>To this one server, whatever it answers: a redirected write would be confirmed by the wrong one.</summary>
    public const CommandFlags Here = CommandFlags.NoRedirect;

    /// <summary>
    /// With a script's text: it goes as it is. By a digest that it believes to be known the current major would send it once more after
    /// NOSCRIPT, by itself and behind the WAIT.
    /// </summary>
    public const CommandFlags Whole = Here | CommandFlags.NoScriptCache;

    private const int MostMarks = 500_000;

    private const string Late =
        "The replicas have not confirmed the change in time; it may have happened, retry with the same request id.";

    private const string Lost = "The connection to the master was lost before the replicas had confirmed the change; it may have happened.";

    private readonly IConnectionMultiplexer _places;
    private readonly RedisOptions _options;
    private readonly TimeProvider _time;
    private readonly Task<ConnectionMultiplexer> _connecting;
    private readonly string _name = $"virtual-number-{Guid.NewGuid():N}";
    private readonly TaskCompletionSource _broken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly HashSet<int> _unfit = [];
    private readonly Lock _gate = new();
    private List<MasterWrite> _waiting = [];
    private bool _runs;
    private bool _retired;
    private bool _closed;
    private long _usedAt;
    private long _groups;
    private (int Slot, RedisKey Key)? _mark;

    /// <summary>Connects in the background.</summary>
    public MasterLine(IConnectionMultiplexer places, EndPoint master, RedisOptions options, TimeProvider time)
    {
        (_places, Master, _options, _time) = (places, master, options, time);
        _usedAt = time.GetTimestamp();
        _connecting = RedisConnection.ConnectToAsync(places.Configuration, master);
    }

    /// <summary>Where it leads.</summary>
    public EndPoint Master { get; }

    /// <summary>Whether nobody has used it for so long, and nobody does.</summary>
    public bool IsIdle(TimeSpan time)
    {
        lock (_gate)
            return !_runs && _time.GetElapsedTime(_usedAt) > time;
    }

    /// <summary>Puts a write into the next group; false once the line is retired.</summary>
    public bool TryAdd(MasterWrite write)
    {
        lock (_gate)
        {
            if (_retired)
                return false;
            _waiting.Add(write);
            _usedAt = _time.GetTimestamp();
            if (_runs)
                return true;
            _runs = true;
        }

        _ = RunAsync();
        return true;
    }

    /// <summary>It takes no more writes, and is closed once it has served those that it has.</summary>
    public void Retire()
    {
        lock (_gate)
        {
            _retired = true;
            if (_runs)
                return;
        }

        Close();
    }

    /// <summary>Closes it now; what is on its way may have happened.</summary>
    public void Break()
    {
        Retire();
        _broken.TrySetResult();
        Close();
    }

    /// <summary>Never fails: whatever goes wrong is told to the callers.</summary>
    private async Task RunAsync()
    {
        while (TakeGroup() is { } group)
        {
            var fault = default(Exception);
            try
            {
                fault = await RunAsync(group);
            }
            catch (Exception thrown)
            {
                fault = thrown is TimeoutException or UnconfirmedException ? thrown : new UnconfirmedException(Lost, thrown, isLost: true);
            }

            foreach (var write in group)
                write.Complete(fault);
            if (fault is TimeoutException)
                Break();
        }

        if (_retired)
            Close();
    }

    private List<MasterWrite>? TakeGroup()
    {
        lock (_gate)
        {
            if (_waiting.Count == 0)
            {
                _runs = false;
                return null;
            }

            var group = _waiting;
            _waiting = [];
            return group;
        }
    }

    /// <summary>Sends a group, and waits for all of its answers. Why it is not confirmed; null: it is.</summary>
    private async Task<Exception?> RunAsync(List<MasterWrite> group)
    {
        if (_broken.Task.IsCompleted)
            return new UnconfirmedException(Lost, isLost: true);

        var startedAt = _time.GetTimestamp();
        var outcome = "lost";
        try
        {
            await UntilAsync(_connecting);
            var fault = await SendAsync((await _connecting).GetDatabase(), group);
            outcome = fault switch
            {
                null => "confirmed",
                UnconfirmedException { IsLost: false } => "unconfirmed",
                _ => outcome,
            };
            return fault;
        }
        finally
        {
            Telemetry.RedisConfirmed(outcome, group.Count, _time, startedAt);
        }
    }

    private async Task<Exception?> SendAsync(IDatabase line, List<MasterWrite> group)
    {
        // Before anything is sent: what it throws must leave nothing behind that nobody waits for.
        var (slot, mark) = MarkFor(group);
        var name = string.Create(CultureInfo.InvariantCulture, $"{_name}-{++_groups}");
        var named = Send(line, "CLIENT", "SETNAME", name);
        group.ForEach(write => write.Send(line));
        var marked = Send(line, "SET", mark, RedisValue.EmptyString);
        var waited = Send(line, "WAIT", _options.Replicas, PatienceWith(group));
        var kept = Send(line, "CLIENT", "GETNAME");
        // The client waits for ever; a group that a frozen master does not answer must not keep the next one, which finds another master.
        await UntilAsync(Task.WhenAll([Seen(named), Seen(marked), Seen(waited), Seen(kept), .. group.Select(write => Seen(write.Answer))]));

        if (FaultOf(named) is { } unnamed)
            return unnamed;
        if (FaultOf(kept) is { } unkept)
            return unkept;
        if ((string?)kept.Result != name)
            return new UnconfirmedException(Lost, isLost: true);
        if (FaultOf(marked) is { } unmarked)
        {
            _unfit.Add(slot);
            _mark = null;
            return unmarked;
        }

        if (FaultOf(waited) is { } fault)
            return fault;
        return (long)waited.Result >= _options.Replicas ? null : new UnconfirmedException(Late);
    }

    /// <exception cref="TimeoutException">It takes longer than a call may.</exception>
    /// <exception cref="UnconfirmedException">The line was broken off.</exception>
    private async Task UntilAsync(Task work)
    {
        await Task.WhenAny(work, _broken.Task).WaitAsync(_options.CallTimeout, _time);
        if (!work.IsCompleted)
            throw new UnconfirmedException(Lost, isLost: true);
    }

    /// <summary>
    /// A key for the mark that this master holds: in the slot of a write that is on its way to it, and the same from then on. Another one
    /// once that slot has moved.
    /// </summary>
    private (int Slot, RedisKey Mark) MarkFor(List<MasterWrite> group)
    {
        if (_mark is { } known)
            return known;
        if (group.All(write => _unfit.Contains(write.Slot)))
            _unfit.Clear();
        var slot = group.First(write => !_unfit.Contains(write.Slot)).Slot;
        var number = 0;
        while (_places.HashSlot(Keys.Mark(number)) != slot)
        {
            // Found within a few times as many as there are slots, unless the client has changed its mind whether this is a cluster.
            if (++number > MostMarks)
                throw new UnconfirmedException(Lost, isLost: true);
        }

        _mark = (slot, Keys.Mark(number));
        return _mark.Value;
    }

    /// <summary>
    /// In milliseconds. Who has waited for the group before gets the less, and half of the time at least: all are answered well within the
    /// time of a call, so that late replicas are never taken for a silent master.
    /// </summary>
    private long PatienceWith(List<MasterWrite> group)
    {
        var left = _options.ReplicaTimeout - _time.GetElapsedTime(group[0].Since);
        var least = _options.ReplicaTimeout / 2;
        return (long)Math.Ceiling((left > least ? left : least).TotalMilliseconds);
    }

    private static Task<RedisResult> Send(IDatabase line, string command, params object[] arguments)
    {
        try
        {
            return line.ExecuteAsync(command, arguments, Here);
        }
        catch (Exception fault)
        {
            return Task.FromException<RedisResult>(fault);
        }
    }

    /// <summary>Ends when a task does, well or not, and has looked at its fault, so that nobody misses it.</summary>
    private static Task<AggregateException?> Seen(Task task) => task.ContinueWith(
        static ended => ended.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    /// <summary>What a fault of the commands around the writes means for them.</summary>
    private static UnconfirmedException? FaultOf(Task<RedisResult> task) => task.Exception?.InnerException switch
    {
        null => null,
        // A slot that moves, a master that is a replica by now, or one that was made a replica while it waited.
        RedisServerException answer when RedisFault.CauseOfRepeat(answer, repeated: true) is not null || IsDemoted(answer.Message) =>
            new(Lost, answer, isLost: true),
        RedisServerException answer => new($"The change could not be confirmed, it may have happened: {answer.Message}", answer),
        var fault => new(Lost, fault, isLost: true),
    };

    private static bool IsDemoted(string answer) =>
        answer.StartsWith("UNBLOCKED", StringComparison.Ordinal) || answer.Contains("replica instances", StringComparison.Ordinal);

    private void Close()
    {
        if (!Interlocked.Exchange(ref _closed, true))
            _ = CloseAsync();
    }

    private async Task CloseAsync()
    {
        try
        {
            var connection = await _connecting;
            await connection.CloseAsync(allowCommandsToComplete: false);
            connection.Dispose();
        }
        catch (Exception)
        {
            // It was none, or is none any more; nobody waits for it.
        }
    }
}
