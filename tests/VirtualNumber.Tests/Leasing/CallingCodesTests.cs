using VirtualNumber.Leasing;

namespace VirtualNumber.Tests.Leasing;

internal sealed class CallingCodesTests
{
    private static readonly string[] s_all =
        [.. Enumerable.Range(0, 1000).Select(code => code.ToString()).Where(CallingCodes.IsAssigned)];

    [Test]
    public void No_code_is_the_beginning_of_another()
    {
        var clashes = s_all.SelectMany(code => s_all.Where(other => other != code && other.StartsWith(code, StringComparison.Ordinal)));
        Assert.That(clashes, Is.Empty);
    }

    [Test]
    public void Every_code_is_found_in_front_of_a_number()
    {
        Assert.That(s_all, Has.Length.GreaterThan(200));
        Assert.That(s_all.Select(code => CallingCodes.Match(code + "123456")), Is.EqualTo(s_all));
    }

    [TestCase("210")]
    [TestCase("259")]
    [TestCase("292")]
    [TestCase("384")]
    [TestCase("388")]
    [TestCase("422")]
    [TestCase("671")]
    [TestCase("684")]
    [TestCase("699")]
    [TestCase("889")]
    [TestCase("801")]
    [TestCase("851")]
    [TestCase("890")]
    [TestCase("969")]
    [TestCase("978")]
    [TestCase("990")]
    [TestCase("997")]
    [TestCase("0")]
    [TestCase("")]
    public void Spare_code_is_no_country(string code)
    {
        Assert.That(CallingCodes.IsAssigned(code), Is.False);
        Assert.That(CallingCodes.Match(code), Is.Null);
    }
}
