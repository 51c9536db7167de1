namespace Grpc.Core;

/// <summary>A status code with a text for people.</summary>
#pragma warning disable CA1815 // The official type has no equality of its own either.
public struct Status
{
    /// <summary>OK, without a text.</summary>
    public static readonly Status DefaultSuccess = new(StatusCode.OK, "");

    /// <summary>CANCELLED, without a text.</summary>
    public static readonly Status DefaultCancelled = new(StatusCode.Cancelled, "");

    private readonly string? _detail;

    /// <summary>Makes a status.</summary>
    /// <param name="statusCode">The code.</param>
    /// <param name="detail">The text for people; it goes over the wire.</param>
    public Status(StatusCode statusCode, string detail)
        : this(statusCode, detail, null)
    {
    }

    /// <summary>Makes a status that remembers its cause.</summary>
    /// <param name="statusCode">The code.</param>
    /// <param name="detail">The text for people; it goes over the wire.</param>
    /// <param name="debugException">The cause; it never goes over the wire.</param>
    public Status(StatusCode statusCode, string detail, Exception? debugException)
    {
        StatusCode = statusCode;
        _detail = detail;
        DebugException = debugException;
    }

    /// <summary>The code.</summary>
    public StatusCode StatusCode { get; }

    /// <summary>The text for people; never null.</summary>
    public string Detail => _detail ?? "";

    /// <summary>What caused the status in this process, if known.</summary>
    public Exception? DebugException { get; }

    /// <inheritdoc/>
    public override string ToString() => DebugException is null
        ? $"Status(StatusCode=\"{StatusCode}\", Detail=\"{Detail}\")"
        : $"Status(StatusCode=\"{StatusCode}\", Detail=\"{Detail}\", "
            + $"DebugException=\"{DebugException.GetType()}: {DebugException.Message}\")";
}
