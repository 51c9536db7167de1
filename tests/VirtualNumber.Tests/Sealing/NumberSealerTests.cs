using System.Security.Cryptography;
using FsCheck;
using FsCheck.Fluent;
using VirtualNumber.Sealing;

namespace VirtualNumber.Tests.Sealing;

public class NumberSealerTests
{
    private const string Number = "86:700123456789012";
    private const string Pinned =
        "01a0a1a2a3a4a5a6a7a8a9aaabdaa573ccf4e6a58d4b7d1f424913378733b83c884c39575425413ca0c917fd31c6fb941072b8176d";

    private static readonly SealContext Context = new(
        "lease", "tenant-1", new Digest(TestRing.Run(0x10, Digest.Length)), new ClaimId(TestRing.Run(0x20, ClaimId.Length)));

    private static readonly SealContext[] OtherContexts =
    [
        Context with { Purpose = "archive" },
        Context with { TenantId = "tenant-2" },
        Context with { Delivery = new Digest(TestRing.Run(0x11, Digest.Length)) },
        Context with { Claim = new ClaimId(TestRing.Run(0x21, ClaimId.Length)) },

        // The same characters, with the border between purpose and tenant moved.
        Context with { Purpose = "leaset", TenantId = "enant-1" },
    ];

    [TestCase("1")]
    [TestCase("86:17012345678")]
    [TestCase(Number)]
    [TestCase("12345678901234567890123")]
    public void Sealed_number_opens_to_itself(string number)
    {
        using var sealer = new NumberSealer(TestRing.One());
        Assert.That(sealer.Open(sealer.Seal(number, Context), Context), Is.EqualTo(number));
    }

    [Test]
    public void Any_number_opens_in_its_own_context_only()
    {
        using var sealer = new NumberSealer(TestRing.One());
        var numbers = Gen.Elements("0123456789:".ToCharArray()).ArrayOf().Where(digits => digits.Length is > 0 and <= 23);
        var cases = numbers.Zip(Gen.Choose(0, int.MaxValue));
        Prop.ForAll(cases.ToArbitrary(), drawn =>
        {
            var number = new string(drawn.Item1);
            var context = Context with { TenantId = $"tenant-{drawn.Item2}" };
            var value = sealer.Seal(number, context);
            return sealer.Open(value, context) == number && !sealer.TryOpen(value, Context, out _, out _);
        }).QuickCheckThrowOnFailure();
    }

    [Test]
    public void Layout_is_pinned()
    {
        using var sealer = new NumberSealer(TestRing.One(), new FixedNonce(), NumberSealer.MaxSealsPerKey);
        Assert.That(Convert.ToHexStringLower(sealer.Seal(Number, Context)), Is.EqualTo(Pinned));
    }

    [Test]
    public void Pinned_value_opens()
    {
        using var sealer = new NumberSealer(TestRing.One());
        Assert.That(sealer.Open(Convert.FromHexString(Pinned), Context), Is.EqualTo(Number));
    }

    [Test]
    public void All_sealed_numbers_have_the_same_length_and_none_repeats()
    {
        using var sealer = new NumberSealer(TestRing.One());
        var values = Enumerable.Range(1, NumberSealer.MaxNumberLength)
            .SelectMany(length => new[] { sealer.Seal(new string('1', length), Context), sealer.Seal(new string('1', length), Context) })
            .ToList();
        Assert.That(values.Select(value => value.Length), Is.All.EqualTo(53));
        Assert.That(values.Select(Convert.ToHexString), Is.Unique);
    }

    [Test]
    public void Every_changed_bit_is_refused()
    {
        using var sealer = new NumberSealer(TestRing.One());
        var value = sealer.Seal(Number, Context);
        for (var bit = 0; bit < value.Length * 8; bit++)
        {
            var changed = value.ToArray();
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            var opened = sealer.TryOpen(changed, Context, out var number, out var fault);
            Assert.That((opened, number), Is.EqualTo((false, (string?)null)), $"bit {bit}");
            Assert.That(fault, Is.EqualTo(bit < 8 ? SealFault.UnknownKey : SealFault.Tampered), $"bit {bit}");
        }
    }

    [TestCaseSource(nameof(OtherContexts))]
    public void Sealed_number_does_not_open_in_another_context(SealContext other)
    {
        using var sealer = new NumberSealer(TestRing.One());
        var fault = Assert.Throws<SealException>(() => sealer.Open(sealer.Seal(Number, Context), other));
        Assert.That(fault.Fault, Is.EqualTo(SealFault.Tampered));
    }

    [Test]
    public void Sealed_number_does_not_open_under_another_key_of_the_ring()
    {
        using var sealer = new NumberSealer(TestRing.OneAndTwo(current: 1));
        var value = sealer.Seal(Number, Context);
        value[0] = 2;
        Assert.That(sealer.TryOpen(value, Context, out _, out var fault), Is.False);
        Assert.That(fault, Is.EqualTo(SealFault.Tampered));
    }

    [Test]
    public void Turnover_leaves_old_values_open_and_seals_with_the_new_key()
    {
        using var before = new NumberSealer(TestRing.One());
        using var after = new NumberSealer(TestRing.OneAndTwo(current: 2));
        var old = before.Seal(Number, Context);
        var renewed = after.Seal(Number, Context);
        Assert.That((old[0], renewed[0]), Is.EqualTo(((byte)1, (byte)2)));
        Assert.That((after.Open(old, Context), after.Open(renewed, Context)), Is.EqualTo((Number, Number)));
    }

    [Test]
    public void Lost_key_is_told_as_unknown()
    {
        using var before = new NumberSealer(TestRing.One());
        using var after = new NumberSealer(TestRing.Two());
        var fault = Assert.Throws<SealException>(() => after.Open(before.Seal(Number, Context), Context));
        Assert.That(fault.Fault, Is.EqualTo(SealFault.UnknownKey));
    }

    [TestCase(0, (byte)1, SealFault.Malformed)]
    [TestCase(1, (byte)1, SealFault.Malformed)]
    [TestCase(52, (byte)1, SealFault.Malformed)]
    [TestCase(54, (byte)1, SealFault.Malformed)]
    [TestCase(1_000_000, (byte)1, SealFault.Malformed)]
    [TestCase(52, (byte)9, SealFault.UnknownKey)]
    [TestCase(53, (byte)9, SealFault.UnknownKey)]
    [TestCase(53, (byte)1, SealFault.Tampered)]
    public void Fault_follows_the_documented_precedence(int length, byte keyId, SealFault expected)
    {
        using var sealer = new NumberSealer(TestRing.One());
        var value = new byte[length];
        value.AsSpan(0, Math.Min(length, 1)).Fill(keyId);
        Assert.That(sealer.TryOpen(value, Context, out _, out var fault), Is.False);
        Assert.That(fault, Is.EqualTo(expected));
    }

    [TestCase("000000000000000000000000000000000000000000000000", TestName = "Valid_seal_around_no_number_is_malformed")]
    [TestCase("183131313131313131313131313131313131313131313131", TestName = "Valid_seal_around_too_long_a_number_is_malformed")]
    [TestCase("013132000000000000000000000000000000000000000000", TestName = "Valid_seal_with_stray_bytes_behind_is_malformed")]
    public void Valid_seal_around_nonsense_is_malformed(string padded)
    {
        var value = new byte[NumberSealer.SealedLength];
        value[0] = 1;
        var key = new byte[32];
        KeyMaterial.Derive(TestRing.Key(1).Material, "seal", key);
        var associated = new byte[SealContext.MaxEncodedLength];
        using var cipher = new AesGcm(key, 16);
        cipher.Encrypt(
            value.AsSpan(1, 12),
            Convert.FromHexString(padded),
            value.AsSpan(13, 24),
            value.AsSpan(37),
            associated.AsSpan(0, Context.Encode(associated)));

        using var sealer = new NumberSealer(TestRing.One());
        Assert.That(sealer.TryOpen(value, Context, out _, out var fault), Is.False);
        Assert.That(fault, Is.EqualTo(SealFault.Malformed));
    }

    [TestCase("")]
    [TestCase("123456789012345678901234")]
    [TestCase("+8617012345678")]
    [TestCase("86:1701234567\uff18")]
    public void What_is_no_canonical_number_is_refused_without_quoting_it(string number)
    {
        using var sealer = new NumberSealer(TestRing.One());
        var fault = Assert.Throws<ArgumentException>(() => sealer.Seal(number, Context));
        Assert.That(number.Length == 0 || !fault.ToString().Contains(number, StringComparison.Ordinal));
    }

    [Test]
    public void Context_that_cannot_be_told_from_another_is_refused()
    {
        using var sealer = new NumberSealer(TestRing.One());
        Assert.Throws<System.Text.EncoderFallbackException>(() => sealer.Seal(Number, Context with { TenantId = "\ud800" }));
        Assert.Throws<ArgumentException>(() => sealer.Seal(Number, Context with { TenantId = new string('t', 257) }));
        Assert.Throws<ArgumentException>(() => sealer.Seal(Number, Context with { Purpose = new string('p', 65) }));
        Assert.Throws<ArgumentException>(() => sealer.Seal(Number, Context with { Purpose = "" }));
    }

    [Test]
    public void Longest_context_fits()
    {
        using var sealer = new NumberSealer(TestRing.One());
        var longest = Context with { Purpose = new string('p', 64), TenantId = new string('\u8fd0', 256) };
        Assert.That(sealer.Open(sealer.Seal(Number, longest), longest), Is.EqualTo(Number));
    }

    [Test]
    public void Exhausted_key_seals_no_more_but_opens()
    {
        using var sealer = new NumberSealer(TestRing.One(), CryptographicRandom.Instance, sealLimit: 2);
        sealer.Seal(Number, Context);
        var last = sealer.Seal(Number, Context);
        for (var repeat = 0; repeat < 2; repeat++)
        {
            var fault = Assert.Throws<KeyExhaustedException>(() => sealer.Seal(Number, Context));
            Assert.That(fault.KeyId, Is.EqualTo(1));
            Assert.That(
                fault.Message,
                Is.EqualTo("Key 1 has sealed 2 values in this process and may seal no more: make a new key current."));
        }

        Assert.That(sealer.Open(last, Context), Is.EqualTo(Number));
    }

    [Test]
    public void Key_seals_fewer_than_two_to_the_31() => Assert.That(NumberSealer.MaxSealsPerKey, Is.LessThan(1L << 31));

    [Test]
    public void Sealer_outlives_its_ring()
    {
        var ring = TestRing.One();
        using var sealer = new NumberSealer(ring);
        ring.Dispose();
        Assert.That(sealer.Open(Convert.FromHexString(Pinned), Context), Is.EqualTo(Number));
    }

    [Test]
    public void Disposed_sealer_refuses()
    {
        var sealer = new NumberSealer(TestRing.One());
        sealer.Dispose();
        Assert.Throws<ObjectDisposedException>(() => sealer.Seal(Number, Context));
        Assert.Throws<ObjectDisposedException>(() => sealer.Open(Convert.FromHexString(Pinned), Context));
    }

    [Test]
    public void Threads_do_not_mix_their_numbers()
    {
        using var sealer = new NumberSealer(TestRing.One());
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8 }, worker =>
        {
            var context = Context with { TenantId = $"tenant-{worker}" };
            for (var i = 0; i < 2_000; i++)
            {
                var number = $"86:17{worker}{i:D8}";
                Assert.That(sealer.Open(sealer.Seal(number, context), context), Is.EqualTo(number));
            }
        });
    }

    private sealed class FixedNonce : IRandomSource
    {
        public void Fill(Span<byte> destination) => TestRing.Run(0xa0, destination.Length).CopyTo(destination);

        public int Next(int exclusiveUpperBound) => throw new NotSupportedException();
    }
}
