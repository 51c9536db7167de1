namespace VirtualNumber.Protocol;

/// <summary>What kind of trouble a store is in: as much as callers may know. Operators are told more.</summary>
internal enum StoreTrouble
{
    /// <summary>Not known, or none of those below.</summary>
    Other,

    /// <summary>It cannot be reached.</summary>
    Away,

    /// <summary>It does not answer in time.</summary>
    Silent,

    /// <summary>It is reading in its data, or a part of it is served by nobody for now.</summary>
    Starting,

    /// <summary>This part of it is being moved to another server, and takes no changes until it is there. What is only read goes on.</summary>
    Moving,

    /// <summary>It takes no changes, its memory or its disk being full, say. What is only read goes on.</summary>
    ChangesRefused,

    /// <summary>Its copies have not confirmed a change in time.</summary>
    Unconfirmed,

    /// <summary>What answers is a copy that must not be asked.</summary>
    Replica,

    /// <summary>It lets this instance not in, or cannot prove that it is what it says it is.</summary>
    Refused,

    /// <summary>It has lost data.</summary>
    DataLost,

    /// <summary>This instance must not use it for now, its clock being off, say.</summary>
    Barred,
}
