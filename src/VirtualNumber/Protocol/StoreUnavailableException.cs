namespace VirtualNumber.Protocol;

/// <summary>
/// The store cannot be reached or is in trouble. What was asked for may have happened. The one place that turns it into
/// UNAVAILABLE is the fault interceptor.
/// </summary>
internal sealed class StoreUnavailableException : Exception
{
    public StoreUnavailableException(string message)
        : base(message)
    {
    }

    public StoreUnavailableException(string message, Exception inner)
        : base(message, inner)
    {
    }

    /// <summary>What kind of trouble it is.</summary>
    public StoreTrouble Trouble { get; init; }

    /// <summary>Whether what is only read goes on.</summary>
    public bool OnlyChangesFail => Trouble is StoreTrouble.ChangesRefused or StoreTrouble.Moving;

    /// <summary>For the operator, in readiness: what is wrong and what to do, without a secret or an address. Null: nothing beyond the kind.</summary>
    public string? Finding { get; init; }
}
