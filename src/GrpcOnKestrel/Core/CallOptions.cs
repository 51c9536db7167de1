namespace Grpc.Core;

/// <summary>What a client may say about one call.</summary>
#pragma warning disable CA1815 // The official type has no equality either.
#pragma warning disable CA1068 // The official order.
public struct CallOptions
{
    /// <summary>Options for one call.</summary>
    /// <param name="headers">Metadata to send; null for none.</param>
    /// <param name="deadline">The instant, in UTC, by which the call must be done; null for none.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <param name="writeOptions">How messages are written; null for the default.</param>
    /// <param name="propagationToken">Always null here: no such token can be made.</param>
    /// <param name="credentials">Always null here: no such credentials can be made.</param>
    public CallOptions(
        Metadata? headers = null,
        DateTime? deadline = null,
        CancellationToken cancellationToken = default,
        WriteOptions? writeOptions = null,
        ContextPropagationToken? propagationToken = null,
        CallCredentials? credentials = null)
    {
        Headers = headers;
        Deadline = deadline;
        CancellationToken = cancellationToken;
        WriteOptions = writeOptions;
        PropagationToken = propagationToken;
        Credentials = credentials;
    }

    /// <summary>Metadata to send.</summary>
    public Metadata? Headers { get; private set; }

    /// <summary>The instant by which the call must be done.</summary>
    public DateTime? Deadline { get; private set; }

    /// <summary>Cancels the call.</summary>
    public CancellationToken CancellationToken { get; private set; }

    /// <summary>How messages are written.</summary>
    public WriteOptions? WriteOptions { get; private set; }

    /// <summary>Always null here.</summary>
    public ContextPropagationToken? PropagationToken { get; private set; }

    /// <summary>Always null here.</summary>
    public CallCredentials? Credentials { get; private set; }

    /// <summary>The same options with other headers.</summary>
    public CallOptions WithHeaders(Metadata headers)
    {
        var copy = this;
        copy.Headers = headers;
        return copy;
    }

    /// <summary>The same options with another deadline.</summary>
    public CallOptions WithDeadline(DateTime deadline)
    {
        var copy = this;
        copy.Deadline = deadline;
        return copy;
    }

    /// <summary>The same options with another token.</summary>
    public CallOptions WithCancellationToken(CancellationToken cancellationToken)
    {
        var copy = this;
        copy.CancellationToken = cancellationToken;
        return copy;
    }

    /// <summary>The same options with other write options.</summary>
    public CallOptions WithWriteOptions(WriteOptions writeOptions)
    {
        var copy = this;
        copy.WriteOptions = writeOptions;
        return copy;
    }
}
