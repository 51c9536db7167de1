using Grpc.Core;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Api;

/// <summary>Numbers of areas, and leases that ask for one.</summary>
[TestFixture]
public sealed class AreaTests : ApiTests
{
    private const string Shanghai = "310100";
    private const string Beijing = "110100";
    private const string Shenzhen = "440300";

    [SetUp]
    public async Task StockAreasAsync()
    {
        await Ops.CreatePoolAsync(Requests.CreatePool("areas"));
        await AddAsync(Shanghai, "16210030001");
        await AddAsync(Beijing, "16210030002");
        await AddAsync("", "16210030003", "16210030004");
    }

    [Test]
    public async Task A_lease_gets_a_number_of_the_area_that_it_asks_for()
    {
        var lease = await LeaseAsync(In("SF1", Beijing));
        Assert.That((lease.VirtualNumber, lease.AreaCode), Is.EqualTo(("16210030002", Beijing)));
        Assert.That((await Leases.GetLeaseAsync(Requests.GetLease(lease.LeaseId))).Lease.AreaCode, Is.EqualTo(Beijing));
        var blocks = (await Ops.GetStatsAsync(Requests.GetStats("areas"))).Blocks;
        Assert.That(blocks.Single(block => block.AreaCode == Beijing).Counts, Is.EqualTo(Counts(leased: 1)));
    }

    [Test]
    public async Task Fall_backs_are_tried_in_order_and_after_them_any_number()
    {
        var numbers = new List<string>();
        for (var i = 0; i < 4; i++)
            numbers.Add((await LeaseAsync(In($"SF{i}", Shenzhen, strict: false, Beijing, Shanghai))).VirtualNumber);
        Assert.That(numbers[..2], Is.EqualTo(new[] { "16210030002", "16210030001" }));
        Assert.That(numbers[2..], Is.EquivalentTo(new[] { "16210030003", "16210030004" }));
    }

    [Test]
    public async Task An_area_that_is_insisted_on_runs_dry_by_itself()
    {
        await LeaseAsync(In("SF1", Shanghai, strict: true));
        var refusal = await RefusedCall.OfAsync(Leases.CreateLeaseAsync, In("SF2", Shanghai, strict: true));
        refusal.Expect(StatusCode.ResourceExhausted, ErrorReason.AreaEmpty);
        Assert.That((refusal.Metadata["area_code"], refusal.Metadata["leased_count"]), Is.EqualTo((Shanghai, "1")));
        Assert.That(refusal.Metadata["next_available_time"], Is.EqualTo("2026-04-08T08:00:00.000Z"));
        (await RefusedCall.OfAsync(Leases.CreateLeaseAsync, In("SF3", Shenzhen, strict: true))).Expect(StatusCode.ResourceExhausted, ErrorReason.AreaEmpty);
        Assert.That((await LeaseAsync(In("SF4", Shanghai))).AreaCode, Is.Not.EqualTo(Shanghai), "without insisting there are others");
    }

    [Test]
    public async Task A_pool_that_is_dry_altogether_says_so_to_whoever_does_not_insist()
    {
        for (var i = 0; i < 4; i++)
            await LeaseAsync(In($"SF{i}", Shanghai));
        (await RefusedCall.OfAsync(Leases.CreateLeaseAsync, In("SF8", Shanghai))).Expect(StatusCode.ResourceExhausted, ErrorReason.PoolEmpty);
        (await RefusedCall.OfAsync(Leases.CreateLeaseAsync, In("SF9", Shanghai, strict: true))).Expect(StatusCode.ResourceExhausted, ErrorReason.AreaEmpty);
    }

    [Test]
    public async Task A_number_keeps_the_area_it_was_added_with()
    {
        var again = Requests.AddNumbers("areas", "16210030001");
        again.AreaCode = Shanghai;
        Assert.That((await Ops.AddNumbersAsync(again)).PresentCount, Is.EqualTo(1));
        again.AreaCode = Beijing;
        (await RefusedCall.OfAsync(Ops.AddNumbersAsync, again)).Expect(StatusCode.AlreadyExists, ErrorReason.NumbersOverlap, "numbers[0]");
    }

    [Test]
    public async Task All_faults_of_a_preference_are_told()
    {
        var request = In("SF1", "not an area", strict: true, "1", "2", "", "4", "5", "6");
        (await RefusedCall.OfAsync(Leases.CreateLeaseAsync, request)).Expect(
            StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "area.area_code", "area.fallback_area_codes", "area.fallback_area_codes", "area.fallback_area_codes[2]");
        var add = Requests.AddNumbers("areas", "16210030009");
        add.AreaCode = "1234567890123";
        (await RefusedCall.OfAsync(Ops.AddNumbersAsync, add)).Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "area_code");
    }

    private static CreateLeaseRequest In(string waybill, string area, bool strict = false, params string[] fallBacks)
    {
        var request = Requests.CreateLease(waybill);
        request.PoolId = "areas";
        request.Area = new AreaPreference { AreaCode = area, Strict = strict, FallbackAreaCodes = { fallBacks } };
        return request;
    }

    private async Task AddAsync(string area, params string[] numbers)
    {
        var request = Requests.AddNumbers("areas", numbers);
        request.AreaCode = area;
        await Ops.AddNumbersAsync(request);
    }
}
