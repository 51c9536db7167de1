using Google.Protobuf.WellKnownTypes;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Api;

[TestFixture]
public sealed class ListDeliveryLeasesTests : ApiTests
{
    [Test]
    public async Task The_leases_of_all_roles_come_in_the_order_of_the_roles_with_the_latest_status()
    {
        var courier = await LeaseAsync(Requests.CreateLease(role: DeliveryRole.Courier));
        var recipient = await LeaseAsync();
        await LeaseAsync(Requests.CreateLease("SF1000200099"));
        var report = await Leases.ReportDeliveryStatusAsync(Requests.Report(DeliveryStatus.PickedUp, Now.AddHours(-1)));

        var response = await Leases.ListDeliveryLeasesAsync(Requests.ListDeliveryLeases());

        Assert.That(response, Is.EqualTo(new ListDeliveryLeasesResponse
        {
            Leases = { report.Leases },
            Status = DeliveryStatus.PickedUp,
            EventTime = Now.AddHours(-1).ToTimestamp(),
        }));
        Assert.That(response.Leases.Select(lease => lease.LeaseId), Is.EqualTo(new[] { recipient.LeaseId, courier.LeaseId }));
    }

    [Test]
    public async Task A_role_shows_its_latest_lease_also_when_it_has_ended()
    {
        var first = await LeaseAsync();
        var released = (await Leases.ReleaseLeaseAsync(Requests.ReleaseLease(first.LeaseId))).Lease;
        Assert.That((await Leases.ListDeliveryLeasesAsync(Requests.ListDeliveryLeases())).Leases, Is.EqualTo(new[] { released }));

        var second = await LeaseAsync();
        Assert.That((await Leases.ListDeliveryLeasesAsync(Requests.ListDeliveryLeases())).Leases, Is.EqualTo(new[] { second }));
    }

    [Test]
    public async Task A_delivery_that_nobody_has_heard_of_has_no_leases() =>
        Assert.That(await Leases.ListDeliveryLeasesAsync(Requests.ListDeliveryLeases("SF9999999999")), Is.EqualTo(new ListDeliveryLeasesResponse()));

    [Test]
    public async Task Another_tenant_sees_nothing_of_a_delivery()
    {
        await LeaseAsync();
        var request = Requests.ListDeliveryLeases();
        request.TenantId = TestService.Beta;
        Assert.That(await Leases.ListDeliveryLeasesAsync(request), Is.EqualTo(new ListDeliveryLeasesResponse()));
    }
}
