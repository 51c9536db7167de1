using VirtualNumber.Sealing;

namespace VirtualNumber.Tests.Sealing;

public class TokenSealerTests
{
    private const string Pinned = "AQECAzuHkYuX1xHRBmcVRBsXQcE";

    [Test]
    public void Layout_is_pinned()
    {
        using var tokens = new TokenSealer(TestRing.One());
        Assert.That(tokens.Protect("page", [1, 2, 3]), Is.EqualTo(Pinned));
        Assert.That(Read(tokens, "page", Pinned), Is.EqualTo(new byte[] { 1, 2, 3 }));
    }

    [Test]
    public void Payload_of_any_length_comes_back()
    {
        using var tokens = new TokenSealer(TestRing.One());
        for (var length = 0; length <= TokenSealer.MaxPayloadLength; length++)
        {
            var payload = TestRing.Run(length, length);
            var token = tokens.Protect("page", payload);
            Assert.That(token, Has.Length.LessThanOrEqualTo(TokenSealer.MaxTokenLength).And.Match("^[A-Za-z0-9_-]+$"));
            Assert.That(Read(tokens, "page", token), Is.EqualTo(payload));
        }

        Assert.Throws<ArgumentException>(() => tokens.Protect("page", new byte[TokenSealer.MaxPayloadLength + 1]));
    }

    [Test]
    public void Every_changed_character_is_refused()
    {
        using var tokens = new TokenSealer(TestRing.One());
        const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/. ";
        for (var place = 0; place < Pinned.Length; place++)
        {
            foreach (var other in Alphabet.Where(character => character != Pinned[place]))
            {
                var changed = Pinned.ToCharArray();
                changed[place] = other;
                Assert.That(Read(tokens, "page", new string(changed)), Is.Null, $"{other} at {place}");
            }
        }
    }

    [TestCase("")]
    [TestCase("AQ")]
    [TestCase(Pinned + "=")]
    [TestCase(" " + Pinned)]
    [TestCase(Pinned + "\n")]
    [TestCase(Pinned + "AA")]
    public void What_was_not_made_here_is_refused(string token)
    {
        using var tokens = new TokenSealer(TestRing.One());
        Assert.That(Read(tokens, "page", token), Is.Null);
    }

    [Test]
    public void Huge_token_is_refused()
    {
        using var tokens = new TokenSealer(TestRing.One());
        Assert.That(Read(tokens, "page", new string('A', 10_000_000)), Is.Null);
    }

    [Test]
    public void Token_of_another_purpose_is_refused()
    {
        using var tokens = new TokenSealer(TestRing.One());
        Assert.That(Read(tokens, "pages", Pinned), Is.Null);
        Assert.Throws<ArgumentException>(() => tokens.Protect("", [1]));
    }

    [Test]
    public void Turnover_leaves_old_tokens_readable_until_their_key_goes()
    {
        using var both = new TokenSealer(TestRing.OneAndTwo(current: 2));
        using var without = new TokenSealer(TestRing.Two());
        Assert.That(Read(both, "page", Pinned), Is.EqualTo(new byte[] { 1, 2, 3 }));
        Assert.That(both.Protect("page", [1, 2, 3]), Is.Not.EqualTo(Pinned));
        Assert.That(Read(without, "page", Pinned), Is.Null);
    }

    private static byte[]? Read(TokenSealer tokens, string purpose, string token)
    {
        var read = tokens.TryUnprotect(purpose, token, out var payload);
        Assert.That(read, Is.EqualTo(payload is not null));
        return payload;
    }
}
