using System.Buffers;
using Grpc.Core;

namespace Grpc.Wire;

/// <summary>One message in a buffer that stays valid only while it is deserialised.</summary>
internal sealed class FrameDeserializationContext : DeserializationContext
{
    // Deserialising is synchronous, so one spare per thread serves all calls; null while in use.
    [ThreadStatic]
    private static FrameDeserializationContext? t_spare;

    public ReadOnlySequence<byte> Payload { get; set; }

    public override int PayloadLength => checked((int)Payload.Length);

    public override byte[] PayloadAsNewBuffer() => Payload.ToArray();

    public override ReadOnlySequence<byte> PayloadAsReadOnlySequence() => Payload;

    /// <summary>Deserialises one message; whatever the marshaller throws becomes INTERNAL, as the bytes are at fault.</summary>
    public static T Deserialize<T>(ReadOnlySequence<byte> payload, Func<DeserializationContext, T> deserializer)
    {
        var context = t_spare ?? new FrameDeserializationContext();
        t_spare = null;
        context.Payload = payload;
        try
        {
            return deserializer(context);
        }
        catch (Exception exception) when (exception is not (RpcException or OutOfMemoryException))
        {
            throw new RpcException(new Status(StatusCode.Internal, "Failed to deserialize message.", exception));
        }
        finally
        {
            context.Payload = default;
            t_spare = context;
        }
    }
}
