using NUnit.Framework.Constraints;
using VirtualNumber.Sealing;

namespace VirtualNumber.Tests.Sealing;

public class KeyRingTests
{
    [Test]
    public void Throw_away_rings_share_no_key()
    {
        using var one = KeyRing.CreateThrowAway();
        using var other = KeyRing.CreateThrowAway();
        using var index = new BlindIndex(one);
        using var otherIndex = new BlindIndex(other);
        using var ids = new LeaseIdCodec(one);
        using var otherIds = new LeaseIdCodec(other);
        Assert.That(index.Of("p", "a"), Is.Not.EqualTo(otherIndex.Of("p", "a")));
        Assert.That(ids.Encode(default), Is.Not.EqualTo(otherIds.Encode(default)));
    }

    [Test]
    public void Purposes_have_different_keys()
    {
        using var ring = TestRing.One();
        var keys = new[] { "seal", "lease-id", "token" }.Select(label => ring.ForEachKey(label, key => key)[1]!).ToList();
        keys.Add(ring.DeriveIndexKey("seal"));
        Assert.That(keys.Select(Convert.ToHexString), Is.Unique);
    }

    [Test]
    public void Ring_lists_its_keys_by_id()
    {
        using var ring = new KeyRing(2, [TestRing.Key(2), TestRing.Key(1)], TestRing.IndexKey());
        Assert.That(ring.CurrentKeyId, Is.EqualTo(2));
        Assert.That(ring.Keys.Select(key => key.Id), Is.EqualTo(new byte[] { 1, 2 }));
    }

    [Test]
    public void A_new_key_has_the_next_id_and_is_not_current_until_it_is_made_so()
    {
        using var ring = TestRing.OneAndTwo(current: 1);
        using var longer = ring.WithNewKey(DateTimeOffset.UnixEpoch.AddDays(9));
        Assert.That(longer.Keys.Select(key => key.Id), Is.EqualTo(new byte[] { 1, 2, 3 }));
        Assert.That((longer.CurrentKeyId, longer.WithCurrent(3).CurrentKeyId), Is.EqualTo((1, 3)));
        Assert.That(longer.Fingerprints().Take(3), Is.EqualTo(ring.Fingerprints()));
        Assert.That(() => ring.WithCurrent(3), Refused("the current key 3 is not among the keys"));
        using var full = new KeyRing(255, [new RingKey(255, TestRing.Run(9), default)], TestRing.IndexKey());
        Assert.That(() => full.WithNewKey(default), Refused("key 255 is the last one that a ring can have"));
    }

    [Test]
    public void Every_key_id_can_be_used()
    {
        var keys = Enumerable.Range(0, 256).Select(id => new RingKey((byte)id, TestRing.Run(id, 32), default));
        using var codec = new LeaseIdCodec(new KeyRing(255, keys, TestRing.Run(300, 31).Append((byte)7).ToArray()));
        Assert.That(codec.TryDecode(codec.Encode(new LeaseLocator(1, 2, 3)), out var locator, out _));
        Assert.That(locator, Is.EqualTo(new LeaseLocator(1, 2, 3)));
    }

    [Test]
    public void Faulty_ring_is_refused_with_the_cause()
    {
        Assert.That(() => new KeyRing(3, [TestRing.Key(1)], TestRing.IndexKey()), Refused("the current key 3 is not among the keys"));
        Assert.That(() => new KeyRing(1, [TestRing.Key(1), TestRing.Key(1)], TestRing.IndexKey()), Refused("key 1 is there twice"));
        Assert.That(() => new KeyRing(1, [TestRing.Key(1)], new byte[31]), Refused("the index key has 31 bytes; it must have 32"));
        Assert.That(() => new KeyRing(1, [TestRing.Key(1)], TestRing.Run(0)), Refused("key 1 has the same material as the index key"));
        Assert.That(() => new RingKey(4, new byte[33], default), Refused("key 4 has 33 bytes; it must have 32"));
        Assert.That(() => new RingKey(4, new byte[32], default), Refused("key 4 is all zeros; make it from random bytes"));
        Assert.That(
            () => new KeyRing(1, [TestRing.Key(1), new RingKey(9, TestRing.Run(0), default)], TestRing.IndexKey()),
            Refused("key 9 has the same material as key 1"));
    }

    [Test]
    public void Disposed_ring_is_zeroed_and_gives_no_keys()
    {
        var ring = TestRing.One();
        var (key, index) = (ring.Keys.Single().Material, ring.IndexKey.ToArray());
        ring.Dispose();
        Assert.That(key, Is.All.Zero);
        Assert.That(index, Is.Not.All.Zero);
        Assert.Throws<ObjectDisposedException>(() => _ = ring.IndexKey.Length);
        Assert.Throws<ObjectDisposedException>(() => _ = new NumberSealer(ring));
        Assert.Throws<ObjectDisposedException>(() => ring.DeriveIndexKey("a"));
    }

    [Test]
    public void Disposing_a_ring_leaves_its_successor_whole()
    {
        var before = TestRing.One();
        using var after = new KeyRing(2, [.. before.Keys, TestRing.Key(2)], TestRing.IndexKey());
        before.Dispose();
        Assert.That(after.Keys.First().Material, Is.EqualTo(TestRing.Run(0)));
    }

    private static EqualStringConstraint Refused(string message) =>
        Throws.TypeOf<KeyRingException>().With.Message.EqualTo(message);
}
