using System.Net;
using System.Text.RegularExpressions;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using VirtualNumber.Load.Calls;
using VirtualNumber.Tests.Api;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Http;

/// <summary>Each method of the two services answers the same by HTTP as by gRPC: what it did, and what is wrong.</summary>
[TestFixture]
public sealed partial class EveryRpcTests : HttpTests
{
    private const string Waybill = "SF1000200030";

    /// <summary>Streams of answers have tests of their own (WatchEventsTests).</summary>
    private static readonly MethodDescriptor[] s_methods =
    [
        .. LeaseService.Descriptor.Methods.Concat(RoutingService.Descriptor.Methods).Where(method => !method.IsClientStreaming && !method.IsServerStreaming),
    ];

    /// <summary>A request for each method, that may be repeated: the first call by gRPC does it, the next two are answered alike.</summary>
    private static readonly Dictionary<string, Func<Lease, DateTimeOffset, IMessage>> s_requests = new()
    {
        ["CreateLease"] = (_, now) =>
        {
            var request = Requests.CreateLease("SF2", Requests.OtherReal, requestId: "r");
            request.ExpireTime = now.AddDays(2).ToTimestamp();
            return request;
        },
        ["BatchCreateLeases"] = (_, _) => new BatchCreateLeasesRequest
        {
            TenantId = TestService.Alpha,
            Requests = { Requests.CreateLease("SF3"), Requests.CreateLease(Waybill, Requests.OtherReal), Requests.CreateLease("SF4", "no number") },
        },
        ["GetLease"] = (lease, _) => Requests.GetLease(lease.LeaseId),
        ["ListDeliveryLeases"] = (_, _) => Requests.ListDeliveryLeases(Waybill),
        ["ExtendLease"] = (lease, _) => Requests.ExtendLease(lease.LeaseId),
        ["ReassignLease"] = (lease, _) => Requests.ReassignLease(lease.LeaseId),
        ["ReleaseLease"] = (lease, _) => Requests.ReleaseLease(lease.LeaseId),
        ["ReportDeliveryStatus"] = (_, now) => Requests.Report(DeliveryStatus.InTransit, now, Waybill),
        ["BatchReportDeliveryStatus"] = (_, now) => new BatchReportDeliveryStatusRequest
        {
            TenantId = TestService.Alpha,
            Requests = { Requests.Report(DeliveryStatus.PickedUp, now, Waybill), Requests.VendorReport(Vendor.Upu, "", now) },
        },
        ["Resolve"] = (lease, _) => Requests.Resolve(lease.VirtualNumber),
        ["ReportNumberHealth"] = (lease, now) => Requests.NumberHealth(lease.VirtualNumber, NumberHealth.Faulty, now, "no-answer"),
        ["ReportHeartbeat"] = (_, _) => Requests.Heartbeat(),
        ["ReportCallEvents"] = (lease, now) => CallRequests.Report(lease, "call-1", CallRequests.Talk(now, 60)),
    };

    private static IEnumerable<string> Methods => s_methods.Select(method => method.Name);

    [TestCaseSource(nameof(Methods))]
    public async Task It_answers_by_HTTP_as_by_gRPC(string name)
    {
        var method = Method(name);
        var request = s_requests[name](await LeaseAsync(Requests.CreateLease(Waybill)), Now);
        await CallByGrpcAsync(method, request);
        var byGrpc = await CallByGrpcAsync(method, request);

        using var byHttp = await CallByHttpAsync(method, request);

        var text = await byHttp.Content.ReadAsStringAsync();
        Assert.That(byHttp.StatusCode, Is.EqualTo(HttpStatusCode.OK), text);
        Assert.That(new JsonParser(new JsonParser.Settings(64, s_details)).Parse(text, method.OutputType), Is.EqualTo(byGrpc));
        // Of a report that is repeated there is nothing to tell but how much is known.
        Assert.That(byGrpc.CalculateSize(), Is.GreaterThan(name == "ReportCallEvents" ? 1 : 10));
        Assert.That(byHttp.Headers.CacheControl?.NoStore, Is.True);
    }

    [TestCaseSource(nameof(Methods))]
    public async Task Its_errors_are_the_same_too(string name)
    {
        var method = Method(name);
        var request = s_requests[name](await LeaseAsync(Requests.CreateLease(Waybill)), Now);
        var caller = method.InputType.Fields.InFieldNumberOrder()[0];
        foreach (var (id, code, httpStatus) in new[] { ("nobody", StatusCode.NotFound, 404), ("no id", StatusCode.InvalidArgument, 400) })
        {
            caller.Accessor.SetValue(request, id);
            var byGrpc = await Assert.ThrowsAsync<RpcException>(async () => await CallByGrpcAsync(method, request));
            using var response = await CallByHttpAsync(method, request);
            var byHttp = await ErrorAsync(response);

            Assert.That((byHttp.Code, byHttp.HttpStatus), Is.EqualTo((code, httpStatus)));
            var status = Google.Rpc.Status.Parser.ParseFrom(byGrpc!.Trailers.GetValueBytes("grpc-status-details-bin"));
            Assert.That(new JsonParser(new JsonParser.Settings(64, s_details)).Parse<Google.Rpc.Status>(byHttp.Text), Is.EqualTo(status));
        }
    }

    [TestCaseSource(nameof(Methods))]
    public void It_says_in_the_proto_how_it_is_called(string name)
    {
        var rule = RuleOf(Method(name));
        Assert.That(rule.Get + rule.Post, Does.StartWith("/v1/"));
        Assert.That(rule.Body, Is.EqualTo(rule.PatternCase == Google.Api.HttpRule.PatternOneofCase.Post ? "*" : ""));
    }

    [Test]
    public void No_path_or_query_carries_a_telephone_number_or_a_waybill_number()
    {
        string[] personal = ["real_number", "peer_number", "called_number", "caller_number", "waybill_number", "call_id", "collected_digits", "number"];
        foreach (var method in s_methods.Where(method => RuleOf(method).PatternCase == Google.Api.HttpRule.PatternOneofCase.Get))
            Assert.That(VirtualNumber.Http.FieldPath.AllOf(method.InputType).Select(path => path.Field.Name).Intersect(personal), Is.Empty, method.Name);
        foreach (var method in s_methods)
            Assert.That(Variable().Matches(PathOf(method)).Select(match => match.Groups[1].Value), Is.SubsetOf(new[] { "lease_id", "gateway_id" }), method.Name);
    }

    [Test]
    public async Task Reasons_of_errors_are_called_reasons_in_items_of_batches_too()
    {
        using var response = await PostAsync("/v1/leases:batchCreate", new BatchCreateLeasesRequest
        {
            TenantId = TestService.Alpha,
            Requests = { Requests.CreateLease(real: "no number") },
        });
        Assert.That(await response.Content.ReadAsStringAsync(), Does.Contain("\"reason\": \"FIELDS_INVALID\"").And.Contain("real_number"));
    }

    private static readonly TypeRegistry s_details = TypeRegistry.FromMessages(
        Google.Rpc.BadRequest.Descriptor, Google.Rpc.RetryInfo.Descriptor, VirtualNumber.Http.Details.ErrorInfo.Descriptor);

    private async Task<IMessage> CallByGrpcAsync(MethodDescriptor method, IMessage request)
    {
        using var channel = Service.OpenChannel();
        return await channel.CreateCallInvoker().AsyncUnaryCall(ServiceCatalog.ToMethod(method), null, default, request);
    }

    /// <summary>As a stranger would read the annotation: by text, not by the code under test.</summary>
    private Task<HttpResponseMessage> CallByHttpAsync(MethodDescriptor method, IMessage request)
    {
        object ValueOf(string field) => method.InputType.FindFieldByName(field).Accessor.GetValue(request);
        var path = Variable().Replace(PathOf(method), match => Uri.EscapeDataString($"{ValueOf(match.Groups[1].Value)}"));
        if (RuleOf(method).Body == "*")
            return PostAsync(path, request);
        var query = method.InputType.Fields.InDeclarationOrder().Where(field => !PathOf(method).Contains($"{{{field.Name}}}", StringComparison.Ordinal))
            .Select(field => $"{field.Name}={Uri.EscapeDataString($"{ValueOf(field.Name)}")}");
        return GetAsync($"{path}?{string.Join('&', query)}");
    }

    private static string PathOf(MethodDescriptor method) => RuleOf(method) is var rule && rule.Get.Length > 0 ? rule.Get : rule.Post;

    private static Google.Api.HttpRule RuleOf(MethodDescriptor method) => method.GetOptions().GetExtension(Google.Api.AnnotationsExtensions.Http);

    private static MethodDescriptor Method(string name) => s_methods.Single(method => method.Name == name);

    [GeneratedRegex("{([a-z_.]+)}")]
    private static partial Regex Variable();
}
