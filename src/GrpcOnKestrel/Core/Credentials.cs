namespace Grpc.Core;

/// <summary>What secures a channel. Here TLS is chosen by the address (https) and set up on the HTTP handler.</summary>
public abstract class ChannelCredentials
{
    internal ChannelCredentials()
    {
    }

    /// <summary>No TLS: only for addresses with http.</summary>
    public static ChannelCredentials Insecure { get; } = new InsecureCredentials();

    /// <summary>TLS as the HTTP handler sets it up: only for addresses with https.</summary>
    public static ChannelCredentials SecureSsl { get; } = new SecureCredentials();

    private sealed class InsecureCredentials : ChannelCredentials;

    private sealed class SecureCredentials : ChannelCredentials;
}

/// <summary>Credentials of one call. None can be made here: send them as metadata.</summary>
public abstract class CallCredentials
{
    internal CallCredentials()
    {
    }
}
