namespace VirtualNumber.Sealing;

/// <summary>Why a text is no lease id of ours. Where several causes apply, the first in this order is told.</summary>
public enum LeaseIdFault
{
    /// <summary>It is one.</summary>
    None = 0,

    /// <summary>Not 29 characters.</summary>
    WrongLength,

    /// <summary>A character outside Crockford's base 32 alphabet.</summary>
    InvalidCharacter,

    /// <summary>The check character does not fit: a slip of the pen.</summary>
    CheckCharacter,

    /// <summary>The key named in front is not in the ring.</summary>
    UnknownKey,

    /// <summary>Made up, or made by another service: it does not decrypt to a locator.</summary>
    NotOurs,
}
