using VirtualNumber.Sealing;

namespace VirtualNumber.Tests.Sealing;

public class BlindIndexTests
{
    [Test]
    public void Digest_is_pinned()
    {
        using var index = new BlindIndex(TestRing.One());
        Assert.That(index.Of("delivery", "tenant-1", "SF", "SF1234567890123").ToString(), Is.EqualTo("ea48a34aa54c894bb1153e74e629a2cf"));
    }

    [Test]
    public void Digests_differ_by_purpose_part_order_and_border()
    {
        using var index = new BlindIndex(TestRing.One());
        Digest[] digests =
        [
            index.Of("delivery", "ab", "c"),
            index.Of("party", "ab", "c"),
            index.Of("delivery", "a", "bc"),
            index.Of("delivery", "c", "ab"),
            index.Of("delivery", "abc"),
            index.Of("delivery", "ab", "c", ""),
            index.Of("delivery", "", "ab", "c"),
            index.Of("delivery", "AB", "c"),
            index.Of("delivery"),
            index.Of("delivery", ""),
        ];
        Assert.That(digests, Is.Unique);
    }

    [Test]
    public void Digest_survives_a_turnover_of_the_sealing_keys()
    {
        using var before = new BlindIndex(TestRing.One());
        using var after = new BlindIndex(TestRing.Two());
        Assert.That(after.Of("delivery", "a"), Is.EqualTo(before.Of("delivery", "a")));
    }

    [Test]
    public void Digest_differs_under_another_index_key()
    {
        using var ours = new BlindIndex(TestRing.One());
        using var theirs = new BlindIndex(new KeyRing(1, [TestRing.Key(1)], TestRing.Run(128)));
        Assert.That(theirs.Of("delivery", "a"), Is.Not.EqualTo(ours.Of("delivery", "a")));
    }

    [Test]
    public void Long_parts_are_digested_whole()
    {
        using var index = new BlindIndex(TestRing.One());
        var part = new string('\u8fd0', 100_000);
        using var other = new BlindIndex(TestRing.One());
        Assert.That(index.Of("delivery", part, "a"), Is.Not.EqualTo(index.Of("delivery", part, "b")));
        Assert.That(index.Of("delivery", part, "a"), Is.EqualTo(other.Of("delivery", part, "a")));
    }

    [Test]
    public void Text_that_is_not_Unicode_is_refused()
    {
        using var index = new BlindIndex(TestRing.One());
        Assert.Throws<System.Text.EncoderFallbackException>(() => index.Of("delivery", "\ud800"));
    }

    [Test]
    public void Purpose_must_be_a_short_constant()
    {
        using var index = new BlindIndex(TestRing.One());
        Assert.Throws<ArgumentException>(() => index.Of(""));
        Assert.Throws<ArgumentException>(() => index.Of(new string('p', 65)));
        Assert.Throws<ArgumentException>(() => index.Of("\u8fd0"));
        for (var i = 0; i < BlindIndex.MaxPurposes; i++)
        {
            index.Of($"purpose-{i}");
        }

        Assert.Throws<InvalidOperationException>(() => index.Of("one too many"));
    }

    [Test]
    public void Threads_do_not_mix_their_digests()
    {
        using var index = new BlindIndex(TestRing.One());
        var expected = Enumerable.Range(0, 500).Select(i => index.Of("delivery", $"{i}")).ToArray();
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8 }, _ =>
            Assert.That(Enumerable.Range(0, 500).Select(i => index.Of("delivery", $"{i}")), Is.EqualTo(expected)));
    }

    [Test]
    public void Disposed_index_refuses()
    {
        var index = new BlindIndex(TestRing.One());
        index.Of("delivery", "a");
        index.Dispose();
        Assert.Throws<ObjectDisposedException>(() => index.Of("delivery", "a"));
    }
}
