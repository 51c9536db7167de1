using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using StackExchange.Redis;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;
using VirtualNumber.Redis;
using VirtualNumber.Sealing;
using VirtualNumber.Tests.Leasing;
using VirtualNumber.Tests.Protocol;

namespace VirtualNumber.Tests.Redis;

/// <summary>A pool's rules stand in the registry, whose earlier entries have none.</summary>
[TestFixture]
public sealed class RegistryEntryTests
{
    [Test]
    public void A_pool_is_read_with_the_rules_that_it_was_written_with([Range(1, 20)] int seed)
    {
        var pool = StoreTests.PoolOf("main", StoreTests.Hour) with
        {
            Rules = CallRulesFormatTests.RulesOf(new SeededRandom((ulong)seed)),
            AllowedKinds = PhoneNumberKindSet.Of(PhoneNumberKind.Mobile, PhoneNumberKind.Other),
        };
        var read = RegistryEntry.Unpack(RegistryEntry.Pack([RegistryChange.Of(pool)], RedisValue.Null)[0]);
        Assert.That((read.Pool, read.RuledPool), Is.EqualTo(((Pool?)null, pool)), "Who knows nothing of rules reads nothing that he knows.");
    }

    [Test]
    public void A_pool_that_allows_some_kinds_only_is_nothing_that_was_known_before_either_and_one_without_rules_is()
    {
        var pool = StoreTests.PoolOf("main", StoreTests.Hour);
        var choosy = pool with { AllowedKinds = PhoneNumberKindSet.Of(PhoneNumberKind.Mobile) };
        Assert.That(RegistryChange.Of(pool), Is.EqualTo(new RegistryChange(pool)));
        Assert.That(RegistryChange.Of(choosy), Is.EqualTo(new RegistryChange(RuledPool: choosy)));
    }

    [Test]
    public void A_thousand_callers_take_22_kilobytes()
    {
        var pool = StoreTests.PoolOf("main", StoreTests.Hour) with { Rules = new() { Allowed = CallerSet.Of(Enumerable.Range(1, 1_000).Select(index => (UInt128)index)) } };
        Assert.That(((byte[])Packed(pool)!).Length, Is.InRange(21_000, 22_000));
    }

    [Test]
    public void Callers_who_come_and_go_are_read_as_they_were_written_and_take_few_bytes()
    {
        var change = new RegistryChange(Callers: new("tenant-1", "main", 7, new(CallerSet.Of([1]), CallerSet.Empty), new(CallerSet.Empty, CallerSet.Of([2, 3]))));
        var packed = RegistryEntry.Pack([change], RedisValue.Null)[0];
        Assert.That(RegistryEntry.Unpack(packed), Is.EqualTo(change));
        Assert.That(((byte[])packed!).Length, Is.LessThan(400));
    }

    [Test]
    public void A_pool_of_an_earlier_version_has_no_rules()
    {
        var pool = StoreTests.PoolOf("main", StoreTests.Hour);
        var json = JsonSerializer.SerializeToNode(new RegistryChange(pool))!;
        Assert.That(json["Pool"]!.AsObject().Remove("Rules") && json["Pool"]!.AsObject().Remove("AllowedKinds"), Is.True, "they stand there by these names");

        Assert.That(RegistryEntry.Unpack(Encoding.UTF8.GetBytes(json.ToJsonString())).Pool, Is.EqualTo(pool));
    }

    [Test]
    public void Rules_of_a_form_that_is_not_known_stop_the_reader()
    {
        var json = JsonSerializer.SerializeToNode(new RegistryChange(StoreTests.PoolOf("main", StoreTests.Hour)))!;
        foreach (var rules in new JsonNode?[] { "AgA=", "no base 64", 1, null })
        {
            json["Pool"]!["Rules"] = rules;
            Assert.That(() => RegistryEntry.Unpack(Encoding.UTF8.GetBytes(json.ToJsonString())), Throws.TypeOf<StoreUnavailableException>(), $"{rules}");
        }
    }

    private static RedisValue Packed(Pool pool) => RegistryEntry.Pack([new RegistryChange(pool)], RedisValue.Null)[0];
}
