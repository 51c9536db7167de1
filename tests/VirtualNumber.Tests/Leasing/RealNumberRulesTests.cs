using VirtualNumber.Leasing;

namespace VirtualNumber.Tests.Leasing;

internal sealed class RealNumberRulesTests
{
    [TestCase("86:17012345678", RealNumberRefusal.None)]
    [TestCase("86:57188888888", RealNumberRefusal.None)]
    [TestCase("999:12345678", RealNumberRefusal.CountryNotAllowed)]
    [TestCase("870:773123456", RealNumberRefusal.CountryNotAllowed)]
    [TestCase("86:700123456789012", RealNumberRefusal.KindNotAllowed)]
    [TestCase("86:110", RealNumberRefusal.KindNotAllowed)]
    [TestCase("86:10086", RealNumberRefusal.KindNotAllowed)]
    [TestCase("86:95588", RealNumberRefusal.KindNotAllowed)]
    [TestCase("86:4001234567", RealNumberRefusal.KindNotAllowed)]
    [TestCase("86:8001234567", RealNumberRefusal.KindNotAllowed)]
    public void Default_binds_Chinese_mobiles_and_landlines_only(string canonical, RealNumberRefusal refusal) =>
        Assert.That(new RealNumberRules(new RealNumberOptions()).Check(PhoneNumber.FromCanonical(canonical)), Is.EqualTo(refusal));

    [TestCase("999:12345678", RealNumberRefusal.None)]
    [TestCase("86:17012345678", RealNumberRefusal.None)]
    [TestCase("44:2079460000", RealNumberRefusal.CountryNotAllowed)]
    [TestCase("870:773123456", RealNumberRefusal.KindNotAllowed)]
    [TestCase("979:123456789", RealNumberRefusal.KindNotAllowed)]
    public void Allowed_country_binds_its_ordinary_numbers(string canonical, RealNumberRefusal refusal)
    {
        var options = new RealNumberOptions();
        options.AllowedCountries.UnionWith(["999", "870", "979"]);
        Assert.That(new RealNumberRules(options).Check(PhoneNumber.FromCanonical(canonical)), Is.EqualTo(refusal));
    }

    [Test]
    public void Kind_taken_away_is_refused()
    {
        var options = new RealNumberOptions();
        options.AllowedKinds.Remove(PhoneNumberKind.Landline);
        var rules = new RealNumberRules(options);
        Assert.That(rules.Check(PhoneNumber.FromCanonical("86:57188888888")), Is.EqualTo(RealNumberRefusal.KindNotAllowed));
        Assert.That(rules.Check(PhoneNumber.FromCanonical("86:17012345678")), Is.EqualTo(RealNumberRefusal.None));
    }

    [Test]
    public void Kinds_that_cost_or_harm_cannot_be_allowed([Values] PhoneNumberKind kind)
    {
        var options = new RealNumberOptions();
        options.AllowedKinds.Add(kind);
        var isOrdinary = kind is PhoneNumberKind.Mobile or PhoneNumberKind.Landline or PhoneNumberKind.Other;
        Assert.That(options.Validate(), Has.Count.EqualTo(isOrdinary ? 0 : 1));
    }

    [Test]
    public void Options_tell_all_their_faults_at_once()
    {
        var options = new RealNumberOptions();
        options.AllowedCountries.UnionWith(["210", "+86"]);
        options.AllowedKinds.Add(PhoneNumberKind.Emergency);
        Assert.That(options.Validate(), Has.Count.EqualTo(3));
        Assert.That(
            () => new RealNumberRules(options),
            Throws.ArgumentException.With.Message.Contains("210").And.Message.Contains("Emergency"));
        options.AllowedCountries.Clear();
        Assert.That(options.Validate(), Has.Count.EqualTo(2));
    }
}
