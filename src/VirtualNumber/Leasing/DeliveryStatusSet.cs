namespace VirtualNumber.Leasing;

/// <summary>An immutable set of statuses in one integer, as scripts take it: bit n stands for the status of value n.</summary>
/// <param name="Bits">The set, 0 to 65535.</param>
public readonly record struct DeliveryStatusSet(int Bits)
{
    /// <summary>The set of the given statuses.</summary>
    public static DeliveryStatusSet Of(params ReadOnlySpan<DeliveryStatus> statuses)
    {
        var bits = 0;
        foreach (var status in statuses)
        {
            bits |= 1 << (int)status;
        }

        return new DeliveryStatusSet(bits);
    }

    /// <summary>Whether the status is in the set. A value that is no status is in none.</summary>
    public bool Contains(DeliveryStatus status) =>
        status is >= DeliveryStatus.Unspecified and <= DeliveryStatus.Cancelled && (Bits & (1 << (int)status)) != 0;

    /// <summary>The set with the members of the other one too.</summary>
    public DeliveryStatusSet Union(DeliveryStatusSet other) => new(Bits | other.Bits);
}
