namespace VirtualNumber.Sealing;

/// <summary>A key ring cannot be used. The message says what is wrong and where, and never holds key material.</summary>
public sealed class KeyRingException : Exception
{
    /// <param name="message">What is wrong, without key material.</param>
    public KeyRingException(string message)
        : base(message)
    {
    }
}
