using VirtualNumber.Leasing;

namespace VirtualNumber.Tests.Leasing;

internal sealed class PhoneNumberTests
{
    [TestCase("86:17012345678", PhoneNumberKind.Mobile)]
    [TestCase("86:13012345678", PhoneNumberKind.Mobile)]
    [TestCase("86:19912345678", PhoneNumberKind.Mobile)]
    [TestCase("86:1012345678", PhoneNumberKind.Landline)]
    [TestCase("86:2112345678", PhoneNumberKind.Landline)]
    [TestCase("86:5711234567", PhoneNumberKind.Landline)]
    [TestCase("86:95112345678", PhoneNumberKind.Landline)]
    [TestCase("86:700123456789012", PhoneNumberKind.Protection)]
    [TestCase("86:110", PhoneNumberKind.Emergency)]
    [TestCase("86:112", PhoneNumberKind.Emergency)]
    [TestCase("86:119", PhoneNumberKind.Emergency)]
    [TestCase("86:120", PhoneNumberKind.Emergency)]
    [TestCase("86:122", PhoneNumberKind.Emergency)]
    [TestCase("86:911", PhoneNumberKind.Emergency)]
    [TestCase("86:999", PhoneNumberKind.Emergency)]
    [TestCase("86:114", PhoneNumberKind.ShortCode)]
    [TestCase("86:10086", PhoneNumberKind.ShortCode)]
    [TestCase("86:12345", PhoneNumberKind.ShortCode)]
    [TestCase("86:96123", PhoneNumberKind.ShortCode)]
    [TestCase("86:95588", PhoneNumberKind.Service95)]
    [TestCase("86:95012345", PhoneNumberKind.Service95)]
    [TestCase("86:4001234567", PhoneNumberKind.SharedCost)]
    [TestCase("86:8001234567", PhoneNumberKind.TollFree)]
    [TestCase("800:12345678", PhoneNumberKind.TollFree)]
    [TestCase("808:12345678", PhoneNumberKind.SharedCost)]
    [TestCase("979:123456789", PhoneNumberKind.PremiumRate)]
    [TestCase("870:773123456", PhoneNumberKind.Satellite)]
    [TestCase("881:612345678", PhoneNumberKind.Satellite)]
    [TestCase("882:1612345678", PhoneNumberKind.Satellite)]
    [TestCase("882:1012345678", PhoneNumberKind.Other)]
    [TestCase("888:12345678", PhoneNumberKind.Other)]
    [TestCase("999:12345678", PhoneNumberKind.Other)]
    [TestCase("999:1234", PhoneNumberKind.Other)]
    public void Kind_follows_from_the_form(string canonical, PhoneNumberKind kind) =>
        Assert.That(PhoneNumber.FromCanonical(canonical).Kind, Is.EqualTo(kind));

    [TestCase("86:17012345678", "+8617012345678", "tel:+8617012345678", "17012345678")]
    [TestCase("86:57188888888", "+8657188888888", "tel:+8657188888888", "057188888888")]
    [TestCase("86:1012345678", "+861012345678", "tel:+861012345678", "01012345678")]
    [TestCase("86:4001234567", "+864001234567", "tel:+864001234567", "4001234567")]
    [TestCase("86:700123456789012", null, "tel:700123456789012;phone-context=+86", "700123456789012")]
    [TestCase("86:110", null, "tel:110;phone-context=+86", "110")]
    [TestCase("86:10086", null, "tel:10086;phone-context=+86", "10086")]
    [TestCase("86:95588", null, "tel:95588;phone-context=+86", "95588")]
    [TestCase("999:123456789012", "+999123456789012", "tel:+999123456789012", "123456789012")]
    public void Number_is_written_in_every_form(string canonical, string? e164, string telUri, string national)
    {
        var number = PhoneNumber.FromCanonical(canonical);
        Assert.That(number.E164, Is.EqualTo(e164));
        Assert.That(number.TelUri, Is.EqualTo(telUri));
        Assert.That(number.National, Is.EqualTo(national));
    }

    [TestCase("")]
    [TestCase(":")]
    [TestCase("86")]
    [TestCase("86:")]
    [TestCase(":17012345678")]
    [TestCase("86:017012345678")]
    [TestCase("86:057188888888")]
    [TestCase("86:1701234567")]
    [TestCase("86:+17012345678")]
    [TestCase("86:１７０１２３４５６７８")]
    [TestCase(" 86:17012345678")]
    [TestCase("86:17012345678 ")]
    [TestCase("210:12345678")]
    [TestCase("999:123")]
    [TestCase("999:1234567890123")]
    [TestCase("999:12345:678")]
    public void Text_that_is_not_canonical_is_refused_and_not_repeated(string text)
    {
        var fault = Assert.Throws<FormatException>(() => PhoneNumber.FromCanonical(text));
        Assert.That(fault.Message, Is.EqualTo("Not a canonical telephone number (country code, colon, digits)."));
    }

    [TestCase("86:17012345678", "+86 170********")]
    [TestCase("86:57188888888", "+86 571********")]
    [TestCase("86:700123456789012", "+86 700************")]
    [TestCase("86:95588", "******")]
    [TestCase("86:110", "******")]
    [TestCase("86:950123", "+86 ******")]
    [TestCase("999:1234", "******")]
    [TestCase("999:12345", "******")]
    [TestCase("999:123456", "+999 ******")]
    [TestCase("999:1234567", "+999 1******")]
    [TestCase("999:12345678", "+999 12******")]
    [TestCase("999:123456789", "+999 123******")]
    [TestCase("999:1234567890", "+999 123*******")]
    [TestCase("999:123456789012", "+999 123*********")]
    public void Mask_hides_six_digits_whatever_the_length(string canonical, string masked)
    {
        var number = PhoneNumber.FromCanonical(canonical);
        Assert.That(number.Mask(), Is.EqualTo(masked));
        Assert.That(number.ToString(), Is.EqualTo(masked));
    }

    [Test]
    public void Numbers_are_equal_when_they_are_reached_by_the_same_call()
    {
        Assert.That(PhoneNumber.TryParse("0571-8888 8888", "86", out var one, out _), Is.True);
        Assert.That(PhoneNumber.TryParse("+86 571 88888888", "999", out var same, out _), Is.True);
        Assert.That(PhoneNumber.TryParse("0571-8888 8889", "86", out var other, out _), Is.True);
        Assert.That(one, Is.EqualTo(same));
        Assert.That(one!.GetHashCode(), Is.EqualTo(same!.GetHashCode()));
        Assert.That(one, Is.Not.EqualTo(other));
    }
}
