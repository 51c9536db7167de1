using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using VirtualNumber.Sealing;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Api;

/// <summary>Bad input gets a clear error, and nothing is lost: one lease stands, and after each refusal everything stands as before.</summary>
[TestFixture]
public sealed class BadInputTests : ApiTests
{
    private Lease _standing = null!;

    [SetUp]
    public async Task LeaseOneAsync() => _standing = await LeaseAsync(Requests.CreateLease("SF7000000001", requestId: "standing"));

    [Test]
    public async Task All_faulty_fields_of_a_lease_are_told_at_once()
    {
        var request = new CreateLeaseRequest
        {
            TenantId = "no such form",
            RequestId = new string('r', 65),
            PoolId = "Not A Pool",
            Delivery = new Delivery { Carrier = "S F", WaybillNumber = "" },
            Role = (DeliveryRole)4,
            RealNumber = "call me",
            ExpireTime = Now.ToTimestamp(),
        };
        (await RefusedAsync(Leases.CreateLeaseAsync, request)).Expect(
            StatusCode.InvalidArgument,
            ErrorReason.FieldsInvalid,
            "tenant_id", "request_id", "pool_id", "delivery.carrier", "delivery.waybill_number", "role", "real_number", "expire_time");
    }

    [Test]
    public async Task An_empty_request_names_every_field_that_is_missing()
    {
        (await RefusedAsync(Leases.CreateLeaseAsync, new CreateLeaseRequest()))
            .Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "tenant_id", "pool_id", "delivery", "role", "real_number");
        (await RefusedAsync(Leases.GetLeaseAsync, new GetLeaseRequest()))
            .Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "tenant_id", "lease_id");
        (await RefusedAsync(Leases.ListDeliveryLeasesAsync, new ListDeliveryLeasesRequest()))
            .Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "tenant_id", "delivery");
        (await RefusedAsync(Leases.ExtendLeaseAsync, new ExtendLeaseRequest()))
            .Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "tenant_id", "request_id", "lease_id", "extension");
        (await RefusedAsync(Leases.ReassignLeaseAsync, new ReassignLeaseRequest()))
            .Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "tenant_id", "request_id", "lease_id", "real_number");
        (await RefusedAsync(Leases.ReleaseLeaseAsync, new ReleaseLeaseRequest()))
            .Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "tenant_id", "lease_id");
        (await RefusedAsync(Leases.ReportDeliveryStatusAsync, new ReportDeliveryStatusRequest()))
            .Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "tenant_id", "delivery", "report", "event_time");
        (await RefusedAsync(Routing.ResolveAsync, new ResolveRequest()))
            .Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "gateway_id", "call_id", "called_number");
        (await RefusedAsync(Ops.GetStatsAsync, new GetStatsRequest()))
            .Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "tenant_id", "pool_id");
    }

    [TestCase("", "Is missing.")]
    [TestCase("   ", "Is missing.")]
    [TestCase("1", "digits")]
    [TestCase("139123456789012345", "digits")]
    [TestCase("+0 13912345678", "country code")]
    [TestCase("+2103912345678", "country code")]
    [TestCase("139-1234-5678 ext 12", "extension")]
    [TestCase("139#1234#5678", "")]
    [TestCase("139123四5678", "character")]
    [TestCase("12345678", "")]
    public async Task A_malformed_number_is_told_why(string number, string hint)
    {
        var refusal = await RefusedAsync(Leases.CreateLeaseAsync, Requests.CreateLease(real: number));
        refusal.Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "real_number");
        Assert.That(refusal.Message, Does.StartWith("real_number: ").And.Contain(hint));
    }

    [TestCase("110", Description = "Emergency")]
    [TestCase("119", Description = "Emergency")]
    [TestCase("95588", Description = "95")]
    [TestCase("95013123", Description = "95")]
    [TestCase("4001234567", Description = "Shared cost")]
    [TestCase("8001234567", Description = "Toll free")]
    [TestCase("10086", Description = "Short code")]
    [TestCase("12345", Description = "Short code")]
    [TestCase("700123456789012", Description = "Number protection")]
    [TestCase("+80012345678", Description = "International toll free")]
    [TestCase("+979123456789", Description = "Premium rate")]
    [TestCase("+881612345678", Description = "Satellite")]
    [TestCase("+870773111632", Description = "Satellite")]
    [TestCase("+12025550123", Description = "A country that is not allowed")]
    [TestCase("+447700900123", Description = "A country that is not allowed")]
    public async Task A_number_that_may_not_be_bound_is_refused(string number)
    {
        (await RefusedAsync(Leases.CreateLeaseAsync, Requests.CreateLease(real: number)))
            .Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "real_number");
        (await RefusedAsync(Leases.ReassignLeaseAsync, Requests.ReassignLease(_standing.LeaseId, number)))
            .Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "real_number");
    }

    [TestCase("16210010042", Description = "Available")]
    [TestCase("16210010000", Description = "Leased by the standing lease")]
    [TestCase("00 86 162 1001 0042", Description = "In another form")]
    public async Task A_real_number_that_is_itself_in_a_pool_is_refused(string number) =>
        (await RefusedAsync(Leases.CreateLeaseAsync, Requests.CreateLease(real: number)))
            .Expect(StatusCode.InvalidArgument, ErrorReason.RealNumberInPool, "real_number");

    [Test]
    public async Task A_real_number_in_a_pool_of_another_tenant_is_refused_too()
    {
        await Ops.CreatePoolAsync(Requests.CreatePool("own", tenant: TestService.Beta));
        var stock = Requests.AddNumbers("own", "16210020007");
        stock.TenantId = TestService.Beta;
        await Ops.AddNumbersAsync(stock);
        (await RefusedAsync(Leases.CreateLeaseAsync, Requests.CreateLease(real: "16210020007")))
            .Expect(StatusCode.InvalidArgument, ErrorReason.RealNumberInPool, "real_number");
    }

    [TestCase(65)]
    [TestCase(1_048_576)]
    public async Task A_waybill_number_that_is_too_long_is_refused(int length)
    {
        var refusal = await RefusedAsync(Leases.CreateLeaseAsync, Requests.CreateLease(new string('7', length)));
        refusal.Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "delivery.waybill_number");
        Assert.That(refusal.Message, Has.Length.LessThan(500));
    }

    [TestCase("SF\u000012")]
    [TestCase("SF\n12")]
    [TestCase("快递12")]
    [TestCase("SF\u202e12")]
    public async Task A_waybill_number_with_other_characters_is_refused(string waybill) =>
        (await RefusedAsync(Leases.CreateLeaseAsync, Requests.CreateLease(waybill)))
            .Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "delivery.waybill_number");

    [TestCase(-62_135_596_801, 0)]
    [TestCase(253_402_300_800, 0)]
    [TestCase(0, -1)]
    [TestCase(0, 1_000_000_000)]
    [TestCase(long.MaxValue, int.MaxValue)]
    [TestCase(long.MinValue, int.MinValue)]
    [TestCase(-62_135_596_800, 0, Description = "Valid, and long ago")]
    [TestCase(253_402_300_799, 999_999_999, Description = "Valid, and far ahead")]
    public async Task A_time_that_is_none_or_far_away_is_refused(long seconds, int nanos)
    {
        var time = new Timestamp { Seconds = seconds, Nanos = nanos };
        var lease = Requests.CreateLease();
        lease.ExpireTime = time;
        var report = Requests.Report(DeliveryStatus.InTransit, Now, "SF7000000001");
        report.EventTime = time;
        (await RefusedAsync(Leases.CreateLeaseAsync, lease)).Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "expire_time");
        (await RefusedAsync(Leases.ReportDeliveryStatusAsync, report)).Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "event_time");
    }

    [TestCase(0)]
    [TestCase(-1)]
    [TestCase((90L * 86_400_000) + 1)]
    public async Task An_expire_time_is_in_the_future_and_at_most_the_hard_cap_away(long milliseconds)
    {
        var request = Requests.CreateLease();
        request.ExpireTime = Now.AddMilliseconds(milliseconds).ToTimestamp();
        (await RefusedAsync(Leases.CreateLeaseAsync, request)).Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "expire_time");
    }

    [TestCase(long.MinValue, 0)]
    [TestCase(long.MaxValue, 0)]
    [TestCase(315_576_000_001, 0)]
    [TestCase(-315_576_000_000, 0)]
    [TestCase(0, int.MinValue)]
    [TestCase(0, 1_000_000_000)]
    [TestCase(604_800, -1)]
    [TestCase(604_800, 100)]
    public async Task A_duration_that_is_none_or_out_of_range_is_refused(long seconds, int nanos)
    {
        var duration = new Duration { Seconds = seconds, Nanos = nanos };
        var extend = Requests.ExtendLease(_standing.LeaseId);
        extend.Extension = duration;
        (await RefusedAsync(Leases.ExtendLeaseAsync, extend)).Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "extension");
        if (seconds == 604_800 && nanos > 0)
            return;
        var update = Requests.UpdatePool();
        update.Aging = duration;
        (await RefusedAsync(Ops.UpdatePoolAsync, update)).Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "aging");
    }

    [Test]
    public async Task An_unknown_tenant_is_not_found_in_every_service()
    {
        const string Nobody = "gamma";
        var report = Requests.Report(DeliveryStatus.InTransit, Now, tenant: Nobody);
        var refusals = new[]
        {
            await RefusedAsync(Leases.CreateLeaseAsync, new CreateLeaseRequest { TenantId = Nobody }),
            await RefusedAsync(Leases.BatchCreateLeasesAsync, new BatchCreateLeasesRequest { TenantId = Nobody, Requests = { Requests.CreateLease() } }),
            await RefusedAsync(Leases.GetLeaseAsync, new GetLeaseRequest { TenantId = Nobody, LeaseId = _standing.LeaseId }),
            await RefusedAsync(Leases.ListDeliveryLeasesAsync, new ListDeliveryLeasesRequest { TenantId = Nobody }),
            await RefusedAsync(Leases.ExtendLeaseAsync, new ExtendLeaseRequest { TenantId = Nobody }),
            await RefusedAsync(Leases.ReassignLeaseAsync, new ReassignLeaseRequest { TenantId = Nobody }),
            await RefusedAsync(Leases.ReleaseLeaseAsync, new ReleaseLeaseRequest { TenantId = Nobody, LeaseId = _standing.LeaseId }),
            await RefusedAsync(Leases.ReportDeliveryStatusAsync, report),
            await RefusedAsync(Leases.BatchReportDeliveryStatusAsync, new BatchReportDeliveryStatusRequest { TenantId = Nobody, Requests = { report } }),
            await RefusedAsync(Ops.CreatePoolAsync, Requests.CreatePool("fresh", tenant: Nobody)),
            await RefusedAsync(Ops.UpdatePoolAsync, new UpdatePoolRequest { TenantId = Nobody }),
            await RefusedAsync(Ops.GetPoolAsync, new GetPoolRequest { TenantId = Nobody }),
            await RefusedAsync(Ops.ListPoolsAsync, new ListPoolsRequest { TenantId = Nobody }),
            await RefusedAsync(Ops.AddNumbersAsync, new AddNumbersRequest { TenantId = Nobody }),
            await RefusedAsync(Ops.SuspendNumbersAsync, new SuspendNumbersRequest { TenantId = Nobody }),
            await RefusedAsync(Ops.RestoreNumbersAsync, new RestoreNumbersRequest { TenantId = Nobody }),
            await RefusedAsync(Ops.RetireNumbersAsync, new RetireNumbersRequest { TenantId = Nobody }),
            await RefusedAsync(Ops.GetStatsAsync, new GetStatsRequest { TenantId = Nobody }),
            await RefusedAsync(Ops.ListLeasesAsync, new ListLeasesRequest { TenantId = Nobody }),
        };
        foreach (var refusal in refusals)
        {
            refusal.Expect(StatusCode.NotFound, ErrorReason.TenantUnknown);
            Assert.That(refusal.Metadata, Is.EqualTo(new Dictionary<string, string> { ["field"] = "tenant_id" }));
        }
    }

    [TestCase(0)]
    [TestCase(16)]
    [TestCase(-1)]
    [TestCase(int.MaxValue)]
    public async Task An_unknown_status_role_or_vendor_is_refused(int value)
    {
        (await RefusedAsync(Leases.ReportDeliveryStatusAsync, Requests.Report((DeliveryStatus)value, Now)))
            .Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "status");
        (await RefusedAsync(Leases.ReportDeliveryStatusAsync, Requests.VendorReport((Vendor)value, "SIGN", Now)))
            .Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "vendor_status.vendor");
        (await RefusedAsync(Leases.CreateLeaseAsync, Requests.CreateLease(role: (DeliveryRole)value)))
            .Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "role");
    }

    [TestCase("")]
    [TestCase("with blank")]
    [TestCase("签收")]
    public async Task A_malformed_vendor_code_is_refused(string code) =>
        (await RefusedAsync(Leases.ReportDeliveryStatusAsync, Requests.VendorReport(Vendor.Cainiao, code, Now)))
            .Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "vendor_status.code");

    [Test]
    public async Task A_lease_id_with_any_one_character_changed_is_refused()
    {
        var id = _standing.LeaseId;
        for (var i = 0; i < id.Length; i++)
        {
            var damaged = $"{id[..i]}{(id[i] == 'a' ? 'b' : 'a')}{id[(i + 1)..]}";
            (await RefusedCall.OfAsync(Leases.ReleaseLeaseAsync, Requests.ReleaseLease(damaged)))
                .Expect(StatusCode.InvalidArgument, ErrorReason.LeaseIdInvalid, "lease_id");
        }

        Assert.That((await Leases.GetLeaseAsync(Requests.GetLease(id))).Lease, Is.EqualTo(_standing));
    }

    [TestCase("x")]
    [TestCase("00000000000000000000000000000")]
    [TestCase("zzzzzzzzzzzzzzzzzzzzzzzzzzzzz")]
    public async Task A_lease_id_that_was_made_up_is_refused_by_every_verb(string id)
    {
        foreach (var refusal in await VerbsOnAsync(TestService.Alpha, id))
            refusal.Expect(StatusCode.InvalidArgument, ErrorReason.LeaseIdInvalid, "lease_id");
    }

    [Test]
    public async Task A_lease_id_that_names_an_instant_beyond_the_calendar_is_refused_by_every_verb()
    {
        // One in some ten million made-up ids decodes to such an instant; anybody may try.
        var id = Service.Get<LeaseIdCodec>().Encode(new LeaseLocator(1, 0, LeaseLocator.MaxEpoch));
        foreach (var refusal in await VerbsOnAsync(TestService.Alpha, id))
            refusal.Expect(StatusCode.InvalidArgument, ErrorReason.LeaseIdInvalid, "lease_id");
    }

    [Test]
    public async Task The_lease_of_another_tenant_does_not_exist()
    {
        foreach (var refusal in await VerbsOnAsync(TestService.Beta, _standing.LeaseId))
        {
            refusal.Expect(StatusCode.NotFound, ErrorReason.LeaseUnknown);
            Assert.That(refusal.Metadata, Is.EqualTo(new Dictionary<string, string> { ["field"] = "lease_id" }));
        }
    }

    [Test]
    public async Task A_request_id_with_other_content_and_a_role_that_is_taken_are_refused()
    {
        (await RefusedAsync(Leases.CreateLeaseAsync, Requests.CreateLease("SF7000000001", Requests.OtherReal, requestId: "standing")))
            .Expect(StatusCode.InvalidArgument, ErrorReason.RequestIdReused, "request_id");
        (await RefusedAsync(Leases.CreateLeaseAsync, Requests.CreateLease("SF7000000001", Requests.OtherReal)))
            .Expect(StatusCode.AlreadyExists, ErrorReason.DeliveryRoleTaken);
    }

    [Test]
    public async Task A_page_token_that_was_tampered_with_or_made_up_or_is_of_another_query_is_refused()
    {
        await Ops.AddNumbersAsync(Requests.AddBlocks(Requests.PoolId, "162100200"));
        var token = (await Ops.GetStatsAsync(Requests.GetStats(pageSize: 1))).NextPageToken;
        var tampered = $"{token[..^3]}{(token[^3] == 'A' ? 'B' : 'A')}{token[^2..]}";
        foreach (var bad in new[] { tampered, "x", token[..^1], token + "A", "====" })
        {
            (await RefusedAsync(Ops.GetStatsAsync, Requests.GetStats(token: bad)))
                .Expect(StatusCode.InvalidArgument, ErrorReason.PageTokenInvalid, "page_token");
        }

        (await RefusedAsync(Ops.ListLeasesAsync, Requests.ListLeases(token: token)))
            .Expect(StatusCode.InvalidArgument, ErrorReason.PageTokenInvalid, "page_token");
        (await RefusedAsync(Ops.ListPoolsAsync, Requests.ListPools(token: token)))
            .Expect(StatusCode.InvalidArgument, ErrorReason.PageTokenInvalid, "page_token");
    }

    [Test]
    public async Task A_message_over_4_MiB_is_refused()
    {
        var before = await CountAsync();
        var request = Requests.CreateLease(new string('7', 4 * 1024 * 1024));
        var failure = (await Assert.ThrowsAsync<RpcException>(async () => await Leases.CreateLeaseAsync(request)))!;
        Assert.That(failure.StatusCode, Is.EqualTo(StatusCode.ResourceExhausted));
        Assert.That(failure.Status.Detail, Does.Not.Contain("7777777"));
        Assert.That(await CountAsync(), Is.EqualTo(before));
    }

    private async Task<RefusedCall[]> VerbsOnAsync(string tenant, string leaseId)
    {
        var extend = Requests.ExtendLease(leaseId);
        var reassign = Requests.ReassignLease(leaseId);
        extend.TenantId = reassign.TenantId = tenant;
        return
        [
            await RefusedAsync(Leases.GetLeaseAsync, new GetLeaseRequest { TenantId = tenant, LeaseId = leaseId }),
            await RefusedAsync(Leases.ExtendLeaseAsync, extend),
            await RefusedAsync(Leases.ReassignLeaseAsync, reassign),
            await RefusedAsync(Leases.ReleaseLeaseAsync, new ReleaseLeaseRequest { TenantId = tenant, LeaseId = leaseId }),
        ];
    }

    /// <summary>Expects a refusal, and that the lease, its route and the stock stand as before.</summary>
    private async Task<RefusedCall> RefusedAsync<TRequest, TResponse>(
        Func<TRequest, CallOptions, AsyncUnaryCall<TResponse>> call, TRequest request)
        where TRequest : IMessage<TRequest>
    {
        var before = await CountAsync();
        var refusal = await RefusedCall.OfAsync(call, request);
        Assert.That(await CountAsync(), Is.EqualTo(before));
        Assert.That((await Leases.GetLeaseAsync(Requests.GetLease(_standing.LeaseId))).Lease, Is.EqualTo(_standing));
        Assert.That((await ResolveAsync(_standing.VirtualNumber)).ConnectNumber, Is.EqualTo(Requests.Real));
        return refusal;
    }
}
