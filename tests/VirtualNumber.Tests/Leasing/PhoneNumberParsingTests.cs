using VirtualNumber.Leasing;

namespace VirtualNumber.Tests.Leasing;

internal sealed class PhoneNumberParsingTests
{
    [TestCase("17012345678", "86:17012345678")]
    [TestCase("+8617012345678", "86:17012345678")]
    [TestCase("008617012345678", "86:17012345678")]
    [TestCase("8617012345678", "86:17012345678")]
    [TestCase("017012345678", "86:17012345678")]
    [TestCase("１７０１２３４５６７８", "86:17012345678")]
    [TestCase("＋８６　１７０　１２３４　５６７８", "86:17012345678")]
    [TestCase("\u206617012345678\u2069", "86:17012345678")]
    [TestCase("\uFEFF170\u200B12345678", "86:17012345678")]
    [TestCase("170-1234-5678", "86:17012345678")]
    [TestCase("170.1234.5678", "86:17012345678")]
    [TestCase("(+86)170 1234 5678", "86:17012345678")]
    [TestCase("（+86）170 1234 5678", "86:17012345678")]
    [TestCase("+86-170-1234-5678", "86:17012345678")]
    [TestCase("tel:+86-170-1234-5678", "86:17012345678")]
    [TestCase("tel:17012345678;phone-context=+86", "86:17012345678")]
    [TestCase("tel:+8617012345678;user=phone;npdi", "86:17012345678")]
    [TestCase("700123456789012", "86:700123456789012")]
    [TestCase("+86700123456789012", "86:700123456789012")]
    [TestCase("700-1-2345678-9012", "86:700123456789012")]
    [TestCase("tel:700123456789012;phone-context=+86", "86:700123456789012")]
    [TestCase("0571-8888-8888", "86:57188888888")]
    [TestCase("0571-88888888", "86:57188888888")]
    [TestCase("(0571)8888888", "86:5718888888")]
    [TestCase("[0571] 8888 8888", "86:57188888888")]
    [TestCase("010-12345678", "86:1012345678")]
    [TestCase("010-1234-5678", "86:1012345678")]
    [TestCase("+86-10-1234-5678", "86:1012345678")]
    [TestCase("+86 (0)10 1234 5678", "86:1012345678")]
    [TestCase("+86 0571 8888 8888", "86:57188888888")]
    [TestCase("8657188888888", "86:57188888888")]
    [TestCase("86 0571 8888 8888", "86:57188888888")]
    [TestCase("400-123-4567", "86:4001234567")]
    [TestCase("95588", "86:95588")]
    [TestCase("955-88", "86:95588")]
    [TestCase("110", "86:110")]
    [TestCase("+99912345678", "999:12345678")]
    [TestCase("+999 1234-5678", "999:12345678")]
    [TestCase("0099912345678", "999:12345678")]
    [TestCase("+44 (0)20 7946 0000", "44:2079460000")]
    [TestCase("+39 (0)6 0000 0000", "39:0600000000")]
    [TestCase("+1-212-555-0100", "1:2125550100")]
    [TestCase("+49 89 12345-0", "49:89123450")]
    public void Text_reads_as(string text, string canonical)
    {
        Assert.That(PhoneNumber.TryParse(text, "86", out var number, out var fault), Is.True, fault.ToString());
        Assert.That(number!.Canonical, Is.EqualTo(canonical));
        Assert.That(fault, Is.EqualTo(PhoneNumberFault.None));
    }

    [TestCase("17012345678-1234", "86:17012345678", "1234")]
    [TestCase("17012345678-1", "86:17012345678", "1")]
    [TestCase("170-1234-5678-0007", "86:17012345678", "0007")]
    [TestCase("17012345678 - 1234", "86:17012345678", "1234")]
    [TestCase("17012345678－１２３４", "86:17012345678", "1234")]
    [TestCase("700123456789012-1234", "86:700123456789012", "1234")]
    [TestCase("0571-88888888-1234", "86:57188888888", "1234")]
    [TestCase("0571-8888-8888-12", "86:57188888888", "12")]
    [TestCase("0571-8888888-1", "86:5718888888", "1")]
    [TestCase("010-12345678-8", "86:1012345678", "8")]
    [TestCase("95588-1", "86:95588", "1")]
    [TestCase("0571-88888888(转1234)", "86:57188888888", "1234")]
    [TestCase("0571-88888888（转1234）", "86:57188888888", "1234")]
    [TestCase("17012345678转分机1234", "86:17012345678", "1234")]
    [TestCase("17012345678,,1234", "86:17012345678", "1234")]
    [TestCase("tel:+8617012345678;ext=1234", "86:17012345678", "1234")]
    [TestCase("tel:17012345678;ext=1234;phone-context=+86", "86:17012345678", "1234")]
    [TestCase("tel:+8617012345678;postd=pp1234", "86:17012345678", "1234")]
    [TestCase("+99912345678-1234", "999:12345678", "1234")]
    [TestCase("0099912345678-1234", "999:12345678", "1234")]
    [TestCase("+999 1234 5678 ext 12", "999:12345678", "12")]
    [TestCase("+1-212-555-0100", "1:2125550100", null)]
    [TestCase("+44 20 7946-0000", "44:2079460000", null)]
    [TestCase("170-1234-5678", "86:17012345678", null)]
    [TestCase("95-588", "86:95588", null)]
    public void Dialled_text_reads_as(string text, string canonical, string? extension)
    {
        Assert.That(PhoneNumber.TryParseDialled(text, "86", out var dialled, out var fault), Is.True, fault.ToString());
        Assert.That(dialled!.Number.Canonical, Is.EqualTo(canonical));
        Assert.That(dialled.Extension, Is.EqualTo(extension));
    }

    [TestCase(null, PhoneNumberFault.Empty)]
    [TestCase("", PhoneNumberFault.Empty)]
    [TestCase(" \u3000\t", PhoneNumberFault.Empty)]
    [TestCase("ERROR", PhoneNumberFault.InvalidCharacter)]
    [TestCase("sip:17012345678@example.org", PhoneNumberFault.InvalidCharacter)]
    [TestCase("+8617012345678+", PhoneNumberFault.InvalidCharacter)]
    [TestCase("++8617012345678", PhoneNumberFault.InvalidCharacter)]
    [TestCase("86+17012345678", PhoneNumberFault.InvalidCharacter)]
    [TestCase("-17012345678", PhoneNumberFault.InvalidCharacter)]
    [TestCase("(0571 88888888", PhoneNumberFault.InvalidCharacter)]
    [TestCase("0571) 88888888", PhoneNumberFault.InvalidCharacter)]
    [TestCase("170１234*5678", PhoneNumberFault.InvalidCharacter)]
    [TestCase("17012345678\0", PhoneNumberFault.InvalidCharacter)]
    [TestCase("١٧٠١٢٣٤٥٦٧٨", PhoneNumberFault.InvalidCharacter)]
    [TestCase("17012345678;1234", PhoneNumberFault.InvalidCharacter)]
    [TestCase("+", PhoneNumberFault.UnknownCountry)]
    [TestCase("+21012345678", PhoneNumberFault.UnknownCountry)]
    [TestCase("+0017012345678", PhoneNumberFault.UnknownCountry)]
    [TestCase("tel:17012345678;phone-context=example.org", PhoneNumberFault.UnknownCountry)]
    [TestCase("tel:7042;phone-context=+86571", PhoneNumberFault.UnknownCountry)]
    [TestCase("+999123", PhoneNumberFault.WrongLength)]
    [TestCase("+9991234567890123", PhoneNumberFault.WrongLength)]
    [TestCase("12", PhoneNumberFault.WrongLength)]
    [TestCase("7001234567890123", PhoneNumberFault.WrongLength)]
    [TestCase("12345678901234567890", PhoneNumberFault.WrongLength)]
    [TestCase("57188888888", PhoneNumberFault.NotInPlan)]
    [TestCase("88888888", PhoneNumberFault.NotInPlan)]
    [TestCase("12012345678", PhoneNumberFault.NotInPlan)]
    [TestCase("1701234567", PhoneNumberFault.NotInPlan)]
    [TestCase("70012345678901", PhoneNumberFault.NotInPlan)]
    [TestCase("070012345678", PhoneNumberFault.NotInPlan)]
    [TestCase("0400123456789", PhoneNumberFault.NotInPlan)]
    [TestCase("86110", PhoneNumberFault.NotInPlan)]
    [TestCase("17012345678-", PhoneNumberFault.BadExtension)]
    [TestCase("17012345678-12345", PhoneNumberFault.BadExtension)]
    [TestCase("17012345678转", PhoneNumberFault.BadExtension)]
    [TestCase("17012345678转12345", PhoneNumberFault.BadExtension)]
    [TestCase("17012345678,,,1", PhoneNumberFault.BadExtension)]
    [TestCase("17012345678ext abc", PhoneNumberFault.BadExtension)]
    [TestCase("17012345678;ext=", PhoneNumberFault.BadExtension)]
    [TestCase("17012345678;ext=1;ext=2", PhoneNumberFault.BadExtension)]
    [TestCase("17012345678转1;ext=2", PhoneNumberFault.BadExtension)]
    [TestCase("17012345678-1转2", PhoneNumberFault.NotInPlan)]
    public void Text_is_refused(string? text, PhoneNumberFault expected)
    {
        Assert.That(PhoneNumber.TryParseDialled(text, "86", out var dialled, out var fault), Is.False);
        Assert.That(fault, Is.EqualTo(expected));
        Assert.That(dialled, Is.Null);
    }

    [Test]
    public void Plain_number_is_asked_for_and_an_extension_has_its_own_fault()
    {
        Assert.That(PhoneNumber.TryParse("17012345678-1234", "86", out var number, out var fault), Is.False);
        Assert.That(fault, Is.EqualTo(PhoneNumberFault.HasExtension));
        Assert.That(number, Is.Null);
    }

    [TestCase("12345678", "999", "999:12345678")]
    [TestCase("012345678", "999", "999:12345678")]
    [TestCase("0612345678", "39", "39:0612345678")]
    [TestCase("+8617012345678", "999", "86:17012345678")]
    [TestCase("12345678-1234", "999", "999:12345678")]
    [TestCase("555-1234", "999", "999:5551234")]
    [TestCase("5551-234", "999", "999:5551234")]
    public void Default_country_reads_national_input(string text, string country, string canonical)
    {
        Assert.That(PhoneNumber.TryParseDialled(text, country, out var dialled, out var fault), Is.True, fault.ToString());
        Assert.That(dialled!.Number.Canonical, Is.EqualTo(canonical));
    }

    [TestCase("")]
    [TestCase("0")]
    [TestCase("210")]
    [TestCase("+86")]
    [TestCase("CN")]
    public void Default_country_that_is_none_is_a_fault_of_national_input_only(string country)
    {
        Assert.That(PhoneNumber.TryParse("17012345678", country, out _, out var fault), Is.False);
        Assert.That(fault, Is.EqualTo(PhoneNumberFault.UnknownCountry));
        Assert.That(PhoneNumber.TryParse("+8617012345678", country, out _, out _), Is.True);
    }

    [Test]
    public void Text_of_64_characters_is_read_and_a_longer_one_is_not()
    {
        var text = "17012345678" + new string(' ', PhoneNumber.LongestText - 11);
        Assert.That(PhoneNumber.TryParse(text, "86", out _, out _), Is.True);
        Assert.That(PhoneNumber.TryParse(text + " ", "86", out _, out var fault), Is.False);
        Assert.That(fault, Is.EqualTo(PhoneNumberFault.TooLong));
    }

    [TestCase('1')]
    [TestCase(' ')]
    [TestCase('(')]
    [TestCase('转')]
    public void Huge_text_is_refused_without_a_copy_of_it(char filler)
    {
        var text = new string(filler, 1 << 20);
        PhoneNumber.TryParseDialled(text, "86", out _, out _);

        var before = GC.GetAllocatedBytesForCurrentThread();
        var read = PhoneNumber.TryParseDialled(text, "86", out _, out var fault);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.That(read, Is.False);
        Assert.That(fault, Is.EqualTo(PhoneNumberFault.TooLong));
        Assert.That(allocated, Is.LessThan(1024));
    }
}
