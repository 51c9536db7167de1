using System.Text.Json;
using VirtualNumber.Leasing;
using VirtualNumber.Sealing;

namespace VirtualNumber.Tests.Leasing;

/// <summary>Rules are read as they were packed, and never as fewer rules than there were.</summary>
[TestFixture]
public sealed class CallRulesFormatTests
{
    private static readonly string[] s_zones = ["Asia/Shanghai", "UTC", "America/Argentina/Buenos_Aires"];

    [Test]
    public void Rules_are_read_as_they_were_packed([Range(1, 200)] int seed)
    {
        var rules = RulesOf(new SeededRandom((ulong)seed));
        Assert.That(CallRulesFormat.Unpack(CallRulesFormat.Pack(rules)), Is.EqualTo(rules));
    }

    [Test]
    public void No_rules_take_no_bytes()
    {
        Assert.That(CallRulesFormat.Pack(CallRules.None), Is.Empty);
        Assert.That(CallRulesFormat.Unpack([]), Is.EqualTo(CallRules.None));
    }

    [Test]
    public void Nobody_is_not_everybody()
    {
        var nobody = CallRules.None with { Allowed = CallerSet.Empty };
        Assert.That(nobody.AreNone(), Is.False);
        Assert.That(CallRulesFormat.Unpack(CallRulesFormat.Pack(nobody)), Is.EqualTo(nobody).And.Not.EqualTo(CallRules.None));
    }

    [Test]
    public void What_was_cut_short_is_not_read([Range(1, 20)] int seed)
    {
        var packed = CallRulesFormat.Pack(RulesOf(new SeededRandom((ulong)seed)));
        for (var length = 1; length < packed.Length; length++)
            Assert.That(() => CallRulesFormat.Unpack(packed.AsSpan(0, length)), Throws.TypeOf<FormatException>(), $"{length} of {packed.Length} bytes");
    }

    [Test]
    public void A_later_form_is_not_read()
    {
        var packed = CallRulesFormat.Pack(CallRules.None with { Allowed = CallerSet.Empty });
        packed[0]++;
        Assert.That(() => CallRulesFormat.Unpack(packed), Throws.TypeOf<FormatException>());
        Assert.That(() => JsonSerializer.Deserialize<CallRules>($"\"{Convert.ToBase64String(packed)}\""), Throws.TypeOf<JsonException>());
    }

    [Test]
    public void A_set_of_callers_is_a_set()
    {
        var two = CallerSet.Of([7, 3, 7]);
        Assert.Multiple(() =>
        {
            Assert.That(two.Digests, Is.EqualTo(new UInt128[] { 3, 7 }));
            Assert.That(two, Is.EqualTo(CallerSet.Of([3, 7])));
            Assert.That((two.Contains(3), two.Contains(4), two.Contains(7)), Is.EqualTo((true, false, true)));
            Assert.That(two.With(CallerSet.Of([5, 3])), Is.EqualTo(CallerSet.Of([3, 5, 7])));
            Assert.That(two.Without(CallerSet.Of([5, 3])), Is.EqualTo(CallerSet.Of([7])));
            Assert.That(new CallerChanges(CallerSet.Of([3]), CallerSet.Of([3, 7])).On(two), Is.EqualTo(CallerSet.Of([3])), "who leaves and joins is in it");
            Assert.That(two.ToString(), Is.EqualTo("2 callers"));
        });
    }

    /// <summary>Always some rule.</summary>
    internal static CallRules RulesOf(SeededRandom random)
    {
        CallerSet Callers() => CallerSet.Of(Enumerable.Range(0, random.Next(5)).Select(_ => new UInt128((ulong)random.Next(int.MaxValue), (ulong)random.Next(3))));
        CallWindow Window() => new(random.Next(1_440), random.Next(1_441), (Weekdays)random.Next(128));
        var rules = new CallRules
        {
            Hours = random.Next(2) == 0 ? null : new(s_zones[random.Next(s_zones.Length)], [.. Enumerable.Range(0, 1 + random.Next(20)).Select(_ => Window())]),
            Allowed = random.Next(2) == 0 ? null : Callers(),
            Blocked = Callers(),
        };
        return rules.AreNone() ? rules with { Allowed = CallerSet.Empty } : rules;
    }
}
