using Google.Api;
using Google.Protobuf.Reflection;

namespace VirtualNumber.Http;

/// <summary>One way to call a method by HTTP, as its <c>google.api.http</c> says: a verb, a path, and where the fields of the request are.</summary>
internal sealed class HttpBinding
{
    private const string Everything = "*";

    private HttpBinding(MethodDescriptor method, HttpRule rule)
    {
        Method = method;
        (Verb, var path) = rule.PatternCase switch
        {
            HttpRule.PatternOneofCase.Get => (HttpMethods.Get, rule.Get),
            HttpRule.PatternOneofCase.Put => (HttpMethods.Put, rule.Put),
            HttpRule.PatternOneofCase.Post => (HttpMethods.Post, rule.Post),
            HttpRule.PatternOneofCase.Delete => (HttpMethods.Delete, rule.Delete),
            HttpRule.PatternOneofCase.Patch => (HttpMethods.Patch, rule.Patch),
            HttpRule.PatternOneofCase.Custom => (rule.Custom.Kind, rule.Custom.Path),
            _ => throw Wrong("has no path"),
        };
        Path = PathTemplate.Parse(path);
        BodyIsRequest = rule.Body == Everything;
        if (!BodyIsRequest && rule.Body.Length > 0)
        {
            BodyField = method.InputType.FindFieldByName(rule.Body);
            if (BodyField is not { FieldType: FieldType.Message, IsRepeated: false })
                throw Wrong($"has the body {rule.Body}, which is not one message");
        }

        foreach (var field in Path.Fields)
        {
            if (FieldPath.Find(method.InputType, field) is not { Field.IsRepeated: false })
                throw Wrong($"has {field} in its path, which cannot be given as text");
        }

        if (rule.ResponseBody.Length > 0)
            throw Wrong("has a response_body, which this service does not serve");
        if (method.IsClientStreaming)
            throw Wrong("is a stream of requests, which this service does not serve by HTTP");
    }

    /// <summary>What is called.</summary>
    public MethodDescriptor Method { get; }

    /// <summary>The method's path on the wire of gRPC: slash, service, slash, method.</summary>
    public string MethodPath => $"/{Method.Service.FullName}/{Method.Name}";

    /// <summary>Whether it answers with a stream: with lines.</summary>
    public bool IsStream => Method.IsServerStreaming;

    /// <summary>The verb of HTTP.</summary>
    public string Verb { get; }

    /// <summary>Where.</summary>
    public PathTemplate Path { get; }

    /// <summary>Whether all fields that are not in the path are in the body. Then there is no query.</summary>
    public bool BodyIsRequest { get; }

    /// <summary>The field that is the body; null: none is, or all are.</summary>
    public FieldDescriptor? BodyField { get; }

    /// <summary>Whether a request has a body.</summary>
    public bool HasBody => BodyIsRequest || BodyField is not null;

    /// <summary>All ways to call the methods of a service, as its proto file says.</summary>
    /// <exception cref="InvalidOperationException">An annotation makes no sense.</exception>
    public static IEnumerable<HttpBinding> Of(Google.Protobuf.Reflection.ServiceDescriptor service) =>
        service.Methods.SelectMany(method => method.GetOptions()?.GetExtension(AnnotationsExtensions.Http) is { } rule ? Of(method, rule) : []);

    /// <summary>All ways to call a method that a rule gives.</summary>
    /// <exception cref="InvalidOperationException">The rule makes no sense.</exception>
    public static IEnumerable<HttpBinding> Of(MethodDescriptor method, HttpRule rule) =>
        rule.AdditionalBindings.Prepend(rule).Select(each => new HttpBinding(method, each));

    private InvalidOperationException Wrong(string what) => new($"The google.api.http of {Method.FullName} {what}.");
}
