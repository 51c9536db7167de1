using System.Globalization;
using System.Runtime.ExceptionServices;
using StackExchange.Redis;
using VirtualNumber.Protocol;
using VirtualNumber.Sealing;

namespace VirtualNumber.Redis;

/// <summary>
/// Whether this instance is fit to work on the shared store: its clock agrees with Redis's, its key ring is the one that the data
/// was made with, and Redis keeps what this instance was told that it does. While it is not, it is barred from all calls.
/// </summary>
internal sealed class RedisCheck(
    RedisCalls calls, KeyRing ring, ProtocolBounds bounds, TimeProvider time, DurabilityCheck? durability = null, ClusterMajority? majority = null)
{
    private static readonly TimeSpan s_worthATelling = TimeSpan.FromSeconds(2);

    private readonly IReadOnlyList<(string Name, byte[] Fingerprint)> _ring = ring.Fingerprints();

    private readonly Question _clock = new();
    private readonly Question _data = new();
    private readonly Question _durability = new();
    private readonly Question _changes = new();
    private IReadOnlyList<string> _away = [];

    /// <summary>
    /// Asks Redis, bars the instance or lets it work, and answers what was found. Each thing is asked for itself: a part of Redis may be
    /// away, and what the others tell counts all the same. What could not be asked is as it was the last time.
    /// </summary>
    /// <exception cref="StoreUnavailableException">
    /// Not everything could be asked, and it is not a mere part of Redis that is away, or not everything is known from before.
    /// </exception>
    public async ValueTask<IReadOnlyList<StoreFinding>> RunAsync(CancellationToken cancellation)
    {
        // Beside each other: all may have to wait for who is away.
        var looking = majority?.FindAwayAsync() ?? Task.FromResult<IReadOnlyList<string>>([]);
        await Task.WhenAll(
            _clock.AskAsync(async () => ListOf(await CheckClockAsync(cancellation))),
            _data.AskAsync(async () => ListOf(await CheckRingAsync(cancellation))),
            _durability.AskAsync(async () => durability is null ? [] : await durability.RunAsync(cancellation)));
        Question[] questions = [_clock, _data, _durability];
        var findings = questions.SelectMany(question => question.Found ?? []).ToList();
        if (calls.Forgotten is { } forgotten)
            findings.Insert(0, new(StoreFindingKind.DataLost, forgotten));
        var fault = questions.Select(question => question.Fault).FirstOrDefault(fault => fault is not null);
        // Whoever must not work on this Redis writes nothing there, least of all when it is somebody else's.
        if (fault is null && !findings.Exists(finding => finding.Bars))
        {
            await _changes.AskAsync(async () => ListOf(await CheckChangesAsync(cancellation)));
            fault = _changes.Fault;
        }

        findings.AddRange(_changes.Found ?? []);
        // One slow answer is no shard that is away: where all could be asked it is told of from the second time on.
        var away = await looking;
        var told = fault is not null ? away : [.. away.Intersect(_away)];
        _away = away;
        var isPartAway = fault is not null && away.Count > 0 && IsAbsence(fault) && questions.All(question => question.Found is not null);
        // Lifted only by whoever goes on to serve: a Redis that is away may come back as unfit as it was.
        var barring = findings.Find(finding => finding.Bars)?.Text;
        if (barring is not null || fault is null || isPartAway)
            calls.Barred = barring;
        if (fault is not null && !isPartAway)
            ExceptionDispatchInfo.Throw(fault);
        if (told.Count > 0)
            findings.Add(new(StoreFindingKind.ShardAway, $"A part of the cluster is away: {string.Join(", ", told)}. What it holds is answered UNAVAILABLE, all else is served."));
        return findings;
    }

    /// <summary>Whether nobody has answered; what Redis refuses is no matter of who is away.</summary>
    private static bool IsAbsence(Exception fault) =>
        fault is OperationCanceledException or StoreUnavailableException { Trouble: StoreTrouble.Away or StoreTrouble.Silent or StoreTrouble.Starting };

    private static IReadOnlyList<StoreFinding> ListOf(StoreFinding? finding) => finding is null ? [] : [finding];

    /// <summary>
    /// Redis read its clock at some moment between asking and the answer: what lies within is no difference, so that a slow answer is not
    /// taken for a wrong clock. A command without a key goes to a master of a cluster.
    /// </summary>
    private async ValueTask<StoreFinding?> CheckClockAsync(CancellationToken cancellation)
    {
        var asked = time.GetUtcNow();
        var answer = (RedisResult[])(await calls.CheckAsync(database => database.ExecuteAsync("TIME", [], RedisCalls.Primary), cancellation, "TIME"))!;
        var answered = time.GetUtcNow();
        var redis = DateTimeOffset.FromUnixTimeSeconds(Number(answer[0])).AddMicroseconds(Number(answer[1]));
        var ahead = redis > answered ? redis - answered : redis < asked ? redis - asked : TimeSpan.Zero;
        Telemetry.ClockOffset(ahead);

        var off = ahead.Duration();
        var text = string.Create(
            CultureInfo.InvariantCulture,
            $"The clock of this instance is {off.TotalSeconds:0.0} s {(ahead > TimeSpan.Zero ? "behind" : "ahead of")} the clock of Redis");
        return off > bounds.ClockSkew
            ? new(StoreFindingKind.ClockOff, $"{text}, more than Bounds:ClockSkew ({bounds.ClockSkew}) allows; keep both by NTP.")
            : off > s_worthATelling ? new(StoreFindingKind.ClockDiffers, $"{text}; at {bounds.ClockSkew} it stops serving. Keep both by NTP.") : null;
    }

    /// <summary>The first instance on an empty store leaves the fingerprints of its keys there; all later ones compare theirs.</summary>
    private async ValueTask<StoreFinding?> CheckRingAsync(CancellationToken cancellation)
    {
        var entries = await calls.CheckAsync(database => database.HashGetAllAsync(Keys.KeyRing, RedisCalls.Primary), cancellation, "HGETALL");
        var stored = entries.ToDictionary(entry => (string)entry.Name!, entry => (byte[])entry.Value!);
        foreach (var (name, fingerprint) in _ring)
        {
            // The index key comes first: with another one nothing is written.
            if (!stored.TryGetValue(name, out var known))
                known = await LeaveAsync(name, fingerprint, cancellation);
            if (!known.AsSpan().SequenceEqual(fingerprint))
            {
                return new(
                    StoreFindingKind.KeyRingOther,
                    $"The data in this Redis was made with another key ring: {name} differs. Give this instance the ring of the others (Sealing:KeyRing), or another Redis.");
            }
        }

        var missing = string.Join(", ", stored.Keys.Except(_ring.Select(key => key.Name)).Order(StringComparer.Ordinal));
        return missing.Length == 0
            ? null
            : new(
                StoreFindingKind.KeyMissing,
                $"The key ring lacks {missing}, with which data in this Redis was made: leases of that key cannot be read. Put it back, or delete its field of the hash {Keys.KeyRing} when no such lease is left.");
    }

    /// <summary>Answers what stands there afterwards: another instance may have been faster.</summary>
    private async ValueTask<byte[]> LeaveAsync(string name, byte[] fingerprint, CancellationToken cancellation)
    {
        await calls.CheckAsync(database => database.HashSetAsync(Keys.KeyRing, name, fingerprint, When.NotExists, RedisCalls.Primary), cancellation, "HSETNX");
        return (byte[]?)await calls.CheckAsync(database => database.HashGetAsync(Keys.KeyRing, name, RedisCalls.Primary), cancellation, "HGET") ?? [];
    }

    /// <summary>
    /// A Redis whose memory or disk is full refuses every change and answers every look-up. Found out by a change of no consequence, so that
    /// an instance with nothing to do knows it too; on other shards of a cluster it is the calls that tell.
    /// </summary>
    private async ValueTask<StoreFinding?> CheckChangesAsync(CancellationToken cancellation)
    {
        var reason = default(string?);
        try
        {
            await calls.CheckAsync(
                database => database.StringSetAsync(Keys.Probe, RedisValue.EmptyString, (TimeSpan?)null, When.Always, RedisCalls.Primary), cancellation, "SET");
        }
        catch (StoreUnavailableException fault) when (fault.Trouble == StoreTrouble.ChangesRefused)
        {
            reason = RedisFault.ReasonOfRefusedChange(fault.InnerException);
        }

        reason ??= calls.RefusedChange;
        return reason is null ? null : new(StoreFindingKind.ChangesRefused, $"Redis takes no changes: {reason}. Look-ups go on; all else is answered UNAVAILABLE.");
    }

    private static long Number(RedisResult text) => long.Parse((string)text!, CultureInfo.InvariantCulture);

    /// <summary>One thing to ask, with what came of it the last time that it could be.</summary>
    private sealed class Question
    {
        /// <summary>Null until it was answered for the first time.</summary>
        public IReadOnlyList<StoreFinding>? Found { get; private set; }

        /// <summary>Why it could not be asked now; null: it was.</summary>
        public Exception? Fault { get; private set; }

        public async Task AskAsync(Func<Task<IReadOnlyList<StoreFinding>>> ask)
        {
            try
            {
                (Found, Fault) = (await ask(), null);
            }
            catch (Exception fault) when (fault is StoreUnavailableException or OperationCanceledException)
            {
                Fault = fault;
            }
        }
    }
}
