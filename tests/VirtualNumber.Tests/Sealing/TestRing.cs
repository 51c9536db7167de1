using VirtualNumber.Sealing;

namespace VirtualNumber.Tests.Sealing;

/// <summary>
/// Rings of known keys. Key 1 is the bytes 00..1f, key 2 is 20..3f, the index key is 40..5f. The pinned values in these tests were
/// computed from them by another implementation (Python's cryptography and hmac), from the layouts as the doc comments give them.
/// </summary>
internal static class TestRing
{
    public static KeyRing One() => new(1, [Key(1)], IndexKey());

    public static KeyRing OneAndTwo(byte current) => new(current, [Key(1), Key(2)], IndexKey());

    public static KeyRing Two() => new(2, [Key(2)], IndexKey());

    public static RingKey Key(byte id) => new(id, Run(32 * (id - 1)), DateTimeOffset.UnixEpoch.AddDays(id));

    public static byte[] IndexKey() => Run(64);

    public static byte[] Run(int first, int count = 32) => Enumerable.Range(first, count).Select(value => (byte)value).ToArray();
}
