using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Api;

[TestFixture]
public sealed class GetCallStatsTests : ApiTests
{
    private Lease _one = null!;
    private Lease _other = null!;

    /// <summary>Two callers of the one lease, of whom one talks and calls again too soon; a call to the other that nobody answers; a stranger.</summary>
    [SetUp]
    public async Task CallAsync()
    {
        (_one, _other) = (await LeaseAsync(Requests.CreateLease("SF1")), await LeaseAsync(Requests.CreateLease("SF2")));
        await Routing.ResolveAsync(Requests.Resolve(_one.VirtualNumber, callId: "a"));
        await Routing.ReportCallEventsAsync(CallRequests.Report(_one, "a", CallRequests.Talk(Now, 61.5)));
        await Routing.ResolveAsync(Requests.Resolve(_one.VirtualNumber, callId: "b"));
        await Routing.ResolveAsync(Requests.Resolve(_one.VirtualNumber, "+99955500222", "c"));
        await Routing.ReportCallEventsAsync(CallRequests.Report(_one, "c", CallRequests.Talk(Now, 8.5)));
        await Routing.ResolveAsync(Requests.Resolve(_other.VirtualNumber, callId: "d"));
        await Routing.ReportCallEventsAsync(CallRequests.Report(
            _other, "d", CallRequests.Event(CallEventKind.Ringing, Now), CallRequests.Event(CallEventKind.Released, Now.AddSeconds(30))));
        await Routing.ResolveAsync(Requests.Resolve("16210010099", callId: "e"));
    }

    [Test]
    public async Task All_calls_of_a_pool_are_counted_by_what_they_truly_came_to()
    {
        Assert.That(await StatsAsync(CallRequests.Stats()), Is.EqualTo(new[]
        {
            Row(5, 2, 70, (ResolveOutcome.Connect, 3), (ResolveOutcome.NotLeased, 1), (ResolveOutcome.TooFrequent, 1)),
        }));
    }

    [Test]
    public async Task Calls_are_counted_by_lease_number_or_gateway()
    {
        var one = Row(3, 2, 70, (ResolveOutcome.Connect, 2), (ResolveOutcome.TooFrequent, 1));
        var other = Row(1, 0, 0, (ResolveOutcome.Connect, 1));
        var none = Row(1, 0, 0, (ResolveOutcome.NotLeased, 1));
        CallStats With(CallStats row, Action<CallStats> name)
        {
            var named = row.Clone();
            name(named);
            return named;
        }

        Assert.That(
            await StatsAsync(CallRequests.Stats(CallGrouping.Lease)),
            Is.EquivalentTo(new[] { With(one, row => row.LeaseId = _one.LeaseId), With(other, row => row.LeaseId = _other.LeaseId), none }));
        Assert.That(
            await StatsAsync(CallRequests.Stats(CallGrouping.Number)),
            Is.EquivalentTo(new[]
            {
                With(one, row => row.VirtualNumber = _one.VirtualNumber), With(other, row => row.VirtualNumber = _other.VirtualNumber),
                With(none, row => row.VirtualNumber = "16210010099"),
            }));
        Assert.That((await StatsAsync(CallRequests.Stats(CallGrouping.Gateway))).Single().GatewayId, Is.EqualTo(TestService.Gateway));
    }

    [Test]
    public async Task The_filters_are_those_of_the_list()
    {
        var request = CallRequests.Stats();
        request.LeaseId = _other.LeaseId;
        Assert.That(await StatsAsync(request), Is.EqualTo(new[] { Row(1, 0, 0, (ResolveOutcome.Connect, 1)) }));
        request.LeaseId = "";
        request.VirtualNumber = _one.VirtualNumber;
        Assert.That((await StatsAsync(request)).Single().CallCount, Is.EqualTo(3));
        request.VirtualNumber = "";
        request.FromTime = Now.AddSeconds(1).ToTimestamp();
        Assert.That(await StatsAsync(request), Is.Empty);
    }

    [Test]
    public async Task What_is_wrong_with_a_question_is_told()
    {
        var request = CallRequests.Stats((CallGrouping)9);
        request.GatewayId = "no gateway";
        (await RefusedCall.OfAsync(Ops.GetCallStatsAsync, request)).Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "group_by", "gateway_id");
        request = CallRequests.Stats();
        request.PageToken = "x";
        (await RefusedCall.OfAsync(Ops.GetCallStatsAsync, request)).Expect(StatusCode.InvalidArgument, ErrorReason.PageTokenInvalid, "page_token");
    }

    private async Task<IReadOnlyList<CallStats>> StatsAsync(GetCallStatsRequest request)
    {
        var response = await Ops.GetCallStatsAsync(request);
        Assert.That(response.NextPageToken, Is.Empty);
        return [.. response.Stats];
    }

    private static CallStats Row(int calls, int answered, double seconds, params (ResolveOutcome Outcome, int Count)[] outcomes) => new()
    {
        CallCount = calls,
        AnsweredCount = answered,
        TalkDuration = TimeSpan.FromSeconds(seconds).ToDuration(),
        Outcomes = { outcomes.Select(outcome => new OutcomeCount { Outcome = outcome.Outcome, CallCount = outcome.Count }) },
    };
}
