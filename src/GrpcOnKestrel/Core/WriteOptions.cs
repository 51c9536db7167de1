namespace Grpc.Core;

/// <summary>How a message is written.</summary>
#pragma warning disable CA1711 // The official name.
[Flags]
public enum WriteFlags
{
    /// <summary>The message may wait in a buffer for the next one.</summary>
    BufferHint = 0x1,

    /// <summary>The message goes out uncompressed, even where the call is compressed.</summary>
    NoCompress = 0x2,
}

/// <summary>Options for the writing of messages.</summary>
public class WriteOptions
{
    /// <summary>No flags.</summary>
    public static readonly WriteOptions Default = new();

    /// <summary>Options with these flags.</summary>
    public WriteOptions(WriteFlags flags = default) => Flags = flags;

    /// <summary>The flags.</summary>
    public WriteFlags Flags { get; }
}
