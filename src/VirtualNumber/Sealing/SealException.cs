namespace VirtualNumber.Sealing;

/// <summary>A sealed number does not open.</summary>
public sealed class SealException : Exception
{
    /// <param name="fault">Why.</param>
    public SealException(SealFault fault)
        : base($"A sealed number does not open: {fault}.") => Fault = fault;

    /// <summary>Why it does not open.</summary>
    public SealFault Fault { get; }
}
