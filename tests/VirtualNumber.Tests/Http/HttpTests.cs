using System.Net;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;
using VirtualNumber.Tests.Api;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Http;

/// <summary>The service, called by HTTP/1.1 with JSON.</summary>
public abstract class HttpTests : ApiTests
{
    private protected const string Json = "application/json";

    private static readonly JsonParser s_answers = new(JsonParser.Settings.Default.WithIgnoreUnknownFields(false));

    private protected HttpClient Http { get; private set; } = null!;

    [SetUp]
    public void Connect() => Http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = Service.HttpAddress };

    [TearDown]
    public void Disconnect() => Http.Dispose();

    private protected Task<HttpResponseMessage> PostAsync(string path, string body, string mediaType = Json) =>
        Http.PostAsync(Relative(path), new StringContent(body, Encoding.UTF8, mediaType));

    private protected Task<HttpResponseMessage> PostAsync(string path, IMessage request) => PostAsync(path, JsonFormatter.Default.Format(request));

    private protected Task<HttpResponseMessage> GetAsync(string pathAndQuery) => Http.GetAsync(Relative(pathAndQuery));

    private protected static Uri Relative(string pathAndQuery) => new(pathAndQuery, UriKind.Relative);

    /// <summary>A good answer.</summary>
    private protected static async Task<T> AnswerAsync<T>(HttpResponseMessage response)
        where T : IMessage<T>, new()
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.OK), text);
        Assert.That(response.Content.Headers.ContentType?.MediaType, Is.EqualTo(Json));
        return s_answers.Parse<T>(text);
    }

    /// <summary>An error: the status of HTTP, and what its google.rpc.Status says.</summary>
    private protected static async Task<HttpError> ErrorAsync(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.That(response.Content.Headers.ContentType?.MediaType, Is.EqualTo(Json), text);
        using var json = JsonDocument.Parse(text);
        var status = json.RootElement;
        Assert.That(status.GetProperty("message").GetString(), Is.Not.Empty);
        var details = status.TryGetProperty("details", out var found) ? found.EnumerateArray().ToList() : [];
        JsonElement? Detail(string name) => details.Where(detail => detail.GetProperty("@type").GetString() == $"type.googleapis.com/google.rpc.{name}")
            .Select(detail => (JsonElement?)detail.Clone()).SingleOrDefault();
        var info = Detail(nameof(ErrorInfo));
        if (info is not null)
            Assert.That(info.Value.GetProperty("domain").GetString(), Is.EqualTo("virtualnumber"));
        return new(
            (int)response.StatusCode,
            (StatusCode)status.GetProperty("code").GetInt32(),
            info?.GetProperty("reason").GetString() ?? "",
            Detail(nameof(BadRequest))?.GetProperty("fieldViolations").EnumerateArray().Select(violation => violation.GetProperty("field").GetString()!).ToList() ?? [],
            text,
            response);
    }

    private protected static string NameOf(ErrorReason reason) =>
        ErrorsReflection.Descriptor.EnumTypes[0].FindValueByNumber((int)reason).Name["ERROR_REASON_".Length..];

    /// <summary>An error as HTTP told it.</summary>
    private protected sealed record HttpError(
        int HttpStatus, StatusCode Code, string Reason, IReadOnlyList<string> Fields, string Text, HttpResponseMessage Response)
    {
        public HttpError Expect(int httpStatus, StatusCode code, ErrorReason reason, params string[] fields)
        {
            Assert.That((HttpStatus, Code, Reason), Is.EqualTo((httpStatus, code, NameOf(reason))), Text);
            Assert.That(Fields, Is.EqualTo(fields), Text);
            return this;
        }
    }
}
