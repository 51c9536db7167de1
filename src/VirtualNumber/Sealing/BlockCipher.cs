using System.Security.Cryptography;

namespace VirtualNumber.Sealing;

/// <summary>AES-256 on one block of 16 bytes, both ways, with the key schedule kept. For one thread at a time.</summary>
/// <remarks>
/// Raw AES is a permutation of all blocks: right for an id, which must be one block, is distinct for distinct contents, and shows
/// nothing but whether two ids are the same. It hides nothing in longer or repeated data.
/// </remarks>
internal sealed class BlockCipher : IDisposable
{
    public const int BlockLength = 16;

    private readonly Aes _aes;
    private readonly ICryptoTransform _encryptor;
    private readonly ICryptoTransform _decryptor;
    private readonly byte[] _input = new byte[BlockLength];
    private readonly byte[] _output = new byte[BlockLength];

    public BlockCipher(byte[] key)
    {
        _aes = Aes.Create();
        _aes.Mode = CipherMode.ECB;
        _aes.Padding = PaddingMode.None;
        _aes.Key = key;
        _encryptor = _aes.CreateEncryptor();
        _decryptor = _aes.CreateDecryptor();
    }

    public void Encrypt(Span<byte> block) => Transform(_encryptor, block);

    public void Decrypt(Span<byte> block) => Transform(_decryptor, block);

    public void Dispose()
    {
        _encryptor.Dispose();
        _decryptor.Dispose();
        _aes.Dispose();
    }

    private void Transform(ICryptoTransform transform, Span<byte> block)
    {
        block.CopyTo(_input);
        transform.TransformBlock(_input, 0, BlockLength, _output, 0);
        _output.CopyTo(block);
    }
}
