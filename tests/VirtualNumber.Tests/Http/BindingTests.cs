using System.Text;
using Google.Api;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using VirtualNumber.Http;
using VirtualNumber.V1;
using RpcStatus = Google.Rpc.Status;

namespace VirtualNumber.Tests.Http;

/// <summary>Where the fields of a request come from: any rule over any message of the protos, not only those that the protos have.</summary>
[TestFixture]
public sealed class BindingTests
{
    private const string Report = nameof(LeaseService.LeaseServiceBase.ReportDeliveryStatus);
    private const string Create = nameof(LeaseService.LeaseServiceBase.CreateLease);
    private const string Extend = nameof(LeaseService.LeaseServiceBase.ExtendLease);
    private const string Update = nameof(OpsService.OpsServiceBase.UpdatePool);
    private const string AddNumbers = nameof(OpsService.OpsServiceBase.AddNumbers);
    private const string ListLeases = nameof(OpsService.OpsServiceBase.ListLeases);

    [TestCase(Create, "tenant_id=alpha&request_id=r", """{"tenantId":"alpha","requestId":"r"}""")]
    [TestCase(Create, "tenantId=alpha", """{"tenantId":"alpha"}""", Description = "the name of JSON")]
    [TestCase(Create, "delivery.carrier=SF&delivery.waybill_number=1", """{"delivery":{"carrier":"SF","waybillNumber":"1"}}""", Description = "nested")]
    [TestCase(Create, "area.strict=true&area.fallback_area_codes=1&area.fallbackAreaCodes=2", """{"area":{"strict":true,"fallbackAreaCodes":["1","2"]}}""", Description = "nested and repeated")]
    [TestCase(Create, "role=DELIVERY_ROLE_SENDER", """{"role":"DELIVERY_ROLE_SENDER"}""", Description = "enum by name")]
    [TestCase(Create, "role=2", """{"role":"DELIVERY_ROLE_SENDER"}""", Description = "enum by number")]
    [TestCase(Create, "role=77", """{"role":77}""", Description = "a number that a later version may know")]
    [TestCase(Create, "real_number=+99913800138", """{"realNumber":"+99913800138"}""", Description = "a plus sign is one")]
    [TestCase(Create, "real_number=%2B999%20138", """{"realNumber":"+999 138"}""")]
    [TestCase(Create, "pool_id=%E5%8F%B7%22%5C", """{"poolId":"号\"\\"}""")]
    [TestCase(Create, "pool_id=", "{}")]
    [TestCase(Create, "pool_id", "{}")]
    [TestCase(Create, "&&", "{}")]
    [TestCase(Create, "expire_time=2026-03-02T08:00:00.5Z", """{"expireTime":"2026-03-02T08:00:00.500Z"}""")]
    [TestCase(Create, "expire_time=2026-03-02T16:00:00%2B08:00", """{"expireTime":"2026-03-02T08:00:00Z"}""")]
    [TestCase(Extend, "extension=604800s", """{"extension":"604800s"}""")]
    [TestCase(Extend, "extension=0.5s", """{"extension":"0.500s"}""")]
    [TestCase(AddNumbers, "blocks=1&blocks=2&numbers=3", """{"blocks":["1","2"],"numbers":["3"]}""")]
    [TestCase(ListLeases, "page_size=-5", """{"pageSize":-5}""")]
    [TestCase(Update, "withheld_callers_allowed=false", """{"withheldCallersAllowed":false}""", Description = "false is not missing")]
    [TestCase(Report, "status=DELIVERY_STATUS_LOST", """{"status":"DELIVERY_STATUS_LOST"}""")]
    [TestCase(Report, "vendor_status.vendor=VENDOR_UPU&vendor_status.code=EMI", """{"vendorStatus":{"vendor":"VENDOR_UPU","code":"EMI"}}""")]
    public async Task A_query_is_bound(string method, string query, string expected) =>
        Assert.That(await ReadAsync(method, new HttpRule { Get = "/x" }, query: query), Is.EqualTo(Message(method, expected)));

    [TestCase(Create, "tenant=alpha", "tenant")]
    [TestCase(Create, "delivery=SF", "delivery", Description = "a message is no text")]
    [TestCase(Create, "delivery.x=1&tenant_id.y=2", "delivery.x", "tenant_id.y")]
    [TestCase(Create, "tenant_id=a&tenant_id=b", "tenant_id")]
    [TestCase(Create, "role=RECIPIENT", "role")]
    [TestCase(Create, "role=%2B1", "role")]
    [TestCase(Create, "area.strict=yes", "area.strict")]
    [TestCase(Create, "area.strict=True", "area.strict")]
    [TestCase(Create, "expire_time=today", "expire_time")]
    [TestCase(Create, "expire_time=", "expire_time")]
    [TestCase(Extend, "extension=7d", "extension")]
    [TestCase(Extend, "extension.seconds=7", "extension.seconds")]
    [TestCase(ListLeases, "page_size=many", "page_size")]
    [TestCase(ListLeases, "page_size=2147483648", "page_size")]
    [TestCase(ListLeases, "page_size=1.5", "page_size")]
    [TestCase(ListLeases, "13800138000=1", "(no name)", Description = "what may be a number is not repeated")]
    public async Task A_query_that_is_wrong_is_named(string method, string query, params string[] fields) =>
        Assert.That(await WrongAsync(method, new HttpRule { Get = "/x" }, query: query), Is.EqualTo(fields));

    [TestCase("""{"tenantId":"alpha","area":{"strict":true}}""")]
    [TestCase("""{"tenant_id":"alpha","area":{"strict":true}}""")]
    [TestCase("""  {"tenantId":"alpha","requestId":null,"area":{"strict":true,"fallbackAreaCodes":[]}}  """)]
    public async Task A_body_is_bound(string body) => Assert.That(
        await ReadAsync(Create, new HttpRule { Post = "/x", Body = "*" }, body: body),
        Is.EqualTo(new CreateLeaseRequest { TenantId = "alpha", Area = new AreaPreference { Strict = true } }));

    [TestCase(Create, """{"tenant":"alpha"}""", "tenant")]
    [TestCase(Create, """{"tenantId":1,"realNumber":13800138000}""", "tenant_id", "real_number")]
    [TestCase(Create, """{"delivery":{"carrier":[],"colour":"red"}}""", "delivery.carrier", "delivery.colour")]
    [TestCase(Create, """{"delivery":"SF"}""", "delivery")]
    [TestCase(Create, """{"role":"RECIPIENT"}""", "role")]
    [TestCase(Create, """{"role":1.5}""", "role")]
    [TestCase(Create, """{"expireTime":"13800138000"}""", "expire_time")]
    [TestCase(Create, """{"area":{"strict":"true","fallbackAreaCodes":["1",2,"3",{}]}}""", "area.strict", "area.fallback_area_codes[1]", "area.fallback_area_codes[3]")]
    [TestCase(Create, """{"area":{"fallbackAreaCodes":"1"}}""", "area.fallback_area_codes")]
    [TestCase(Create, """{"tenantId":"\ud800"}""", "tenant_id")]
    [TestCase(Create, """{"13800138000":1}""", "(no name)")]
    [TestCase(Create, """[1]""", "body")]
    [TestCase(Create, """null""", "body")]
    [TestCase(Report, """{"status":1,"vendorStatus":{}}""", "vendor_status")]
    [TestCase(AddNumbers, """{"blocks":[null]}""", "blocks[0]")]
    [TestCase(ListLeases, """{"pageSize":"x"}""", "page_size")]
    [TestCase(Extend, """{"extension":604800}""", "extension")]
    public async Task A_field_of_a_body_that_is_wrong_is_named_and_its_value_is_not(string method, string body, params string[] fields) =>
        Assert.That(await WrongAsync(method, new HttpRule { Post = "/x", Body = "*" }, body: body), Is.EqualTo(fields));

    [TestCase("")]
    [TestCase("{")]
    [TestCase("""{"tenantId":"alpha"} x""")]
    [TestCase("""{"tenantId":'alpha'}""")]
    [TestCase("""{"tenantId":"alpha",}""")]
    [TestCase("""{"tenant\ud800":"alpha"}""")]
    [TestCase("\uFEFF{}")]
    public async Task What_is_no_JSON_is_told_to_be_none(string body) =>
        Assert.That(await WrongAsync(Create, new HttpRule { Post = "/x", Body = "*" }, body: body), Is.EqualTo(new[] { "body" }));

    [Test]
    public async Task JSON_that_is_too_deep_is_refused()
    {
        var deep = string.Concat(Enumerable.Repeat("""{"delivery":""", 10_000)) + "1" + new string('}', 10_000);
        Assert.That(await WrongAsync(Create, new HttpRule { Post = "/x", Body = "*" }, body: deep), Is.EqualTo(new[] { "body" }));
    }

    [Test]
    public async Task Bytes_that_are_no_UTF_8_are_refused()
    {
        var http = Request(new HttpRule { Post = "/x", Body = "*" }, "", "", "application/json");
        http.Body = new MemoryStream([.. "{\"tenantId\":\""u8, 0xff, 0xfe, .. "\"}"u8]);
        var reader = new RequestReader(Binding(Create, new HttpRule { Post = "/x", Body = "*" }));
        var error = await Assert.ThrowsAsync<RpcException>(async () => await reader.ReadAsync(http, new HttpTarget(null!, "/x", [], ""), CancellationToken.None));
        Assert.That(FieldsOf(error!), Is.EqualTo(new[] { "body" }));
    }

    [Test]
    public async Task The_faults_of_a_body_are_counted_no_further_than_helps()
    {
        var body = $$"""{"blocks":[{{string.Join(',', Enumerable.Repeat("1", 100_000))}}]}""";
        var fields = await WrongAsync(AddNumbers, new HttpRule { Post = "/x", Body = "*" }, body: body);
        Assert.That(fields, Has.Count.EqualTo(50));
    }

    [Test]
    public async Task A_field_can_be_the_body_and_the_others_are_in_path_and_query()
    {
        var rule = new HttpRule { Post = "/x/{tenant_id}/{delivery.waybill_number}", Body = "area" };
        var request = await ReadAsync(Create, rule, "/x/alpha/SF1", "delivery.carrier=SF", """{"areaCode":"1"}""");
        Assert.That(request, Is.EqualTo(new CreateLeaseRequest
        {
            TenantId = "alpha",
            Delivery = new Delivery { Carrier = "SF", WaybillNumber = "SF1" },
            Area = new AreaPreference { AreaCode = "1" },
        }));
        Assert.That(await WrongAsync(Create, rule, "/x/alpha/SF1", "area.strict=true&tenant_id=beta", "{}"), Is.EqualTo(new[] { "area.strict", "tenant_id" }));
        Assert.That(await WrongAsync(Create, rule, "/x/alpha/SF1", "", """{"colour":1}"""), Is.EqualTo(new[] { "area.colour" }));
    }

    [Test]
    public async Task What_is_in_the_path_must_not_be_another_in_the_body()
    {
        var rule = new HttpRule { Post = "/x/{lease_id}/{extension}", Body = "*" };
        foreach (var body in new[] { """{"tenantId":"alpha"}""", """{"tenantId":"alpha","leaseId":"a","extension":"7s"}""" })
            Assert.That(((ExtendLeaseRequest)await ReadAsync(Extend, rule, "/x/a/7s", body: body)).LeaseId, Is.EqualTo("a"));
        Assert.That(await WrongAsync(Extend, rule, "/x/a/7s", body: """{"leaseId":"b"}"""), Is.EqualTo(new[] { "lease_id" }));
        Assert.That(await WrongAsync(Extend, rule, "/x/a/7", body: "{}"), Is.EqualTo(new[] { "extension" }));
        Assert.That(await WrongAsync(Extend, rule, "/x/a/7s", "tenant_id=alpha", "{}"), Is.EqualTo(new[] { "tenant_id" }));
    }

    [Test]
    public async Task What_the_body_does_not_give_contradicts_no_path()
    {
        var rule = new HttpRule { Post = "/x/{delivery.waybill_number}/{role}/{area.strict}", Body = "*" };
        var request = (CreateLeaseRequest)await ReadAsync(Create, rule, "/x/SF1/2/true", body: """{"delivery":{"carrier":"SF"},"area":{}}""");
        Assert.That((request.Delivery.WaybillNumber, request.Role, request.Area.Strict), Is.EqualTo(("SF1", DeliveryRole.Sender, true)));
        Assert.That(await WrongAsync(Create, rule, "/x/SF1/2/true", body: """{"role":1}"""), Is.EqualTo(new[] { "role" }));
    }

    [Test]
    public void A_rule_may_have_more_ways_than_one()
    {
        var rule = new HttpRule { Put = "/a", AdditionalBindings = { new HttpRule { Patch = "/b" }, new HttpRule { Custom = new() { Kind = "LOOK", Path = "/c" } } } };
        Assert.That(
            HttpBinding.Of(Method(Create), rule).Select(binding => $"{binding.Verb} {binding.Path.Text}"),
            Is.EqualTo(new[] { "PUT /a", "PATCH /b", "LOOK /c" }));
    }

    private static IEnumerable<HttpRule> WrongRules() =>
    [
        new(),
        new() { Get = "/x/{colour}" },
        new() { Get = "/x/{delivery}" },
        new() { Get = "/x/{area.fallback_area_codes}" },
        new() { Post = "/x", Body = "colour" },
        new() { Post = "/x", Body = "tenant_id" },
        new() { Post = "/x", Body = "*", ResponseBody = "lease" },
    ];

    [TestCaseSource(nameof(WrongRules))]
    public void A_rule_that_makes_no_sense_stops_the_start(HttpRule rule) => Assert.That(
        () => HttpBinding.Of(Method(Create), rule).ToList(), Throws.InvalidOperationException.With.Message.Contains("CreateLease"));

    [Test]
    public void A_stream_of_requests_is_not_served_and_one_of_answers_is()
    {
        var both = global::Grpc.Reflection.V1.ServerReflection.Descriptor.FindMethodByName("ServerReflectionInfo");
        Assert.That(() => HttpBinding.Of(both, new HttpRule { Get = "/x" }).ToList(), Throws.InvalidOperationException);
        var answers = global::Grpc.Health.V1.Health.Descriptor.FindMethodByName("Watch");
        Assert.That(HttpBinding.Of(answers, new HttpRule { Get = "/x" }).Single().IsStream, Is.True);
    }

    [Test]
    public void Two_methods_cannot_have_one_path()
    {
        var endpoint = new Microsoft.AspNetCore.Http.Endpoint(null, null, null);
        HttpRoute[] routes =
        [
            new(Binding(Create, new HttpRule { Get = "/x/{pool_id}" }), endpoint),
            new(Binding(Extend, new HttpRule { Get = "/x/{lease_id}" }), endpoint),
        ];
        Assert.That(() => new HttpRoutes(routes, []), Throws.InvalidOperationException.With.Message.Contains("GET /x/*"));
    }

    private static async Task<IMessage> ReadAsync(string method, HttpRule rule, string path = "/x", string query = "", string body = "")
    {
        var binding = Binding(method, rule);
        Assert.That(binding.Path.TryMatch(path, out var values), Is.True);
        return await new RequestReader(binding).ReadAsync(
            Request(rule, query, body, "application/json; charset=utf-8"), new HttpTarget(null!, "/x", values!, query.Length > 0 ? $"?{query}" : ""), CancellationToken.None);
    }

    private static async Task<IReadOnlyList<string>> WrongAsync(string method, HttpRule rule, string path = "/x", string query = "", string body = "")
    {
        var error = (await Assert.ThrowsAsync<RpcException>(async () => await ReadAsync(method, rule, path, query, body)))!;
        Assert.That(error.StatusCode, Is.EqualTo(StatusCode.InvalidArgument));
        Assert.That(error.Status.Detail, Does.Not.Contain("13800138000"));
        return FieldsOf(error);
    }

    private static List<string> FieldsOf(RpcException error) =>
        [.. RpcStatus.Parser.ParseFrom(error.Trailers.GetValueBytes("grpc-status-details-bin")).Details
            .Where(detail => detail.Is(Google.Rpc.BadRequest.Descriptor))
            .SelectMany(detail => detail.Unpack<Google.Rpc.BadRequest>().FieldViolations).Select(violation => violation.Field)];

    private static HttpRequest Request(HttpRule rule, string query, string body, string mediaType)
    {
        var http = new DefaultHttpContext().Request;
        http.Method = rule.PatternCase.ToString();
        http.QueryString = new QueryString(query.Length > 0 ? $"?{query}" : "");
        http.ContentType = mediaType;
        http.Body = new MemoryStream(Encoding.UTF8.GetBytes(body));
        return http;
    }

    private static HttpBinding Binding(string method, HttpRule rule) => HttpBinding.Of(Method(method), rule).Single();

    private static MethodDescriptor Method(string name) =>
        LeaseService.Descriptor.Methods.Concat(OpsService.Descriptor.Methods).Single(method => method.Name == name);

    private static IMessage Message(string method, string json) => JsonParser.Default.Parse(json, Method(method).InputType);
}
