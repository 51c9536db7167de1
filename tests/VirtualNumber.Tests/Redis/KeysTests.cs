using System.Security.Cryptography;
using System.Text;
using VirtualNumber.Redis;
using VirtualNumber.Sealing;

namespace VirtualNumber.Tests.Redis;

/// <summary>A cluster runs a script only where all its keys are on one slot, which the text in braces decides.</summary>
public sealed class KeysTests
{
    [Test]
    public void All_keys_of_a_block_share_one_hash_tag_that_no_other_block_has()
    {
        var tags = Keys.OfBlock(17).Append(Keys.Routes(17)).Append(Keys.Log(17)).Select(key => TagOf((string)key!)).Distinct().ToList();

        Assert.That(tags, Has.Count.EqualTo(1));
        Assert.That(tags[0], Is.Not.EqualTo(TagOf((string)Keys.Routes(1)!)).And.Not.EqualTo(TagOf((string)Keys.Registry!)));
    }

    [Test]
    public void A_ledger_has_a_tag_of_its_own_that_holds_its_whole_digest([Range(0, 49)] int seed)
    {
        var one = TagOf((string)Keys.Ledger(DigestOf($"one {seed}"))!);
        var other = TagOf((string)Keys.Ledger(DigestOf($"other {seed}"))!);

        Assert.That(one, Is.Not.EqualTo(other));
        Assert.That(one, Does.Match("^d[A-Za-z0-9_-]{22}$"));
    }

    private static Digest DigestOf(string text) => new(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, Digest.Length));

    /// <summary>What Redis hashes: the text between the first brace and the next closing one.</summary>
    private static string TagOf(string key)
    {
        var open = key.IndexOf('{', StringComparison.Ordinal);
        var close = key.IndexOf('}', open);
        Assert.That(close - open, Is.GreaterThan(1), key);
        return key[(open + 1)..close];
    }
}
