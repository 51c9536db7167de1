using VirtualNumber.Leasing;

namespace VirtualNumber.Tests.Leasing;

internal sealed class DialledNumberTests
{
    [TestCase("86:17012345678", "1234", "17012345678-1234")]
    [TestCase("86:17012345678", "0007", "17012345678-0007")]
    [TestCase("86:17012345678", null, "17012345678")]
    [TestCase("86:700123456789012", "1", "700123456789012-1")]
    [TestCase("86:57188888888", "12", "057188888888-12")]
    [TestCase("999:12345678", "1234", "+99912345678-1234")]
    public void Waybill_shows_the_printed_form(string canonical, string? extension, string printed) =>
        Assert.That(new DialledNumber(PhoneNumber.FromCanonical(canonical), extension).Printed, Is.EqualTo(printed));

    [TestCase("")]
    [TestCase("12345")]
    [TestCase("12a")]
    [TestCase("１")]
    [TestCase(" 1")]
    public void Extension_has_one_to_four_digits(string extension) =>
        Assert.That(
            () => new DialledNumber(PhoneNumber.FromCanonical("999:12345678"), extension),
            Throws.ArgumentException.With.Message.Not.Contains("12345678"));

    [Test]
    public void Log_shows_neither_number_nor_extension()
    {
        var number = PhoneNumber.FromCanonical("86:17012345678");
        Assert.That(new DialledNumber(number, "1234").ToString(), Is.EqualTo("+86 170********-****"));
        Assert.That(new DialledNumber(number, null).ToString(), Is.EqualTo("+86 170********"));
    }
}
