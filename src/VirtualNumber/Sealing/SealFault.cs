namespace VirtualNumber.Sealing;

/// <summary>Why a sealed number does not open. Where several causes apply, the first in this order is told.</summary>
public enum SealFault
{
    /// <summary>It opened.</summary>
    None = 0,

    /// <summary>The key named in front is not in the ring: it was lost, or taken out too early.</summary>
    UnknownKey,

    /// <summary>The tag does not fit: a bit was changed, or the value belongs to another context.</summary>
    Tampered,

    /// <summary>Not something that was ever sealed here: the wrong length, or nonsense inside a valid seal.</summary>
    Malformed,
}
