using System.Security.Cryptography;
using System.Text;

namespace VirtualNumber.Sealing;

/// <summary>Checks on raw keys, and the derivation of a key per purpose from them.</summary>
internal static class KeyMaterial
{
    /// <summary>Copies a raw key after the checks that catch a truncated or a template key.</summary>
    public static byte[] Copy(ReadOnlySpan<byte> material, string what)
    {
        if (material.Length != RingKey.MaterialLength)
        {
            throw new KeyRingException($"{what} has {material.Length} bytes; it must have {RingKey.MaterialLength}");
        }

        if (!material.ContainsAnyExcept((byte)0))
        {
            throw new KeyRingException($"{what} is all zeros; make it from random bytes");
        }

        return material.ToArray();
    }

    /// <summary>HKDF-SHA256 without salt (the material is uniformly random already); the label keeps the purposes apart.</summary>
    public static void Derive(ReadOnlySpan<byte> material, string label, Span<byte> derived)
    {
        Span<byte> info = stackalloc byte[128];
        var length = Encoding.UTF8.GetBytes("virtualnumber/1/", info);
        length += StrictText.Utf8.GetBytes(label, info[length..]);
        HKDF.DeriveKey(HashAlgorithmName.SHA256, material, derived, salt: [], info[..length]);
    }
}
