using Grpc.Core;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Api;

/// <summary>Numbers by which each of two persons reaches the other, and nobody else reaches either.</summary>
[TestFixture]
public sealed class PairPoolTests : ApiTests
{
    private const string Courier = Requests.Real;
    private const string Recipient = Requests.OtherReal;
    private const string OtherCourier = "+99913800150";
    private const string OtherRecipient = "+99913800151";

    [SetUp]
    public async Task StockPairsAsync()
    {
        var pool = new Pool { PoolId = "pairs", Mode = PoolMode.Pair, EndedAnnouncement = "ended-1", EndedHotline = "+99955500999", WithheldCallersAllowed = true };
        await Ops.CreatePoolAsync(new CreatePoolRequest { TenantId = TestService.Alpha, Pool = pool });
        await Ops.AddNumbersAsync(Requests.AddNumbers("pairs", "16210020001", "16210020002", "16210020003"));
    }

    [Test]
    public async Task Each_reaches_the_other_and_both_see_the_number_only()
    {
        var lease = await LeaseAsync(Requests.Pair());
        var fromCourier = await ResolveAsync(lease.VirtualNumber, Courier);
        var fromRecipient = await ResolveAsync(lease.VirtualNumber, Recipient);

        Assert.That((lease.CallDirection, lease.MaskedNumber, lease.MaskedPeerNumber), Is.EqualTo((CallDirection.Both, "+999 13******", "+999 13******")));
        Assert.That(lease.PrintedNumber, Is.EqualTo(lease.VirtualNumber));
        Assert.That(fromCourier, Is.EqualTo(Answers.Connect(lease, Recipient)));
        Assert.That(fromRecipient, Is.EqualTo(Answers.Connect(lease, Courier)));
    }

    [Test]
    public async Task To_others_a_pair_looks_like_a_number_that_was_never_leased()
    {
        var lease = await LeaseAsync(Requests.Pair());
        var notInService = await ResolveAsync("17099990000");
        foreach (var caller in new[] { Requests.Caller, "", "anonymous" })
            Assert.That(await ResolveAsync(lease.VirtualNumber, caller), Is.EqualTo(notInService), caller);
        Assert.That(await ResolveAsync("16210020003", Courier), Is.EqualTo(notInService), "the courier, at another number");
    }

    [TestCase(CallDirection.FromHolder, true, false)]
    [TestCase(CallDirection.ToHolder, false, true)]
    public async Task A_pair_may_be_one_way(CallDirection direction, bool courierMay, bool recipientMay)
    {
        var lease = await LeaseAsync(Requests.Pair(direction: direction));
        var refused = new ResolveResponse
        {
            Action = RoutingAction.Reject,
            Refusal = new V1.Refusal { Q850Cause = 21, SipStatus = 403, Reason = RefusalReason.NotAllowed },
        };
        Assert.That(await ResolveAsync(lease.VirtualNumber, Courier), Is.EqualTo(courierMay ? Answers.Connect(lease, Recipient) : refused));
        Assert.That(await ResolveAsync(lease.VirtualNumber, Recipient), Is.EqualTo(recipientMay ? Answers.Connect(lease, Courier) : refused));
    }

    /// <summary>Trap: a made-up number for a person who is not known gets blacklisted one day, and every lease fails.</summary>
    [Test]
    public async Task A_person_who_is_not_known_is_added_later()
    {
        var lease = await LeaseAsync(Requests.Pair(recipient: ""));
        Assert.That(lease.MaskedPeerNumber, Is.Empty);
        Assert.That((await ResolveAsync(lease.VirtualNumber, Courier)).Refusal.Reason, Is.EqualTo(RefusalReason.NotAllowed));
        Assert.That((await ResolveAsync(lease.VirtualNumber, Recipient)).Refusal.Reason, Is.EqualTo(RefusalReason.NotInService));

        var known = await Leases.ReassignLeaseAsync(Reassign(lease, courier: "", recipient: Recipient));
        Assert.That((known.Lease.LeaseId, known.NewNumber), Is.EqualTo((lease.LeaseId, false)));
        Assert.That(await ResolveAsync(lease.VirtualNumber, Courier), Is.EqualTo(Answers.Connect(lease, Recipient)));
        Assert.That(await ResolveAsync(lease.VirtualNumber, Recipient), Is.EqualTo(Answers.Connect(lease, Courier)));
        var repeated = await Leases.CreateLeaseAsync(Requests.Pair());
        Assert.That((repeated.Existing, repeated.Lease.LeaseId), Is.EqualTo((true, lease.LeaseId)), "asked for again with both");
    }

    [Test]
    public async Task Another_courier_takes_over_and_the_recipient_notices_nothing()
    {
        var lease = await LeaseAsync(Requests.Pair());
        var reassigned = await Leases.ReassignLeaseAsync(Reassign(lease, OtherCourier));

        Assert.That((reassigned.Lease.LeaseId, reassigned.Lease.VirtualNumber, reassigned.NewNumber), Is.EqualTo((lease.LeaseId, lease.VirtualNumber, false)));
        Assert.That(await ResolveAsync(lease.VirtualNumber, Recipient), Is.EqualTo(Answers.Connect(lease, OtherCourier)));
        Assert.That(await ResolveAsync(lease.VirtualNumber, OtherCourier), Is.EqualTo(Answers.Connect(lease, Recipient)));
        Assert.That(await ResolveAsync(lease.VirtualNumber, Courier), Is.EqualTo(s_ended), "the first courier is out at once");
    }

    [Test]
    public async Task Both_parties_of_an_ended_pair_hear_so_until_they_have_rested()
    {
        var lease = await LeaseAsync(Requests.Pair());
        await Leases.ReleaseLeaseAsync(Requests.ReleaseLease(lease.LeaseId));
        Assert.That(await ResolveAsync(lease.VirtualNumber, Courier), Is.EqualTo(s_ended));
        Assert.That(await ResolveAsync(lease.VirtualNumber, Recipient), Is.EqualTo(s_ended));

        Service.Time.Advance(TimeSpan.FromDays(7) - Millisecond);
        var next = await LeaseAsync(Requests.Pair(waybill: "SF2"));
        Assert.That(next.VirtualNumber, Is.Not.EqualTo(lease.VirtualNumber), "not before the rest is over");
        Assert.That(await ResolveAsync(lease.VirtualNumber, Courier), Is.EqualTo(s_ended));
        Service.Time.Advance(Millisecond);
        var notInService = await ResolveAsync("17099990000");
        Assert.That(await ResolveAsync(lease.VirtualNumber, Courier), Is.EqualTo(notInService));
        Assert.That((await LeaseAsync(Requests.Pair(waybill: "SF3"))).VirtualNumber, Is.EqualTo(lease.VirtualNumber), "after it");
    }

    [Test]
    public async Task A_number_is_shared_by_pairs_that_have_nobody_in_common()
    {
        var first = await LeaseAsync(Requests.Pair(Courier, Recipient, "SF1"));
        var second = await LeaseAsync(Requests.Pair(OtherCourier, OtherRecipient, "SF2"));
        var third = await LeaseAsync(Requests.Pair(Courier, OtherRecipient, "SF3"));

        Assert.That(second.VirtualNumber, Is.EqualTo(first.VirtualNumber), "the first number that fits");
        Assert.That(third.VirtualNumber, Is.Not.EqualTo(first.VirtualNumber), "both are there already");
        Assert.That(await ResolveAsync(first.VirtualNumber, Courier), Is.EqualTo(Answers.Connect(first, Recipient)));
        Assert.That(await ResolveAsync(second.VirtualNumber, OtherRecipient), Is.EqualTo(Answers.Connect(second, OtherCourier)));
        Assert.That(await ResolveAsync(third.VirtualNumber, Courier), Is.EqualTo(Answers.Connect(third, OtherRecipient)));
    }

    [Test]
    public async Task A_courier_who_is_on_the_number_cannot_take_over_there()
    {
        var taken = await LeaseAsync(Requests.Pair(OtherCourier, OtherRecipient, "SF1"));
        var lease = await LeaseAsync(Requests.Pair(Courier, Recipient, "SF2"));
        Assert.That(lease.VirtualNumber, Is.EqualTo(taken.VirtualNumber));

        var refusal = await RefusedCall.OfAsync(Leases.ReassignLeaseAsync, Reassign(lease, OtherCourier));
        refusal.Expect(StatusCode.FailedPrecondition, ErrorReason.PartyBusy);
        Assert.That(refusal.Metadata["lease_id"], Is.EqualTo(lease.LeaseId));
        Assert.That(await ResolveAsync(lease.VirtualNumber, Courier), Is.EqualTo(Answers.Connect(lease, Recipient)), "it stays as it is");
        Assert.That(await ResolveAsync(lease.VirtualNumber, OtherCourier), Is.EqualTo(Answers.Connect(taken, OtherRecipient)));
    }

    [Test]
    public async Task A_courier_who_is_on_the_number_gets_another_one_in_the_same_request()
    {
        await LeaseAsync(Requests.Pair(OtherCourier, OtherRecipient, "SF1"));
        var lease = await LeaseAsync(Requests.Pair(Courier, Recipient, "SF2"));
        var request = Reassign(lease, OtherCourier, newNumber: true);
        var moved = await Leases.ReassignLeaseAsync(request);
        var repeated = await Leases.ReassignLeaseAsync(request);

        Assert.That(moved.NewNumber, Is.True);
        Assert.That(repeated, Is.EqualTo(moved), "a repeat makes no third one");
        Assert.That(moved.Lease.VirtualNumber, Is.Not.EqualTo(lease.VirtualNumber));
        Assert.That(await ResolveAsync(moved.Lease.VirtualNumber, OtherCourier), Is.EqualTo(Answers.Connect(moved.Lease, Recipient)));
        Assert.That(await ResolveAsync(moved.Lease.VirtualNumber, Recipient), Is.EqualTo(Answers.Connect(moved.Lease, OtherCourier)));
        Assert.That(await ResolveAsync(lease.VirtualNumber, Courier), Is.EqualTo(s_ended));
        Assert.That(await ResolveAsync(lease.VirtualNumber, Recipient), Is.EqualTo(s_ended));
        var listed = (await Leases.ListDeliveryLeasesAsync(Requests.ListDeliveryLeases("SF2"))).Leases;
        Assert.That(listed.Single().LeaseId, Is.EqualTo(moved.Lease.LeaseId), "the delivery's reports reach the new one");
    }

    [Test]
    public async Task Where_no_other_number_can_be_had_the_lease_stays()
    {
        foreach (var (waybill, recipient) in new[] { ("SF1", OtherRecipient), ("SF2", "+99913800152"), ("SF3", "+99913800153") })
            await LeaseAsync(Requests.Pair(OtherCourier, recipient, waybill));
        var lease = await LeaseAsync(Requests.Pair(Courier, Recipient, "SF4"));

        var refusal = await RefusedCall.OfAsync(Leases.ReassignLeaseAsync, Reassign(lease, OtherCourier, newNumber: true));
        refusal.Expect(StatusCode.ResourceExhausted, ErrorReason.PartySaturated);
        Assert.That((refusal.Metadata["holder_number_count"], refusal.Metadata["peer_number_count"]), Is.EqualTo(("3", "1")));
        Assert.That(await ResolveAsync(lease.VirtualNumber, Courier), Is.EqualTo(Answers.Connect(lease, Recipient)));
    }

    [Test]
    public async Task A_person_who_sits_on_every_number_is_told_so()
    {
        for (var i = 0; i < 3; i++)
            await LeaseAsync(Requests.Pair(Courier, $"+9991380016{i}", $"SF{i}"));

        var refusal = await RefusedCall.OfAsync(Leases.CreateLeaseAsync, Requests.Pair(Courier, "+99913800170", "SF9"));
        refusal.Expect(StatusCode.ResourceExhausted, ErrorReason.PartySaturated);
        Assert.That(refusal.Metadata["holder_number_count"], Is.EqualTo("3"));
        Assert.That(refusal.Metadata["peer_number_count"], Is.EqualTo("0"));
        Assert.That(refusal.Metadata["next_available_time"], Is.EqualTo("2026-04-08T08:00:00.000Z"), "30 days of life and 7 of rest");
        Assert.That(refusal.RetryDelay, Is.EqualTo(TimeSpan.FromDays(37)));
        Assert.That((await LeaseAsync(Requests.Pair(OtherCourier, OtherRecipient, "SF10"))).LeaseId, Is.Not.Empty, "others find room");
    }

    [Test]
    public async Task The_same_two_numbers_are_no_pair()
    {
        var create = await RefusedCall.OfAsync(Leases.CreateLeaseAsync, Requests.Pair(Courier, "00999 13800138"));
        create.Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "peer_number");
        var lease = await LeaseAsync(Requests.Pair());
        var reassign = await RefusedCall.OfAsync(Leases.ReassignLeaseAsync, Reassign(lease, Recipient));
        reassign.Expect(StatusCode.FailedPrecondition, ErrorReason.PartyBusy);
    }

    [Test]
    public async Task A_pair_can_change_sides()
    {
        var lease = await LeaseAsync(Requests.Pair(direction: CallDirection.FromHolder));
        await Leases.ReassignLeaseAsync(Reassign(lease, Recipient, Courier));
        Assert.That(await ResolveAsync(lease.VirtualNumber, Recipient), Is.EqualTo(Answers.Connect(lease, Courier)));
        Assert.That((await ResolveAsync(lease.VirtualNumber, Courier)).Refusal.Reason, Is.EqualTo(RefusalReason.NotAllowed));
    }

    [Test]
    public async Task Another_peer_or_direction_for_the_same_role_is_a_conflict()
    {
        var lease = await LeaseAsync(Requests.Pair());
        foreach (var other in new[] { Requests.Pair(recipient: OtherRecipient), Requests.Pair(direction: CallDirection.FromHolder), Requests.Pair(OtherCourier) })
        {
            var refusal = await RefusedCall.OfAsync(Leases.CreateLeaseAsync, other);
            refusal.Expect(StatusCode.AlreadyExists, ErrorReason.DeliveryRoleTaken);
            Assert.That(refusal.Metadata["lease_id"], Is.EqualTo(lease.LeaseId));
        }
    }

    [Test]
    public async Task A_repeated_request_gets_the_lease_that_it_got_also_after_a_reassignment()
    {
        var first = await Leases.CreateLeaseAsync(Requests.Pair(requestId: "r-1"));
        await Leases.ReassignLeaseAsync(Reassign(first.Lease, OtherCourier));
        var repeated = await Leases.CreateLeaseAsync(Requests.Pair(requestId: "r-1"));
        Assert.That((repeated.Existing, repeated.Lease.LeaseId), Is.EqualTo((true, first.Lease.LeaseId)));
        var other = await RefusedCall.OfAsync(Leases.CreateLeaseAsync, Requests.Pair(recipient: OtherRecipient, requestId: "r-1"));
        other.Expect(StatusCode.InvalidArgument, ErrorReason.RequestIdReused, "request_id");
    }

    [Test]
    public async Task Only_a_pool_of_pairs_takes_a_peer()
    {
        var create = Requests.Pair();
        create.PoolId = Requests.PoolId;
        (await RefusedCall.OfAsync(Leases.CreateLeaseAsync, create)).Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "peer_number");
        var lease = await LeaseAsync();
        foreach (var request in new[] { Reassign(lease, "", OtherRecipient), Reassign(lease, OtherCourier, OtherRecipient), Reassign(lease, OtherCourier, newNumber: true) })
            (await RefusedCall.OfAsync(Leases.ReassignLeaseAsync, request)).Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "peer_number");
    }

    [TestCase("16210010042", ErrorReason.RealNumberInPool)]
    [TestCase("95588", ErrorReason.FieldsInvalid)]
    [TestCase("no number", ErrorReason.FieldsInvalid)]
    public async Task A_peer_is_held_to_the_rules_for_real_numbers(string peer, ErrorReason reason)
    {
        (await RefusedCall.OfAsync(Leases.CreateLeaseAsync, Requests.Pair(recipient: peer))).Expect(StatusCode.InvalidArgument, reason, "peer_number");
        var lease = await LeaseAsync(Requests.Pair());
        (await RefusedCall.OfAsync(Leases.ReassignLeaseAsync, Reassign(lease, "", peer))).Expect(StatusCode.InvalidArgument, reason, "peer_number");
    }

    private static readonly ResolveResponse s_ended = new()
    {
        Action = RoutingAction.Reject,
        Refusal = new V1.Refusal
        {
            Q850Cause = 1,
            SipStatus = 404,
            Reason = RefusalReason.Ended,
            AnnouncementCode = "ended-1",
            HotlineNumber = "+99955500999",
        },
    };

    private static ReassignLeaseRequest Reassign(Lease lease, string courier, string recipient = "", bool newNumber = false)
    {
        var request = Requests.ReassignLease(lease.LeaseId, courier);
        (request.PeerNumber, request.NewNumberIfBusy) = (recipient, newNumber);
        return request;
    }
}
