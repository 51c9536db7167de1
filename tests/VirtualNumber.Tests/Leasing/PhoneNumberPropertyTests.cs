using FsCheck;
using FsCheck.Fluent;
using VirtualNumber.Leasing;

namespace VirtualNumber.Tests.Leasing;

internal sealed class PhoneNumberPropertyTests
{
    /// <summary>Everything that means something to the parser, so that arbitrary texts get past its first look.</summary>
    private static readonly string[] s_pieces =
    [
        "+", "86", "0086", "00", "0", "1", "7", "170", "700", "12345678", "999", "-", " ", ".", "(", ")", "(0)", "[", "]", "/", ",", "#",
        ";", "ext", "=", ";ext=", ";phone-context=", "+86", "tel:", "转", "分机", "x", "１", "＋", "\u200B", "\0", "\uD800", "🂡",
    ];

    private static readonly Gen<string> s_texts = Gen.OneOf(
        Gen.Elements(s_pieces).ListOf().Select(string.Concat),
        Gen.Choose(0, char.MaxValue).Select(c => (char)c).ArrayOf().Select(c => new string(c)));

    [Test]
    public void Every_written_form_reads_as_the_same_number() => Properties.ForEach(Numbers.Any, madeUp =>
    {
        foreach (var text in Numbers.WrittenForms(madeUp))
        {
            Assert.That(PhoneNumber.TryParse(text, "86", out var number, out var fault), Is.True, $"{text}: {fault}");
            Assert.That(number!.Canonical, Is.EqualTo(madeUp.Canonical), text);
        }
    });

    [Test]
    public void Every_written_extension_reads_as_the_same_digits() => Properties.ForEach(
        from madeUp in Numbers.Any
        from extension in Numbers.Extension
        select (madeUp, extension),
        value =>
        {
            foreach (var text in Numbers.WrittenForms(value.madeUp)
                .Where(form => !form.Contains(';'))
                .SelectMany(form => Numbers.WithExtension(form, value.extension))
                .Where(text => text.Length <= PhoneNumber.LongestText))
            {
                AssertDialled(text, value.madeUp.Canonical, value.extension);
                Assert.That(PhoneNumber.TryParse(text, "86", out _, out var fault), Is.False, text);
                Assert.That(fault, Is.EqualTo(PhoneNumberFault.HasExtension), text);
            }
        },
        tests: 300);

    [Test]
    public void A_hyphen_and_one_to_four_digits_after_a_Chinese_number_are_its_extension() => Properties.ForEach(
        from madeUp in Numbers.Chinese
        from extension in Numbers.Extension
        select (madeUp, extension),
        value =>
        {
            foreach (var form in Numbers.WrittenForms(value.madeUp).Where(form => !form.Contains(';')))
            {
                AssertDialled($"{form}-{value.extension}", value.madeUp.Canonical, value.extension);
                AssertDialled($"{form}－{Numbers.FullWidth(value.extension)}", value.madeUp.Canonical, value.extension);
            }
        },
        tests: 500);

    [Test]
    public void The_printed_form_reads_back() => Properties.ForEach(
        from madeUp in Numbers.Any
        from extension in Gen.OneOf(Gen.Constant<string?>(null), Numbers.Extension.Select(digits => (string?)digits))
        select (madeUp, extension),
        value =>
        {
            var printed = new DialledNumber(PhoneNumber.FromCanonical(value.madeUp.Canonical), value.extension).Printed;
            AssertDialled(printed, value.madeUp.Canonical, value.extension);
        });

    [Test]
    public void All_forms_of_a_number_read_back_to_it() => Properties.ForEach(Numbers.Any, madeUp =>
    {
        var number = PhoneNumber.FromCanonical(madeUp.Canonical);
        Assert.That(number.Canonical, Is.EqualTo(madeUp.Canonical));
        foreach (var form in new[] { number.E164, number.TelUri, number.National }.OfType<string>())
        {
            Assert.That(PhoneNumber.TryParse(form, madeUp.Country, out var same, out var fault), Is.True, $"{form}: {fault}");
            Assert.That(same, Is.EqualTo(number), form);
        }
    });

    [Test]
    public void Any_text_gives_a_sound_number_or_a_fault() => Properties.ForEach(
        s_texts,
        text =>
        {
            foreach (var country in new[] { "86", "999", "1", "", "nowhere" })
            {
                if (PhoneNumber.TryParseDialled(text, country, out var dialled, out var fault))
                {
                    Assert.That(fault, Is.EqualTo(PhoneNumberFault.None), text);
                    AssertSound(dialled.Number);
                }
                else
                {
                    Assert.That(fault, Is.Not.EqualTo(PhoneNumberFault.None), text);
                    Assert.That(dialled, Is.Null, text);
                }
            }
        },
        tests: 5000);

    [Test]
    public void A_number_and_any_text_after_it_never_becomes_another_number() => Properties.ForEach(
        from madeUp in Numbers.Mobile
        from text in s_texts
        select (madeUp, text),
        value =>
        {
            if (PhoneNumber.TryParseDialled($"+86{value.madeUp.National}{value.text}", "86", out var dialled, out _))
            {
                Assert.That(dialled.Number.Canonical, Is.EqualTo(value.madeUp.Canonical), value.text);
            }
        });

    [Test]
    public void Printing_a_number_by_accident_hides_six_digits_at_least() => Properties.ForEach(Numbers.Any, madeUp =>
    {
        var number = PhoneNumber.FromCanonical(madeUp.Canonical);
        foreach (var shown in new[]
        {
            number.Mask(), number.ToString(), $"{number}", new DialledNumber(number, null).ToString(),
            new DialledNumber(number, "12").ToString(),
        })
        {
            Assert.That(shown.Count(char.IsDigit), Is.LessThanOrEqualTo(madeUp.Country.Length + madeUp.National.Length - 6));
            Assert.That(shown.Count(c => c == '*'), Is.GreaterThanOrEqualTo(6));
            Assert.That(shown, Does.Not.Contain(madeUp.National));
        }
    });

    private static void AssertSound(PhoneNumber number)
    {
        Assert.That(PhoneNumber.FromCanonical(number.Canonical), Is.EqualTo(number));
        Assert.That(number.Canonical, Does.Match("^[1-9][0-9]{0,2}:[0-9]{3,15}$"));
        if (number.E164 is { } e164)
        {
            Assert.That(e164, Does.Match(@"^\+[0-9]{5,15}$"));
        }

        Assert.That(number.Mask().Count(char.IsDigit), Is.LessThanOrEqualTo(Math.Max(0, number.Canonical.Length - 1 - 6)));
    }

    private static void AssertDialled(string text, string canonical, string? extension)
    {
        Assert.That(PhoneNumber.TryParseDialled(text, "86", out var dialled, out var fault), Is.True, $"{text}: {fault}");
        Assert.That(dialled!.Number.Canonical, Is.EqualTo(canonical), text);
        Assert.That(dialled.Extension, Is.EqualTo(extension), text);
    }
}
