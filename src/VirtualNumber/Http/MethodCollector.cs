using Google.Protobuf;
using Grpc.Core;
using Grpc.Core.Interceptors;

namespace VirtualNumber.Http;

/// <summary>A method of a service, without its message types.</summary>
internal delegate Task<IMessage> AnyMethod(IMessage request, ServerCallContext context);

/// <summary>A method that answers with a stream, without its message types.</summary>
internal delegate Task AnyStream(IMessage request, IServerStreamWriter<IMessage> answers, ServerCallContext context);

/// <summary>
/// Takes the handlers of services from their generated <c>BindService</c>, behind the same interceptor as in the gRPC server: so a call by HTTP
/// is the very same call. Methods to which callers stream are passed over.
/// </summary>
internal sealed class MethodCollector(Interceptor interceptor) : ServiceBinderBase
{
    private readonly Dictionary<string, AnyMethod> _methods = [];
    private readonly Dictionary<string, AnyStream> _streams = [];

    /// <summary>The handlers by their paths on the wire of gRPC.</summary>
    public IReadOnlyDictionary<string, AnyMethod> Methods => _methods;

    /// <summary>Those that answer with a stream.</summary>
    public IReadOnlyDictionary<string, AnyStream> Streams => _streams;

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        _methods.Add(method.FullName, async (request, context) =>
            (IMessage)(object)await interceptor.UnaryServerHandler((TRequest)request, context, handler));
    }

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ClientStreamingServerMethod<TRequest, TResponse>? handler)
    {
    }

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse>? handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        _streams.Add(method.FullName, (request, answers, context) =>
            interceptor.ServerStreamingServerHandler((TRequest)request, new Typed<TResponse>(answers), context, handler));
    }

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse>? handler)
    {
    }

    private sealed class Typed<T>(IServerStreamWriter<IMessage> answers) : IServerStreamWriter<T>
    {
        public WriteOptions? WriteOptions
        {
            get => answers.WriteOptions;
            set => answers.WriteOptions = value;
        }

        public Task WriteAsync(T message) => answers.WriteAsync((IMessage)(object)message!);

        public Task WriteAsync(T message, CancellationToken cancellationToken) => answers.WriteAsync((IMessage)(object)message!, cancellationToken);
    }
}
