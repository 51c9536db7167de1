namespace Grpc.Core;

/// <summary>The outcome of a call, as the gRPC specification numbers it (doc/statuscodes.md).</summary>
public enum StatusCode
{
    /// <summary>The call succeeded.</summary>
    OK = 0,

    /// <summary>The call was cancelled, typically by its caller.</summary>
    Cancelled = 1,

    /// <summary>An error of unknown kind, such as an exception that a handler did not expect.</summary>
    Unknown = 2,

    /// <summary>The request is wrong, whatever the state of the server.</summary>
    InvalidArgument = 3,

    /// <summary>The deadline passed before the call was done; it may still have taken effect.</summary>
    DeadlineExceeded = 4,

    /// <summary>Something that the request names does not exist.</summary>
    NotFound = 5,

    /// <summary>Something that the request would create exists already.</summary>
    AlreadyExists = 6,

    /// <summary>The caller is known, but may not do this.</summary>
    PermissionDenied = 7,

    /// <summary>A limit is reached: a quota, a size, a stock.</summary>
    ResourceExhausted = 8,

    /// <summary>The state of the system forbids the call until something else changes it.</summary>
    FailedPrecondition = 9,

    /// <summary>The call lost against a concurrent one; retry at a higher level.</summary>
    Aborted = 10,

    /// <summary>A value lies beyond the present range.</summary>
    OutOfRange = 11,

    /// <summary>The server does not have this method, or does not support this encoding.</summary>
    Unimplemented = 12,

    /// <summary>An invariant or the protocol was broken.</summary>
    Internal = 13,

    /// <summary>The service cannot be reached at the moment; retry with back-off.</summary>
    Unavailable = 14,

    /// <summary>Data is lost or corrupt beyond recovery.</summary>
    DataLoss = 15,

    /// <summary>The caller has not proven who it is.</summary>
    Unauthenticated = 16,
}
