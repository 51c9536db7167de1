using System.Security.Cryptography;
using System.Text;
using VirtualNumber.Leasing;
using VirtualNumber.Redis;
using VirtualNumber.Sealing;

namespace VirtualNumber.Tests.Redis;

/// <summary>A cluster runs a script only where all its keys are on one slot, which the text in braces decides.</summary>
public sealed class KeysTests
{
    [Test]
    public void All_keys_of_a_block_share_one_hash_tag_that_no_other_block_has([Values] PoolMode mode)
    {
        var tags = Keys.OfBlock(17, mode).Append(Keys.Routes(17)).Append(Keys.Log(17)).Select(key => TagOf((string)key!)).Distinct().ToList();

        Assert.That(tags, Has.Count.EqualTo(1));
        Assert.That(tags[0], Is.Not.EqualTo(TagOf((string)Keys.Routes(1)!)).And.Not.EqualTo(TagOf((string)Keys.Registry!)));
    }

    [Test]
    public void A_ledger_and_a_counter_have_a_tag_of_their_own_that_holds_their_whole_digest([Range(0, 49)] int seed)
    {
        var tags = new[] { "one", "other" }.Select(name => DigestOf($"{name} {seed}"))
            .SelectMany(digest => new[] { TagOf((string)Keys.Ledger(digest)!), TagOf((string)Keys.Counter(digest)!) }).ToList();
        Assert.That(tags, Has.None.EqualTo(TagOf((string)Keys.Gateway("c1")!)), "A gateway has one of its own, whatever it is called.");

        Assert.That(tags, Is.Unique);
        Assert.That(tags, Has.All.Matches("^[cd][A-Za-z0-9_-]{22}$"));
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
