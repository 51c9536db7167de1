using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Api;

[TestFixture]
public sealed class CreateLeaseTests : ApiTests
{
    [Test]
    public async Task A_lease_tells_everything_but_the_real_number()
    {
        var response = await Leases.CreateLeaseAsync(Requests.CreateLease(requestId: "r-1"));

        var lease = response.Lease;
        Assert.That(lease.LeaseId, Has.Length.EqualTo(29));
        Assert.That(response, Is.EqualTo(new CreateLeaseResponse
        {
            Lease = new Lease
            {
                LeaseId = lease.LeaseId,
                PoolId = Requests.PoolId,
                Role = DeliveryRole.Recipient,
                VirtualNumber = "16210010000",
                VirtualNumberE164 = "+8616210010000",
                PrintedNumber = "16210010000",
                MaskedNumber = "+999 13******",
                State = LeaseState.Live,
                LeaseTime = Now.ToTimestamp(),
                Epoch = Now.ToUnixTimeMilliseconds(),
                ExpireTime = Now.AddDays(30).ToTimestamp(),
            },
        }));
    }

    [Test]
    public async Task A_700_number_has_no_E164_form()
    {
        await Ops.CreatePoolAsync(Requests.CreatePool("protection", blockDigits: 4));
        await Ops.AddNumbersAsync(Requests.AddBlocks("protection", "70012345678"));
        var request = Requests.CreateLease();
        request.PoolId = "protection";

        var lease = await LeaseAsync(request);

        Assert.That(
            (lease.VirtualNumber, lease.VirtualNumberE164, lease.PrintedNumber), Is.EqualTo(("700123456780000", "", "700123456780000")));
    }

    [Test]
    public async Task A_number_of_another_country_is_printed_in_E164()
    {
        var pool = Requests.CreatePool("abroad");
        pool.Pool.CountryCode = "999";
        await Ops.CreatePoolAsync(pool);
        await Ops.AddNumbersAsync(Requests.AddBlocks("abroad", "777000"));
        var request = Requests.CreateLease();
        request.PoolId = "abroad";

        var lease = await LeaseAsync(request);

        Assert.That(
            (lease.VirtualNumber, lease.VirtualNumberE164, lease.PrintedNumber), Is.EqualTo(("77700000", "+99977700000", "+99977700000")));
    }

    [Test]
    public async Task An_earlier_expire_time_is_granted()
    {
        var request = Requests.CreateLease();
        request.ExpireTime = Now.AddHours(2).ToTimestamp();
        Assert.That((await LeaseAsync(request)).ExpireTime, Is.EqualTo(request.ExpireTime));
    }

    [Test]
    public async Task A_later_expire_time_than_the_terms_changes_nothing()
    {
        var request = Requests.CreateLease();
        request.ExpireTime = Now.AddDays(90).ToTimestamp();
        Assert.That((await LeaseAsync(request)).ExpireTime, Is.EqualTo(Now.AddDays(30).ToTimestamp()));
    }

    [Test]
    public async Task The_latest_report_sets_the_first_expire_time()
    {
        await Leases.ReportDeliveryStatusAsync(Requests.Report(DeliveryStatus.AwaitingPickup, Now.AddDays(-1)));
        Assert.That((await LeaseAsync()).ExpireTime, Is.EqualTo(Now.AddDays(14).ToTimestamp()));
    }

    [Test]
    public async Task A_repeat_answers_the_same_lease()
    {
        var first = await Leases.CreateLeaseAsync(Requests.CreateLease(requestId: "r-1"));
        Service.Time.Advance(TimeSpan.FromHours(1));
        var repeat = await Leases.CreateLeaseAsync(Requests.CreateLease(requestId: "r-1"));

        Assert.That(repeat, Is.EqualTo(new CreateLeaseResponse { Lease = first.Lease, Existing = true }));
        Assert.That(await CountAsync(), Is.EqualTo(Counts(available: 99, leased: 1)));
    }

    [Test]
    public async Task The_same_number_for_the_same_role_is_the_same_lease([Values("", "r-2")] string secondRequestId)
    {
        var first = await Leases.CreateLeaseAsync(Requests.CreateLease(requestId: "r-1"));
        var request = Requests.CreateLease(real: "+999 1380-0138", requestId: secondRequestId);
        request.Delivery.WaybillNumber = "  ｓｆ1000200030 ";
        request.Delivery.Carrier = "sf";

        Assert.That(await Leases.CreateLeaseAsync(request), Is.EqualTo(new CreateLeaseResponse { Lease = first.Lease, Existing = true }));
    }

    [Test]
    public async Task Each_role_of_a_delivery_has_a_number_of_its_own()
    {
        var recipient = await LeaseAsync();
        var sender = await LeaseAsync(Requests.CreateLease(role: DeliveryRole.Sender));
        var courier = await LeaseAsync(Requests.CreateLease(role: DeliveryRole.Courier));
        Assert.That(new[] { recipient, sender, courier }.Select(lease => lease.VirtualNumber), Is.Unique);
        Assert.That(courier.Role, Is.EqualTo(DeliveryRole.Courier));
    }

    [Test]
    public async Task Two_tenants_deliveries_of_one_waybill_have_nothing_to_do_with_each_other()
    {
        var beta = Requests.CreateLease();
        beta.TenantId = TestService.Beta;
        await Ops.CreatePoolAsync(Requests.CreatePool(Requests.PoolId, tenant: TestService.Beta));
        var stock = Requests.AddBlocks(Requests.PoolId, "162100200");
        stock.TenantId = TestService.Beta;
        await Ops.AddNumbersAsync(stock);

        Assert.That((await LeaseAsync(beta)).VirtualNumber, Is.EqualTo("16210020000"));
        Assert.That((await LeaseAsync()).VirtualNumber, Is.EqualTo("16210010000"));
    }

    [Test]
    public async Task After_the_end_a_new_request_gets_a_new_lease_with_another_number()
    {
        var first = await LeaseAsync(Requests.CreateLease(requestId: "r-1"));
        await Leases.ReleaseLeaseAsync(Requests.ReleaseLease(first.LeaseId));
        var second = await Leases.CreateLeaseAsync(Requests.CreateLease(requestId: "r-2"));
        Assert.That(second.Existing, Is.False);
        Assert.That(second.Lease.VirtualNumber, Is.Not.EqualTo(first.VirtualNumber));
    }

    [Test]
    public async Task A_repeat_after_the_end_is_told_so_and_makes_no_second_lease()
    {
        var lease = await LeaseAsync(Requests.CreateLease(requestId: "r-1"));
        Service.Time.Advance(TimeSpan.FromMinutes(5));
        await Leases.ReleaseLeaseAsync(Requests.ReleaseLease(lease.LeaseId));

        var refusal = await RefusedCall.OfAsync(Leases.CreateLeaseAsync, Requests.CreateLease(requestId: "r-1"));

        refusal.Expect(StatusCode.FailedPrecondition, ErrorReason.LeaseEnded);
        Assert.That(refusal.Metadata, Is.EqualTo(new Dictionary<string, string>
        {
            ["lease_id"] = lease.LeaseId,
            ["end_time"] = "2026-03-02T08:05:00.000Z",
        }));
        Assert.That(await CountAsync(), Is.EqualTo(Counts(available: 99, aging: 1)));
    }

    [Test]
    public async Task The_same_request_id_with_other_content_is_refused()
    {
        await LeaseAsync(Requests.CreateLease(requestId: "r-1"));
        var earlier = Requests.CreateLease(requestId: "r-1");
        earlier.ExpireTime = Now.AddDays(1).ToTimestamp();
        foreach (var other in new[] { Requests.CreateLease(real: Requests.OtherReal, requestId: "r-1"), earlier })
        {
            var refusal = await RefusedCall.OfAsync(Leases.CreateLeaseAsync, other);
            refusal.Expect(StatusCode.InvalidArgument, ErrorReason.RequestIdReused, "request_id");
        }

        Assert.That(await CountAsync(), Is.EqualTo(Counts(available: 99, leased: 1)));
    }

    [Test]
    public async Task Another_number_for_a_role_that_is_taken_is_refused_with_the_lease_that_has_it()
    {
        var lease = await LeaseAsync();
        var refusal = await RefusedCall.OfAsync(Leases.CreateLeaseAsync, Requests.CreateLease(real: Requests.OtherReal));
        refusal.Expect(StatusCode.AlreadyExists, ErrorReason.DeliveryRoleTaken);
        Assert.That(refusal.Metadata, Is.EqualTo(new Dictionary<string, string> { ["lease_id"] = lease.LeaseId }));
        Assert.That((await ResolveAsync(lease.VirtualNumber)).ConnectNumber, Is.EqualTo(Requests.Real));
    }

    [Test]
    public async Task A_delivery_that_is_over_gets_no_lease()
    {
        await Leases.ReportDeliveryStatusAsync(Requests.Report(DeliveryStatus.Delivered, Now.AddDays(-7)));
        var refusal = await RefusedCall.OfAsync(Leases.CreateLeaseAsync, Requests.CreateLease());
        refusal.Expect(StatusCode.FailedPrecondition, ErrorReason.DeliveryOver);
        Assert.That(refusal.Metadata, Is.EqualTo(new Dictionary<string, string> { ["expire_time"] = "2026-03-02T08:00:00.000Z" }));
    }

    [Test]
    public async Task An_unknown_pool_is_not_found()
    {
        var request = Requests.CreateLease();
        request.PoolId = "elsewhere";
        var refusal = await RefusedCall.OfAsync(Leases.CreateLeaseAsync, request);
        refusal.Expect(StatusCode.NotFound, ErrorReason.PoolUnknown);
        Assert.That(refusal.Metadata, Is.EqualTo(new Dictionary<string, string> { ["field"] = "pool_id" }));
    }

    [Test]
    public async Task An_empty_pool_says_so_and_when_a_number_frees_up()
    {
        await Ops.CreatePoolAsync(Requests.CreatePool("small"));
        await Ops.AddNumbersAsync(Requests.AddNumbers("small", "16210020001"));
        var first = Requests.CreateLease("SF1000200031");
        first.PoolId = "small";
        await LeaseAsync(first);
        var second = Requests.CreateLease("SF1000200032");
        second.PoolId = "small";

        var refusal = await RefusedCall.OfAsync(Leases.CreateLeaseAsync, second);

        refusal.Expect(StatusCode.ResourceExhausted, ErrorReason.PoolEmpty);
        Assert.That(refusal.Metadata, Is.EqualTo(new Dictionary<string, string>
        {
            ["leased_count"] = "1",
            ["aging_count"] = "0",
            ["suspended_count"] = "0",
            ["retired_count"] = "0",
            ["faulty_count"] = "0",
            ["next_available_time"] = "2026-04-08T08:00:00.000Z",
        }));
        Assert.That(refusal.RetryDelay, Is.EqualTo(TimeSpan.FromDays(37)));
    }

    [Test]
    public async Task Numbers_that_rest_are_told_apart_from_an_empty_pool()
    {
        await Ops.CreatePoolAsync(Requests.CreatePool("small"));
        await Ops.AddNumbersAsync(Requests.AddNumbers("small", "16210020001", "16210020002"));
        await Ops.RetireNumbersAsync(Requests.Retire(Requests.Numbers("16210020002"), "small"));
        var request = Requests.CreateLease("SF1000200031");
        request.PoolId = "small";
        await Leases.ReleaseLeaseAsync(Requests.ReleaseLease((await LeaseAsync(request)).LeaseId));

        var refusal = await RefusedCall.OfAsync(Leases.CreateLeaseAsync, request);

        refusal.Expect(StatusCode.ResourceExhausted, ErrorReason.NumbersAging);
        Assert.That(refusal.Metadata, Is.EqualTo(new Dictionary<string, string>
        {
            ["leased_count"] = "0",
            ["aging_count"] = "1",
            ["suspended_count"] = "0",
            ["retired_count"] = "1",
            ["faulty_count"] = "0",
            ["next_available_time"] = "2026-03-09T08:00:00.000Z",
        }));
        Service.Time.Advance(refusal.RetryDelay!.Value - Millisecond);
        await RefusedCall.OfAsync(Leases.CreateLeaseAsync, request);
        Service.Time.Advance(Millisecond);
        Assert.That((await LeaseAsync(request)).VirtualNumber, Is.EqualTo("16210020001"));
    }

    [Test]
    public async Task A_pool_without_numbers_does_not_say_when()
    {
        await Ops.CreatePoolAsync(Requests.CreatePool("none"));
        var request = Requests.CreateLease();
        request.PoolId = "none";
        var refusal = await RefusedCall.OfAsync(Leases.CreateLeaseAsync, request);
        refusal.Expect(StatusCode.ResourceExhausted, ErrorReason.PoolEmpty);
        Assert.That(refusal.Metadata.Keys, Has.No.Member("next_available_time"));
        Assert.That(refusal.RetryDelay, Is.Null);
    }
}
