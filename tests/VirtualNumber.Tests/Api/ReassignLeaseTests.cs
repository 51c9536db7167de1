using Grpc.Core;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Api;

[TestFixture]
public sealed class ReassignLeaseTests : ApiTests
{
    [Test]
    public async Task Only_the_real_number_changes_and_no_call_reaches_the_earlier_one()
    {
        var lease = await LeaseAsync(Requests.CreateLease(real: "13912345678"));
        var reassigned = await Leases.ReassignLeaseAsync(Requests.ReassignLease(lease.LeaseId));

        var expected = lease.Clone();
        expected.MaskedNumber = "+999 13******";
        Assert.That(lease.MaskedNumber, Is.EqualTo("+86 139********"));
        Assert.That(reassigned, Is.EqualTo(new ReassignLeaseResponse { Lease = expected }));
        Assert.That((await ResolveAsync(lease.VirtualNumber)).ConnectNumber, Is.EqualTo(Requests.OtherReal));
    }

    [Test]
    public async Task A_late_repeat_does_not_undo_a_later_reassignment()
    {
        var lease = await LeaseAsync();
        await Leases.ReassignLeaseAsync(Requests.ReassignLease(lease.LeaseId, "+99913800141", "a-1"));
        await Leases.ReassignLeaseAsync(Requests.ReassignLease(lease.LeaseId, "+99913800142", "a-2"));
        await Leases.ReassignLeaseAsync(Requests.ReassignLease(lease.LeaseId, "+99913800141", "a-1"));
        Assert.That((await ResolveAsync(lease.VirtualNumber)).ConnectNumber, Is.EqualTo("+99913800142"));
    }

    [Test]
    public async Task The_last_eight_are_remembered()
    {
        var lease = await LeaseAsync();
        for (var i = 1; i <= 8; i++)
            await Leases.ReassignLeaseAsync(Requests.ReassignLease(lease.LeaseId, $"+9991380014{i}", $"a-{i}"));
        await Leases.ReassignLeaseAsync(Requests.ReassignLease(lease.LeaseId, "+99913800141", "a-1"));
        Assert.That((await ResolveAsync(lease.VirtualNumber)).ConnectNumber, Is.EqualTo("+99913800148"));
    }

    [Test]
    public async Task The_same_request_id_with_another_number_is_refused()
    {
        var lease = await LeaseAsync();
        await Leases.ReassignLeaseAsync(Requests.ReassignLease(lease.LeaseId));
        var refusal = await RefusedCall.OfAsync(Leases.ReassignLeaseAsync, Requests.ReassignLease(lease.LeaseId, "+99913800141"));
        refusal.Expect(StatusCode.InvalidArgument, ErrorReason.RequestIdReused, "request_id");
        Assert.That((await ResolveAsync(lease.VirtualNumber)).ConnectNumber, Is.EqualTo(Requests.OtherReal));
    }

    [Test]
    public async Task A_number_of_a_pool_is_refused()
    {
        var lease = await LeaseAsync();
        var refusal = await RefusedCall.OfAsync(Leases.ReassignLeaseAsync, Requests.ReassignLease(lease.LeaseId, "16210010042"));
        refusal.Expect(StatusCode.InvalidArgument, ErrorReason.RealNumberInPool, "real_number");
    }

    [Test]
    public async Task A_lease_that_has_ended_is_not_reassigned()
    {
        var lease = await LeaseAsync();
        await Leases.ReleaseLeaseAsync(Requests.ReleaseLease(lease.LeaseId));
        var refusal = await RefusedCall.OfAsync(Leases.ReassignLeaseAsync, Requests.ReassignLease(lease.LeaseId));
        refusal.Expect(StatusCode.FailedPrecondition, ErrorReason.LeaseEnded);
        Assert.That(refusal.Metadata["end_time"], Is.EqualTo("2026-03-02T08:00:00.000Z"));
    }

    [Test]
    public async Task CreateLease_with_the_new_number_finds_the_reassigned_lease()
    {
        var lease = await LeaseAsync();
        await Leases.ReassignLeaseAsync(Requests.ReassignLease(lease.LeaseId));
        var again = await Leases.CreateLeaseAsync(Requests.CreateLease(real: Requests.OtherReal));
        Assert.That((again.Existing, again.Lease.LeaseId), Is.EqualTo((true, lease.LeaseId)));
    }
}
