using FsCheck;
using FsCheck.Fluent;
using VirtualNumber.Sealing;

namespace VirtualNumber.Tests.Sealing;

public class LeaseIdCodecTests
{
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    private const string Pinned = "045b2p4y3hdva5zqqkm3mc8ksj30n";

    private static readonly LeaseLocator Locator = new(0x01020304, 0x05060708, 1_700_000_000_000);

    [Test]
    public void Layout_is_pinned()
    {
        using var codec = new LeaseIdCodec(TestRing.One());
        Assert.That(codec.Encode(Locator), Is.EqualTo(Pinned));
        Assert.That(Decode(codec, Pinned), Is.EqualTo((Locator, LeaseIdFault.None)));
    }

    [Test]
    public void Any_locator_comes_back()
    {
        using var codec = new LeaseIdCodec(TestRing.One());
        var locators =
            from words in Gen.Choose(int.MinValue, int.MaxValue).Two()
            from high in Gen.Choose(0, ushort.MaxValue)
            from low in Gen.Choose(int.MinValue, int.MaxValue)
            select new LeaseLocator((uint)words.Item1, (uint)words.Item2, ((long)high << 32) | (uint)low);
        Prop.ForAll(locators.ToArbitrary(), locator =>
        {
            var id = codec.Encode(locator);
            return id.Length == LeaseIdCodec.TextLength
                && Decode(codec, id) == (locator, LeaseIdFault.None)
                && Decode(codec, id.ToUpperInvariant()) == (locator, LeaseIdFault.None);
        }).QuickCheckThrowOnFailure();
    }

    [TestCase(0u, 0u, 0L)]
    [TestCase(uint.MaxValue, uint.MaxValue, LeaseLocator.MaxEpoch)]
    public void Extreme_locator_comes_back(uint block, uint slot, long epoch)
    {
        using var codec = new LeaseIdCodec(TestRing.One());
        var locator = new LeaseLocator(block, slot, epoch);
        Assert.That(Decode(codec, codec.Encode(locator)), Is.EqualTo((locator, LeaseIdFault.None)));
    }

    [TestCase(-1)]
    [TestCase(LeaseLocator.MaxEpoch + 1)]
    public void Epoch_that_does_not_fit_is_refused(long epoch)
    {
        using var codec = new LeaseIdCodec(TestRing.One());
        Assert.Throws<ArgumentOutOfRangeException>(() => codec.Encode(Locator with { Epoch = epoch }));
    }

    [Test]
    public void Every_change_of_a_single_character_is_refused()
    {
        // The code is linear: whether a change shows depends on the place and the difference only, so one id stands for all.
        using var codec = new LeaseIdCodec(TestRing.One());
        for (var place = 0; place < Pinned.Length; place++)
        {
            foreach (var other in Alphabet.Where(character => character != Pinned[place]))
            {
                var changed = Pinned.ToCharArray();
                changed[place] = other;
                Assert.That(Decode(codec, new string(changed)).Fault, Is.EqualTo(LeaseIdFault.CheckCharacter), $"{other} at {place}");
            }
        }
    }

    [Test]
    public void Every_exchange_of_two_different_characters_is_refused()
    {
        // As above: every place, every pair of places, every difference there can be.
        for (var first = 0; first < LeaseIdCodec.TextLength; first++)
        {
            for (var second = first + 1; second < LeaseIdCodec.TextLength; second++)
            {
                for (byte difference = 1; difference < 32; difference++)
                {
                    var error = new byte[LeaseIdCodec.TextLength];
                    error[first] = error[second] = difference;
                    Assert.That(Base32.Checks(error), Is.False, $"{first}, {second}, {difference}");
                }
            }
        }
    }

    [Test]
    public void Letters_that_look_like_digits_are_read_as_digits()
    {
        using var codec = new LeaseIdCodec(TestRing.One());
        var ids = Enumerable.Range(0, 50).Select(slot => new LeaseLocator(1, (uint)slot, 1)).ToList();
        foreach (var locator in ids)
        {
            var id = codec.Encode(locator);
            Assert.That(id, Does.Match("^[0-9a-hjkmnp-tv-z]{29}$"));
            foreach (var (digit, look) in new[] { ('0', 'o'), ('0', 'O'), ('1', 'i'), ('1', 'I'), ('1', 'l'), ('1', 'L') })
            {
                Assert.That(Decode(codec, id.Replace(digit, look)), Is.EqualTo((locator, LeaseIdFault.None)));
            }
        }
    }

    [Test]
    public void Every_character_outside_the_alphabet_is_refused()
    {
        using var codec = new LeaseIdCodec(TestRing.One());
        var readable = (Alphabet + Alphabet.ToUpperInvariant() + "iIlLoO").ToHashSet();
        for (var character = char.MinValue; character < char.MaxValue; character++)
        {
            var fault = Decode(codec, character + Pinned[1..]).Fault;
            Assert.That(fault == LeaseIdFault.InvalidCharacter, Is.EqualTo(!readable.Contains(character)), $"U+{(int)character:X4}");
        }
    }

    [TestCase(0)]
    [TestCase(28)]
    [TestCase(30)]
    [TestCase(10_000_000)]
    public void Wrong_length_is_told_first(int length)
    {
        using var codec = new LeaseIdCodec(TestRing.One());
        Assert.That(Decode(codec, new string('?', length)).Fault, Is.EqualTo(LeaseIdFault.WrongLength));
    }

    [Test]
    public void Id_under_a_lost_key_is_told_as_such()
    {
        using var codec = new LeaseIdCodec(TestRing.Two());
        Assert.That(Decode(codec, Pinned).Fault, Is.EqualTo(LeaseIdFault.UnknownKey));
    }

    [Test]
    public void Id_of_before_a_turnover_is_read_after_it()
    {
        using var codec = new LeaseIdCodec(TestRing.OneAndTwo(current: 2));
        Assert.That(Decode(codec, Pinned), Is.EqualTo((Locator, LeaseIdFault.None)));
        Assert.That(codec.Encode(Locator), Is.Not.EqualTo(Pinned));
    }

    [Test]
    public void Id_of_another_service_is_not_ours()
    {
        using var ours = new LeaseIdCodec(TestRing.One());
        using var theirs = new LeaseIdCodec(new KeyRing(1, [new RingKey(1, TestRing.Run(128), default)], TestRing.IndexKey()));
        Assert.That(Decode(ours, theirs.Encode(Locator)), Is.EqualTo((default(LeaseLocator), LeaseIdFault.NotOurs)));
    }

    [Test]
    public void Second_spelling_of_an_id_is_not_ours()
    {
        // The last character of the data has one bit of the block and four that must be zero.
        using var codec = new LeaseIdCodec(TestRing.One());
        Span<byte> values = stackalloc byte[LeaseIdCodec.TextLength];
        Base32.TryRead(Pinned, values);
        for (byte stray = 1; stray < 16; stray++)
        {
            var changed = values.ToArray();
            changed[^2] ^= stray;
            Assert.That(Decode(codec, WithCheck(changed)).Fault, Is.EqualTo(LeaseIdFault.NotOurs), $"{stray}");
        }
    }

    [Test]
    public void Made_up_id_is_refused()
    {
        using var codec = new LeaseIdCodec(TestRing.One());
        var random = new SeededRandom(20_260_101);
        for (var i = 0; i < 10_000; i++)
        {
            var text = new string(Enumerable.Range(0, LeaseIdCodec.TextLength).Select(_ => Alphabet[random.Next(32)]).ToArray());
            Assert.That(codec.TryDecode(text, out _, out _), Is.False, text);
        }
    }

    [Test]
    public void Made_up_id_with_the_right_key_and_check_passes_once_in_65536()
    {
        using var codec = new LeaseIdCodec(TestRing.One());
        var random = new SeededRandom(20_260_102);
        var bytes = new byte[17];
        var text = new char[LeaseIdCodec.TextLength];
        var accepted = 0;
        for (var i = 0; i < 4 * 65_536; i++)
        {
            random.Fill(bytes);
            bytes[0] = 1;
            Base32.Encode(bytes, text);
            accepted += codec.TryDecode(text, out _, out _) ? 1 : 0;
        }

        Assert.That(accepted, Is.LessThan(16));
    }

    [Test]
    public void Threads_do_not_mix_their_ids()
    {
        using var codec = new LeaseIdCodec(TestRing.One());
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8 }, worker =>
        {
            for (var i = 0; i < 2_000; i++)
            {
                var locator = new LeaseLocator((uint)worker, (uint)i, i);
                Assert.That(Decode(codec, codec.Encode(locator)), Is.EqualTo((locator, LeaseIdFault.None)));
            }
        });
    }

    private static (LeaseLocator Locator, LeaseIdFault Fault) Decode(LeaseIdCodec codec, string text)
    {
        var decoded = codec.TryDecode(text, out var locator, out var fault);
        Assert.That(decoded, Is.EqualTo(fault == LeaseIdFault.None));
        return (locator, fault);
    }

    private static string WithCheck(byte[] values)
    {
        values[^1] = (byte)Enumerable.Range(0, 32).Single(check => Base32.Checks([.. values[..^1], (byte)check]));
        return new string(values.Select(value => Alphabet[value]).ToArray());
    }
}
