using VirtualNumber.Leasing;

namespace VirtualNumber.Tests.Leasing;

[TestFixture]
public sealed class NumberScopeTests
{
    private static readonly Pool s_parcels = new("demo", "parcels", PoolMode.Direct, "86", 4, TimeSpan.FromDays(7), true, DateTimeOffset.UnixEpoch, 1);

    [TestCase("86:170", "86:17012345678", true)]
    [TestCase("86:17012345678", "86:17012345678", true)]
    [TestCase("86:", "86:17012345678", true)]
    [TestCase("86:70012345678", "86:700123456789012", true)]
    [TestCase("86:171", "86:17012345678", false)]
    [TestCase("852:170", "86:17012345678", false)]
    [TestCase("86:170123456789", "86:17012345678", false)]
    public void A_number_is_in_it_by_how_it_begins(string prefix, string canonical, bool included) =>
        Assert.That(new NumberScope([prefix], []).Includes(PhoneNumber.FromCanonical(canonical), s_parcels), Is.EqualTo(included));

    [TestCase("demo/parcels", true)]
    [TestCase("demo/parcel", false)]
    [TestCase("other/parcels", false)]
    public void A_number_is_in_it_by_its_pool(string pool, bool included) =>
        Assert.That(new NumberScope([], [pool]).Includes(PhoneNumber.FromCanonical("86:17012345678"), s_parcels), Is.EqualTo(included));

    [Test]
    public void Either_will_do_and_neither_is_everything()
    {
        var number = PhoneNumber.FromCanonical("86:17012345678");
        Assert.Multiple(() =>
        {
            Assert.That(new NumberScope(["86:171"], ["demo/parcels"]).Includes(number, s_parcels));
            Assert.That(new NumberScope(["86:171"], ["demo/others"]).Includes(number, s_parcels), Is.False);
            Assert.That(new NumberScope([], []).Includes(number, s_parcels));
        });
    }

    [TestCase("86:170", true)]
    [TestCase("86:", true)]
    [TestCase("86170", false)]
    [TestCase("+86:170", false)]
    [TestCase("0:1", false)]
    [TestCase("86:17x", false)]
    [TestCase("86:170:1", false)]
    [TestCase("86:1234567890123456", false)]
    [TestCase("", false)]
    [TestCase(null, false)]
    public void What_is_a_prefix(string? text, bool good) => Assert.That(NumberScope.IsPrefix(text), Is.EqualTo(good));

    [TestCase("demo/parcels", true)]
    [TestCase("parcels", false)]
    [TestCase("/parcels", false)]
    [TestCase("demo/", false)]
    [TestCase("demo/parcels/1", false)]
    [TestCase(null, false)]
    public void What_names_a_pool(string? text, bool good) => Assert.That(NumberScope.IsPool(text), Is.EqualTo(good));
}
