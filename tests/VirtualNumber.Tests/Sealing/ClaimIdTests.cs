using VirtualNumber.Sealing;

namespace VirtualNumber.Tests.Sealing;

public class ClaimIdTests
{
    [Test]
    public void Claim_id_shows_and_copies_its_bytes()
    {
        var claim = new ClaimId(TestRing.Run(0, ClaimId.Length));
        Assert.That(claim.ToString(), Is.EqualTo("00010203040506070809"));
        Assert.That(claim.ToArray(), Is.EqualTo(TestRing.Run(0, ClaimId.Length)));
    }

    [Test]
    public void Claim_ids_differ_by_every_byte()
    {
        var claim = new ClaimId(TestRing.Run(0, ClaimId.Length));
        Assert.That(claim == new ClaimId(claim.ToArray()) && claim.Equals((object)new ClaimId(claim.ToArray())));
        Assert.That(claim.GetHashCode(), Is.EqualTo(new ClaimId(claim.ToArray()).GetHashCode()));
        for (var place = 0; place < ClaimId.Length; place++)
        {
            var changed = claim.ToArray();
            changed[place] ^= 1;
            Assert.That(claim != new ClaimId(changed), $"byte {place}");
        }
    }

    [Test]
    public void Claim_ids_are_drawn_from_the_source_given()
    {
        var drawn = ClaimId.Create(new SeededRandom(1_234_567));
        Assert.That(drawn.ToString(), Is.EqualTo("599ed017fb08fc852c73"));
        Assert.That(Enumerable.Range(0, 100).Select(_ => ClaimId.Create(CryptographicRandom.Instance)), Is.Unique);
    }

    [TestCase(9)]
    [TestCase(11)]
    public void Other_lengths_are_refused(int length) => Assert.Throws<ArgumentException>(() => _ = new ClaimId(new byte[length]));
}
