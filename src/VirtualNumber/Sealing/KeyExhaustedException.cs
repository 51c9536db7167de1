namespace VirtualNumber.Sealing;

/// <summary>
/// The current key has sealed as much as it safely may. Sealing goes on after a turnover of the key; opening is not affected.
/// </summary>
public sealed class KeyExhaustedException : Exception
{
    /// <param name="keyId">The key.</param>
    /// <param name="limit">How much it may seal.</param>
    public KeyExhaustedException(byte keyId, long limit)
        : base($"Key {keyId} has sealed {limit} values in this process and may seal no more: make a new key current.") => KeyId = keyId;

    /// <summary>The exhausted key.</summary>
    public byte KeyId { get; }
}
