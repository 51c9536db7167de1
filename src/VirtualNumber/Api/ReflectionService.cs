using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Reflection.V1;

namespace VirtualNumber.Api;

/// <summary>grpc.reflection.v1: tells tools such as grpcurl and buf which services and messages there are.</summary>
/// <param name="catalog">What it tells.</param>
/// <param name="lifetime">Ends the streams when the server stops, which would wait for them otherwise.</param>
public sealed class ReflectionService(ReflectionCatalog catalog, IHostApplicationLifetime lifetime) : ServerReflection.ServerReflectionBase
{
    /// <inheritdoc/>
    public override async Task ServerReflectionInfo(
        IAsyncStreamReader<ServerReflectionRequest> requestStream,
        IServerStreamWriter<ServerReflectionResponse> responseStream,
        ServerCallContext context)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        try
        {
            await foreach (var request in requestStream.ReadAllAsync(end.Token))
            {
                var response = Answer(request);
                response.ValidHost = request.Host;
                response.OriginalRequest = request;
                await responseStream.WriteAsync(response);
            }
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, "The server is stopping."));
        }
    }

    private ServerReflectionResponse Answer(ServerReflectionRequest request) => request.MessageRequestCase switch
    {
        ServerReflectionRequest.MessageRequestOneofCase.FileByFilename =>
            Files(catalog.FileByName(request.FileByFilename), request.FileByFilename),
        ServerReflectionRequest.MessageRequestOneofCase.FileContainingSymbol =>
            Files(catalog.FileOfSymbol(request.FileContainingSymbol), request.FileContainingSymbol),
        ServerReflectionRequest.MessageRequestOneofCase.FileContainingExtension =>
            Extension(request.FileContainingExtension),
        ServerReflectionRequest.MessageRequestOneofCase.AllExtensionNumbersOfType =>
            ExtensionNumbers(request.AllExtensionNumbersOfType),
        ServerReflectionRequest.MessageRequestOneofCase.ListServices => Services(),
        _ => Error(StatusCode.InvalidArgument, "The request asks for nothing."),
    };

    private ServerReflectionResponse Extension(ExtensionRequest request) => Files(
        catalog.FileOfExtension(request.ContainingType, request.ExtensionNumber),
        $"{request.ContainingType} extension {request.ExtensionNumber}");

    private ServerReflectionResponse ExtensionNumbers(string type)
    {
        if (!catalog.HasMessage(type))
            return Error(StatusCode.NotFound, $"{type} is not known here.");
        var answer = new ExtensionNumberResponse { BaseTypeName = type };
        answer.ExtensionNumber.AddRange(catalog.ExtensionNumbers(type));
        return new ServerReflectionResponse { AllExtensionNumbersResponse = answer };
    }

    private ServerReflectionResponse Services()
    {
        var answer = new ListServiceResponse();
        foreach (var service in catalog.Services)
            answer.Service.Add(new ServiceResponse { Name = service });
        return new ServerReflectionResponse { ListServicesResponse = answer };
    }

    private static ServerReflectionResponse Files(FileDescriptor? file, string wanted)
    {
        if (file is null)
            return Error(StatusCode.NotFound, $"{wanted} is not known here.");
        var answer = new FileDescriptorResponse();
        foreach (var each in ReflectionCatalog.WithDependencies(file))
            answer.FileDescriptorProto.Add(each.SerializedData);
        return new ServerReflectionResponse { FileDescriptorResponse = answer };
    }

    private static ServerReflectionResponse Error(StatusCode code, string message) =>
        new() { ErrorResponse = new ErrorResponse { ErrorCode = (int)code, ErrorMessage = message } };
}
