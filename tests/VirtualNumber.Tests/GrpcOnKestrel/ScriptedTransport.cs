using System.Net;
using System.Net.Http.Headers;
using Grpc.Net.Client;

namespace VirtualNumber.Tests.GrpcOnKestrel;

/// <summary>In the place of the network: answers the client's HTTP requests as the test says.</summary>
public sealed class ScriptedTransport(Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> answer) : HttpMessageHandler
{
    public static EchoService.EchoServiceClient Client(Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> answer) =>
        new(GrpcChannel.ForAddress("http://localhost", new GrpcChannelOptions { HttpHandler = new ScriptedTransport(answer) }));

    public static EchoService.EchoServiceClient Client(Func<HttpResponseMessage> answer) => Client((_, _) => Task.FromResult(answer()));

    /// <summary>A response of gRPC with this body and, unless null, this status in the trailers.</summary>
    public static HttpResponseMessage Response(byte[] body, string? status = "0")
    {
        var response = new HttpResponseMessage(HttpStatusCode.OK) { Version = HttpVersion.Version20, Content = new ByteArrayContent(body) };
        response.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        if (status is not null)
            response.TrailingHeaders.TryAddWithoutValidation("grpc-status", status);
        return response;
    }

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        answer(request, cancellationToken);
}
