using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Rpc;
using Grpc.Core;
using VirtualNumber.V1;
using RpcStatus = Google.Rpc.Status;

namespace VirtualNumber.Tests.Api;

/// <summary>
/// An error of the service, taken apart. Whoever reads one this way has also checked what holds for every error: its status and its
/// details agree, its reason is a documented one of our domain, and nothing in it repeats a number or a waybill of the request.
/// </summary>
internal sealed class RefusedCall
{
    private const string ReasonPrefix = "ERROR_REASON_";

    private readonly RpcStatus _status;
    private readonly ErrorInfo _info;

    private RefusedCall(RpcStatus status, IMessage request)
    {
        _status = status;
        _info = Detail<ErrorInfo>() ?? throw new AssertionException($"No ErrorInfo: {status}");
        Assert.That(_info.Domain, Is.EqualTo("virtualnumber"));
        Assert.That(ErrorsReflection.Descriptor.EnumTypes[0].FindValueByName(ReasonPrefix + Reason), Is.Not.Null, Reason);
        Assert.That(Message, Is.Not.Empty);
        // Latin 1 keeps every byte, so what stands in the details as text is seen as text.
        var text = System.Text.Encoding.Latin1.GetString(status.ToByteArray());
        foreach (var secret in SecretsOf(request))
            Assert.That(text, Does.Not.Contain(secret), "An error repeats a telephone number or a waybill number.");
    }

    public StatusCode Code => (StatusCode)_status.Code;

    public string Message => _status.Message;

    /// <summary>The reason without its prefix; field 1 of ErrorInfo, which this version of the common protos still calls type.</summary>
    public string Reason => _info.Type;

    public IReadOnlyDictionary<string, string> Metadata => new Dictionary<string, string>(_info.Metadata);

    /// <summary>The faulty fields in their order; empty when there is no BadRequest.</summary>
    public IReadOnlyList<string> Fields => Detail<BadRequest>()?.FieldViolations.Select(violation => violation.Field).ToList() ?? [];

    /// <summary>What is wrong with the fields, in the same order.</summary>
    public IReadOnlyList<string> Descriptions =>
        Detail<BadRequest>()?.FieldViolations.Select(violation => violation.Description).ToList() ?? [];

    /// <summary>When to try again; null when it does not say.</summary>
    public TimeSpan? RetryDelay => Detail<RetryInfo>()?.RetryDelay.ToTimeSpan();

    /// <summary>Calls, and expects the call to fail.</summary>
    public static async Task<RefusedCall> OfAsync<TRequest, TResponse>(
        Func<TRequest, CallOptions, AsyncUnaryCall<TResponse>> call, TRequest request)
        where TRequest : IMessage<TRequest>
    {
        using var running = call(request, default);
        var failure = (await Assert.ThrowsAsync<RpcException>(async () => await running.ResponseAsync))!;
        var details = failure.Trailers.GetValueBytes("grpc-status-details-bin");
        Assert.That(details, Is.Not.Null, $"No details: {failure.Status}");
        var refusal = new RefusedCall(RpcStatus.Parser.ParseFrom(details), request);
        Assert.That(failure.StatusCode, Is.EqualTo(refusal.Code));
        Assert.That(failure.Status.Detail, Is.EqualTo(refusal.Message));
        return refusal;
    }

    /// <summary>The error of one item of a batch.</summary>
    public static RefusedCall Of(ItemStatus error, IMessage item) => new(RpcStatus.Parser.ParseFrom(error.ToByteArray()), item);

    /// <summary>Asserts code and reason, and exactly these fields.</summary>
    public RefusedCall Expect(StatusCode code, ErrorReason reason, params string[] fields)
    {
        Assert.That((Code, Reason), Is.EqualTo((code, NameOf(reason))), Message);
        Assert.That(Fields, Is.EqualTo(fields));
        return this;
    }

    private static string NameOf(ErrorReason reason) =>
        ErrorsReflection.Descriptor.EnumTypes[0].FindValueByNumber((int)reason).Name[ReasonPrefix.Length..];

    private T? Detail<T>()
        where T : class, IMessage<T>, new() =>
        _status.Details.FirstOrDefault(detail => detail.Is(Descriptor<T>()))?.Unpack<T>();

    private static MessageDescriptor Descriptor<T>()
        where T : IMessage, new() => new T().Descriptor;

    /// <summary>Every telephone and waybill number of a request, and the digits of the numbers.</summary>
    private static IEnumerable<string> SecretsOf(IMessage request)
    {
        foreach (var (field, text) in TextsOf(request))
        {
            var isNumber = field is "real_number" or "peer_number" or "numbers" or "called_number" or "caller_number"
                or "allowed_callers" or "blocked_callers" or "added_callers" or "removed_callers";
            if ((isNumber || field == "waybill_number") && text.Length is >= 3 and <= 64)
                yield return text;
            var digits = string.Concat(text.Where(char.IsAsciiDigit));
            if (isNumber && digits.Length >= 6)
                yield return digits[^6..];
        }
    }

    private static IEnumerable<(string Field, string Text)> TextsOf(IMessage message) =>
        message.Descriptor.Fields.InDeclarationOrder().SelectMany(field => ValuesOf(field.Accessor.GetValue(message)).SelectMany(value => value switch
        {
            string text => [(field.Name, text)],
            IMessage inner => TextsOf(inner),
            _ => [],
        }));

    private static IEnumerable<object> ValuesOf(object? value) => value switch
    {
        null => [],
        string text => [text],
        System.Collections.IEnumerable list => list.Cast<object>(),
        _ => [value],
    };
}
