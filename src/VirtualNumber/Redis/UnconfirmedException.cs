namespace VirtualNumber.Redis;

/// <summary>
/// A write that may have happened, and of which it is not known whether the replicas have it. Never leaves the Redis store:
/// <see cref="RedisFault"/> says what the caller gets.
/// </summary>
/// <param name="message">For the caller; names no key.</param>
/// <param name="cause">What the client said, if it did.</param>
/// <param name="isLost">The connection or its server went away in between, so that a repeat may find out; otherwise the time is over.</param>
internal sealed class UnconfirmedException(string message, Exception? cause = null, bool isLost = false) : Exception(message, cause)
{
    public bool IsLost => isLost;
}
