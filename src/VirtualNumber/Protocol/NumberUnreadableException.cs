using VirtualNumber.Sealing;

namespace VirtualNumber.Protocol;

/// <summary>A lease's sealed number does not open: its key left the ring, or the record was damaged. Nothing is connected.</summary>
internal sealed class NumberUnreadableException(string leaseId, SealFault fault)
    : Exception($"The sealed number of lease {leaseId} does not open: {fault}.")
{
    /// <summary>The lease.</summary>
    public string LeaseId { get; } = leaseId;

    /// <summary>Why it does not open.</summary>
    public SealFault Fault { get; } = fault;
}
