namespace VirtualNumber.Load.Replay;

/// <summary>A call of a replay failed that had no reason to.</summary>
internal sealed class ReplayCallException(string message, Exception inner) : Exception(message, inner);
