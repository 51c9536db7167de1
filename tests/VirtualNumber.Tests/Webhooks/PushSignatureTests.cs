using VirtualNumber.Webhooks;

namespace VirtualNumber.Tests.Webhooks;

/// <summary>The example of the design note, computed with openssl and with Python's hmac.</summary>
[TestFixture]
public sealed class PushSignatureTests
{
    [Test]
    public void The_example_of_the_design_note_holds()
    {
        var secret = Convert.FromBase64String("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");

        var (timestamp, signature) = PushSignature.Of([secret], DateTimeOffset.FromUnixTimeSeconds(1_795_000_000), "{\"pushId\":\"1-0\"}"u8);

        Assert.That(timestamp, Is.EqualTo("1795000000"));
        Assert.That(signature, Is.EqualTo("v1=5fb4e22220381eb40b1a7a1853218ab34999a1fef9aa08c4d36b44ad8334935b"));
    }
}
