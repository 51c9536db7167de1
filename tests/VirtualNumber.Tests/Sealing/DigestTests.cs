using VirtualNumber.Sealing;

namespace VirtualNumber.Tests.Sealing;

public class DigestTests
{
    [Test]
    public void Digest_shows_and_copies_its_bytes()
    {
        var digest = new Digest(TestRing.Run(0, Digest.Length));
        Assert.That(digest.ToString(), Is.EqualTo("000102030405060708090a0b0c0d0e0f"));
        Assert.That(digest.ToArray(), Is.EqualTo(TestRing.Run(0, Digest.Length)));
    }

    [Test]
    public void Digests_are_ordered_as_their_bytes()
    {
        var random = new SeededRandom(7);
        var digests = Enumerable.Range(0, 200).Select(_ => Draw(random)).ToList();
        digests.AddRange(digests.Take(5).ToList());
        foreach (var left in digests)
        {
            foreach (var right in digests)
            {
                var order = left.ToArray().AsSpan().SequenceCompareTo(right.ToArray());
                Assert.That(Math.Sign(left.CompareTo(right)), Is.EqualTo(Math.Sign(order)));
                Assert.That(
                    (left < right, left <= right, left > right, left >= right),
                    Is.EqualTo((order < 0, order <= 0, order > 0, order >= 0)));
                Assert.That((left == right, left != right, left.Equals((object)right)), Is.EqualTo((order == 0, order != 0, order == 0)));
            }
        }
    }

    [Test]
    public void Equal_digests_have_equal_hash_codes() => Assert.That(
        new Digest(TestRing.Run(3, Digest.Length)).GetHashCode(), Is.EqualTo(new Digest(TestRing.Run(3, Digest.Length)).GetHashCode()));

    [TestCase(0)]
    [TestCase(15)]
    [TestCase(17)]
    public void Other_lengths_are_refused(int length)
    {
        Assert.Throws<ArgumentException>(() => _ = new Digest(new byte[length]));
        Assert.That(() => default(Digest).CopyTo(new byte[length]), length < 16 ? Throws.InstanceOf<ArgumentException>() : Throws.Nothing);
    }

    /// <summary>Few values to a byte, so that equal beginnings are common.</summary>
    private static Digest Draw(SeededRandom random) =>
        new([.. Enumerable.Range(0, Digest.Length).Select(_ => (byte)(random.Next(2) * 255))]);
}
