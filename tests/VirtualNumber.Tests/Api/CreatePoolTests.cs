using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Api;

[TestFixture]
public sealed class CreatePoolTests : ApiTests
{
    [Test]
    public async Task What_is_missing_is_set_to_the_defaults()
    {
        var pool = (await Ops.CreatePoolAsync(Requests.CreatePool("fresh", blockDigits: 0))).Pool;
        Assert.That(pool, Is.EqualTo(new Pool
        {
            PoolId = "fresh",
            Mode = PoolMode.Direct,
            CountryCode = "86",
            BlockDigits = 4,
            Aging = TimeSpan.FromDays(7).ToDuration(),
            CreateTime = Now.ToTimestamp(),
            Etag = pool.Etag,
            Density = 1,
        }));
        Assert.That(pool.Etag, Is.Not.Empty);
    }

    [Test]
    public async Task The_default_aging_is_never_shorter_than_the_least()
    {
        await using var service = await TestService.StartAsync(settings: ("Bounds:LeastAging", "45.00:00:00"));
        var pool = (await service.Ops.CreatePoolAsync(Requests.CreatePool("fresh"))).Pool;
        Assert.That(pool.Aging, Is.EqualTo(TimeSpan.FromDays(45).ToDuration()));
    }

    [Test]
    public async Task What_is_asked_for_is_kept()
    {
        var asked = new Pool
        {
            PoolId = "abroad-2",
            Mode = PoolMode.Direct,
            CountryCode = "999",
            BlockDigits = 3,
            Aging = TimeSpan.FromMinutes(5).ToDuration(),
            WithheldCallersAllowed = true,
            Density = 1,
            Quota = new LeaseQuota { LiveLeaseLimit = 7, LeasesPerMinuteLimit = 3 },
            EndedAnnouncement = "ended-1",
            EndedHotline = "+99995500",
        };
        var pool = (await Ops.CreatePoolAsync(new CreatePoolRequest { TenantId = TestService.Alpha, Pool = asked })).Pool;
        (asked.CreateTime, asked.Etag) = (Now.ToTimestamp(), pool.Etag);
        Assert.That(pool, Is.EqualTo(asked));
    }

    [Test]
    public async Task A_repeat_answers_the_pool_that_stands()
    {
        var first = await Ops.CreatePoolAsync(Requests.CreatePool("fresh"));
        Service.Time.Advance(TimeSpan.FromHours(1));
        Assert.That(await Ops.CreatePoolAsync(Requests.CreatePool("fresh")), Is.EqualTo(first));
    }

    [Test]
    public async Task Other_properties_are_refused()
    {
        var refusal = await RefusedCall.OfAsync(Ops.CreatePoolAsync, Requests.CreatePool(Requests.PoolId, blockDigits: 3));
        refusal.Expect(StatusCode.AlreadyExists, ErrorReason.PoolExists);
        Assert.That((await Ops.GetPoolAsync(Requests.GetPool())).Pool.BlockDigits, Is.EqualTo(2));
    }

    [Test]
    public async Task Tenants_may_use_the_same_id()
    {
        var pool = Requests.CreatePool(Requests.PoolId, blockDigits: 3, tenant: TestService.Beta);
        Assert.That((await Ops.CreatePoolAsync(pool)).Pool.BlockDigits, Is.EqualTo(3));
    }

    [Test]
    public async Task A_missing_pool_is_a_fault() =>
        (await RefusedCall.OfAsync(Ops.CreatePoolAsync, new CreatePoolRequest { TenantId = TestService.Alpha }))
            .Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "pool");

    [Test]
    public async Task All_faulty_fields_are_told_at_once()
    {
        var request = new CreatePoolRequest
        {
            TenantId = "no tenant",
            Pool = new Pool
            {
                PoolId = "Main",
                Mode = (PoolMode)9,
                CountryCode = "21",
                BlockDigits = 5,
                Aging = TimeSpan.FromSeconds(299).ToDuration(),
            },
        };
        (await RefusedCall.OfAsync(Ops.CreatePoolAsync, request)).Expect(
            StatusCode.InvalidArgument,
            ErrorReason.FieldsInvalid,
            "tenant_id", "pool.pool_id", "pool.mode", "pool.country_code", "pool.block_digits", "pool.aging");
    }

    [TestCase("0")]
    [TestCase("447", Description = "A code and a digit of the number")]
    [TestCase("12", Description = "A code and a digit of the number")]
    [TestCase("44 ", Description = "Written with a blank")]
    [TestCase("+44")]
    [TestCase("４４")]
    [TestCase("8610000000000000000")]
    public async Task A_country_code_is_an_assigned_one_in_plain_digits(string country)
    {
        var request = Requests.CreatePool("abroad");
        request.Pool.CountryCode = country;
        (await RefusedCall.OfAsync(Ops.CreatePoolAsync, request)).Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "pool.country_code");
    }

    [TestCase("1")]
    [TestCase("44")]
    [TestCase("86")]
    [TestCase("999")]
    public async Task Assigned_country_codes_are_taken(string country)
    {
        var request = Requests.CreatePool("abroad");
        request.Pool.CountryCode = country;
        Assert.That((await Ops.CreatePoolAsync(request)).Pool.CountryCode, Is.EqualTo(country));
    }

    [TestCase("")]
    [TestCase("1main")]
    [TestCase("-main")]
    [TestCase("main_2")]
    [TestCase("Main")]
    public async Task A_pool_id_has_its_form(string id) =>
        (await RefusedCall.OfAsync(Ops.CreatePoolAsync, Requests.CreatePool(id)))
            .Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "pool.pool_id");

    [TestCase(63, true)]
    [TestCase(64, false)]
    public async Task A_pool_id_has_at_most_63_characters(int length, bool good)
    {
        var request = Requests.CreatePool(new string('p', length));
        if (good)
            Assert.That((await Ops.CreatePoolAsync(request)).Pool.PoolId, Has.Length.EqualTo(length));
        else
            (await RefusedCall.OfAsync(Ops.CreatePoolAsync, request)).Expect(StatusCode.InvalidArgument, ErrorReason.FieldsInvalid, "pool.pool_id");
    }
}
