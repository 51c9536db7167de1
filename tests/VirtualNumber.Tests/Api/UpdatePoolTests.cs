using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Api;

[TestFixture]
public sealed class UpdatePoolTests : ApiTests
{
    [Test]
    public async Task Only_what_is_given_changes_and_the_etag_with_it()
    {
        var before = (await Ops.GetPoolAsync(Requests.GetPool())).Pool;
        var request = Requests.UpdatePool();
        request.Aging = TimeSpan.FromDays(45).ToDuration();

        var after = (await Ops.UpdatePoolAsync(request)).Pool;

        var expected = before.Clone();
        (expected.Aging, expected.Etag) = (request.Aging, after.Etag);
        Assert.That(after, Is.EqualTo(expected));
        Assert.That(after.Etag, Is.Not.EqualTo(before.Etag));
        Assert.That((await Ops.GetPoolAsync(Requests.GetPool())).Pool, Is.EqualTo(after));
    }

    [Test]
    public async Task A_repeat_is_harmless()
    {
        var request = Requests.UpdatePool();
        request.WithheldCallersAllowed = true;
        var first = await Ops.UpdatePoolAsync(request);
        Assert.That(first.Pool.WithheldCallersAllowed, Is.True);
        Assert.That(await Ops.UpdatePoolAsync(request), Is.EqualTo(first));
    }

    [Test]
    public async Task The_etag_that_was_read_is_taken_and_an_old_one_is_not()
    {
        var request = Requests.UpdatePool();
        request.WithheldCallersAllowed = true;
        request.Etag = (await Ops.GetPoolAsync(Requests.GetPool())).Pool.Etag;
        var current = (await Ops.UpdatePoolAsync(request)).Pool;

        request.WithheldCallersAllowed = false;
        var refusal = await RefusedCall.OfAsync(Ops.UpdatePoolAsync, request);

        refusal.Expect(StatusCode.FailedPrecondition, ErrorReason.EtagMismatch);
        Assert.That(refusal.Metadata, Is.EqualTo(new Dictionary<string, string> { ["etag"] = current.Etag }));
        Assert.That((await Ops.GetPoolAsync(Requests.GetPool())).Pool, Is.EqualTo(current));
    }

    [TestCase("1")]
    [TestCase("v")]
    [TestCase("vx")]
    [TestCase("v+1")]
    [TestCase("v 1")]
    [TestCase("v01")]
    [TestCase("v99999999999")]
    public async Task An_etag_that_was_never_answered_is_a_fault(string etag)
    {
        var request = Requests.UpdatePool();
        (request.WithheldCallersAllowed, request.Etag) = (true, etag);
        (await RefusedCall.OfAsync(Ops.UpdatePoolAsync, request)).Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "etag");
    }

    [Test]
    public async Task A_longer_aging_holds_at_once_for_numbers_that_rest_already()
    {
        var lease = await LeaseAsync();
        await Leases.ReleaseLeaseAsync(Requests.ReleaseLease(lease.LeaseId));
        Service.Time.Advance(TimeSpan.FromDays(7));
        Assert.That(await CountAsync(), Is.EqualTo(Counts(available: 100)));

        var request = Requests.UpdatePool();
        request.Aging = TimeSpan.FromDays(45).ToDuration();
        await Ops.UpdatePoolAsync(request);
        Assert.That(await CountAsync(), Is.EqualTo(Counts(available: 99, aging: 1)));
    }

    [TestCase(299)]
    [TestCase((365 * 86_400) + 1)]
    [TestCase(0)]
    [TestCase(-1)]
    public async Task An_aging_out_of_range_is_a_fault(int seconds)
    {
        var request = Requests.UpdatePool();
        request.Aging = TimeSpan.FromSeconds(seconds).ToDuration();
        (await RefusedCall.OfAsync(Ops.UpdatePoolAsync, request)).Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "aging");
    }

    [TestCase(300)]
    [TestCase(365 * 86_400)]
    public async Task An_aging_at_the_ends_of_the_range_is_taken(int seconds)
    {
        var request = Requests.UpdatePool();
        request.Aging = TimeSpan.FromSeconds(seconds).ToDuration();
        Assert.That((await Ops.UpdatePoolAsync(request)).Pool.Aging, Is.EqualTo(request.Aging));
    }

    [Test]
    public async Task An_update_of_nothing_is_a_fault() =>
        (await RefusedCall.OfAsync(Ops.UpdatePoolAsync, Requests.UpdatePool()))
            .Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "aging");

    [Test]
    public async Task An_unknown_pool_is_not_found()
    {
        var request = Requests.UpdatePool("elsewhere");
        request.WithheldCallersAllowed = true;
        (await RefusedCall.OfAsync(Ops.UpdatePoolAsync, request)).Expect(StatusCode.NotFound, ErrorReason.PoolUnknown);
    }
}
