using Polly.CircuitBreaker;
using Polly.Timeout;
using StackExchange.Redis;
using VirtualNumber.Protocol;

namespace VirtualNumber.Redis;

/// <summary>What a fault of a call to Redis means: whether it may be repeated, what it is called in metrics, what the caller gets.</summary>
internal static class RedisFault
{
    /// <summary>The server does not know the script: it was restarted, flushed, or another one has taken over.</summary>
    public const string NoScript = "NOSCRIPT";

    private const string Lost = "VNLOST";
    private const string Older = "VNOLDER";
    private const string Other = "VNOTHER";
    private const string Broken = "VNBROKEN";

    /// <summary>Some of a script's keys are on one master and some on another, their slot being moved.</summary>
    public const string TryAgain = "TRYAGAIN";

    /// <summary>So the client says MOVED where it was told not to follow.</summary>
    private const string Elsewhere = "Key has MOVED";

    /// <summary>
    /// With these Redis, or the client for it, says that it did nothing and may soon: another server has taken over, a slot of the
    /// cluster moves or is not served, the data is being read in.
    /// </summary>
    private static readonly string[] s_notNow =
        [NoScript, "READONLY", TryAgain, "CLUSTERDOWN", "LOADING", "MASTERDOWN", "MOVED", "ASK", Elsewhere, "Endpoint"];

    /// <summary>Among them those that say that a slot is, or will be, another master's; with the client's own words for it.</summary>
    private static readonly string[] s_moved = ["MOVED", "ASK", Elsewhere, "Endpoint"];

    /// <summary>Whether a fault says that a slot of the cluster is another master's.</summary>
    public static bool IsMoved(Exception? fault) =>
        fault is RedisServerException answer && Array.Exists(s_moved, code => answer.Message.StartsWith(code, StringComparison.Ordinal));

    /// <summary>
    /// Why a call may be repeated, or null when it may not. One that was on its way when its connection broke may have been done: all
    /// steps are harmless to repeat. One that found no connection at all fails at once, unless it is a repeat already: the caller may
    /// have somewhere else to go.
    /// </summary>
    public static string? CauseOfRepeat(Exception? fault, bool repeated) => fault switch
    {
        RedisServerException answer => Array.Find(s_notNow, code => answer.Message.StartsWith(code, StringComparison.Ordinal)),
        UnconfirmedException { IsLost: true } => "connection",
        RedisConnectionException connection when repeated || !IsNoConnection(connection) => "connection",
        _ => null,
    };

    /// <summary>The outcome of a call in metrics and spans: a word of this list, or the code that Redis answered.</summary>
    public static string NameOf(Exception? fault) => fault switch
    {
        null => "ok",
        OperationCanceledException => "cancelled",
        TimeoutException or TimeoutRejectedException => "timeout",
        BrokenCircuitException => "circuit-open",
        RedisConnectionException => "disconnected",
        RedisServerException answer => CodeOf(answer.Message),
        UnconfirmedException write => write.IsLost ? "disconnected" : "unconfirmed",
        StoreUnavailableException => "refused",
        _ => "other",
    };

    /// <summary>What the caller gets. A broken invariant is no trouble of the store, and the caller's own cancellation is none either.</summary>
    /// <param name="step">What was tried.</param>
    /// <param name="fault">What came of it.</param>
    /// <param name="diagnosed">What was found out about a Redis to which there is no connection, if anything was.</param>
    /// <param name="cancellation">The caller's: what is cancelled without it has failed.</param>
    public static Exception ToException(string step, Exception fault, StoreTrouble? diagnosed, CancellationToken cancellation) => fault switch
    {
        StoreUnavailableException => fault,
        OperationCanceledException when cancellation.IsCancellationRequested => fault,
        RedisServerException answer when CodeOf(answer.Message) == Broken => new InvalidOperationException($"{step}: {answer.Message}", answer),
        RedisServerException answer when CodeOf(answer.Message) == Lost => new StoreUnavailableException(
            $"{step}: a block that the registry knows has lost its data in Redis. It is not taken for an empty one, and answers nothing until an operator has looked.",
            answer)
        {
            Trouble = StoreTrouble.DataLost,
        },
        RedisServerException answer when CodeOf(answer.Message) == Older => new StoreUnavailableException(
            $"{step}: Redis has forgotten changes of a block that were seen in it. The block answers nothing until an operator has looked.", answer)
        {
            Trouble = StoreTrouble.DataLost,
        },
        UnconfirmedException or RedisException or TimeoutException or TimeoutRejectedException or BrokenCircuitException =>
            new StoreUnavailableException($"{step}: {fault.Message}", fault) { Trouble = TroubleOf(fault, diagnosed) },
        ObjectDisposedException => new StoreUnavailableException($"{step}: the service stops.", fault),
        // Out of the client itself, as its connection comes or goes: nothing but commands is run there.
        _ => new StoreUnavailableException($"{step}: the client for Redis has failed ({fault.GetType().Name}).", fault) { Trouble = StoreTrouble.Other },
    };

    /// <summary>Why Redis refuses changes, for the operator; null when the fault is not that.</summary>
    public static string? ReasonOfRefusedChange(Exception? fault) => fault is not RedisServerException answer ? null : CodeOf(answer.Message) switch
    {
        "OOM" => "its memory is full (OOM). Raise maxmemory, or add shards",
        "MISCONF" => "it cannot write to its disk (MISCONF). Make room on the disk of the AOF, and see its log",
        "NOREPLICAS" => "too few replicas are connected (NOREPLICAS, min-replicas-to-write). Bring them back",
        _ => null,
    };

    private static StoreTrouble TroubleOf(Exception fault, StoreTrouble? diagnosed) => fault switch
    {
        UnconfirmedException { IsLost: false } => StoreTrouble.Unconfirmed,
        UnconfirmedException or RedisConnectionException => diagnosed ?? StoreTrouble.Away,
        TimeoutException or TimeoutRejectedException or BrokenCircuitException => StoreTrouble.Silent,
        RedisServerException when ReasonOfRefusedChange(fault) is not null => StoreTrouble.ChangesRefused,
        RedisServerException answer => CodeOf(answer.Message) switch
        {
            "LOADING" or "CLUSTERDOWN" or "MASTERDOWN" or "MOVED" or "ASK" => StoreTrouble.Starting,
            TryAgain => StoreTrouble.Moving,
            "READONLY" => StoreTrouble.Replica,
            "NOAUTH" or "WRONGPASS" or "NOPERM" => StoreTrouble.Refused,
            _ => StoreTrouble.Other,
        },
        _ => StoreTrouble.Other,
    };

    /// <summary>What a fault tells of the block that was asked; null: nothing.</summary>
    public static BarReason? BarReasonOf(Exception? fault) => fault is not RedisServerException answer ? null : CodeOf(answer.Message) switch
    {
        Lost => BarReason.DataLost,
        Older => BarReason.DataOlder,
        Other => BarReason.OtherBlock,
        _ => null,
    };

    private static bool IsNoConnection(RedisConnectionException fault) =>
        fault.FailureType == ConnectionFailureType.UnableToResolvePhysicalConnection;

    /// <summary>Redis puts a word in capitals in front; whatever else may be in a message does not belong into a metric.</summary>
    private static string CodeOf(string message)
    {
        var word = message.AsSpan(0, Math.Max(message.IndexOf(' ', StringComparison.Ordinal), 0));
        return word.Length > 0 && !word.ContainsAnyExceptInRange('A', 'Z') ? word.ToString() : "error";
    }
}
