using System.Buffers;
using System.Text;

namespace Grpc.Core;

public sealed partial class Metadata
{
    /// <summary>One header or trailer.</summary>
#pragma warning disable CA1034 // The official nesting.
    public class Entry
    {
        private static readonly SearchValues<char> KeyCharacters =
            SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

        private readonly string? _text;
        private readonly byte[]? _bytes;

        /// <summary>A binary entry.</summary>
        /// <param name="key">A key that ends in <c>-bin</c>; it is turned to lower case.</param>
        /// <param name="valueBytes">The bytes; they are copied.</param>
        /// <exception cref="ArgumentException">The key is not a metadata key, or does not end in <c>-bin</c>.</exception>
        public Entry(string key, byte[] valueBytes)
        {
            ArgumentNullException.ThrowIfNull(valueBytes);
            Key = NormalizedKey(key);
            if (!HasBinarySuffix(Key))
                throw new ArgumentException($"Key for binary valued metadata entry needs to have '{BinaryHeaderSuffix}' suffix.");
            _bytes = (byte[])valueBytes.Clone();
        }

        /// <summary>An entry of text.</summary>
        /// <param name="key">A key that does not end in <c>-bin</c>; it is turned to lower case.</param>
        /// <param name="value">ASCII text.</param>
        /// <exception cref="ArgumentException">The key is not a metadata key, or ends in <c>-bin</c>.</exception>
        public Entry(string key, string value)
        {
            ArgumentNullException.ThrowIfNull(value);
            Key = NormalizedKey(key);
            if (HasBinarySuffix(Key))
                throw new ArgumentException($"Key for ASCII valued metadata entry cannot have '{BinaryHeaderSuffix}' suffix.");
            _text = value;
        }

        /// <summary>The key, in lower case.</summary>
        public string Key { get; }

        /// <summary>Whether the value is bytes.</summary>
        public bool IsBinary => _text is null;

        /// <summary>The text.</summary>
        /// <exception cref="InvalidOperationException">The entry is binary.</exception>
        public string Value => _text ?? throw new InvalidOperationException("Cannot access string value of a binary metadata entry");

        /// <summary>A copy of the bytes; of a text, its ASCII bytes.</summary>
        public byte[] ValueBytes => _bytes is null ? Encoding.ASCII.GetBytes(_text!) : (byte[])_bytes.Clone();

        /// <inheritdoc/>
        public override string ToString() =>
            IsBinary ? $"[Entry: key={Key}, valueBytes={_bytes!.Length} bytes]" : $"[Entry: key={Key}, value={_text}]";

        internal static bool HasBinarySuffix(string key) => key.EndsWith(BinaryHeaderSuffix, StringComparison.OrdinalIgnoreCase);

        internal static bool IsValidKey(string key) => key.Length > 0 && !key.AsSpan().ContainsAnyExcept(KeyCharacters);

        /// <summary>What goes on the wire: the text, or the bytes as base64 without padding, as the protocol prefers.</summary>
        internal string ToWire() => _text ?? Convert.ToBase64String(_bytes!).TrimEnd('=');

        private static string NormalizedKey(string key)
        {
            ArgumentNullException.ThrowIfNull(key);
            if (!IsValidKey(key))
            {
                throw new ArgumentException(
                    "Metadata entry key not valid. Keys can only contain alphanumeric characters, underscores, hyphens and dots.");
            }

            return key.ToLowerInvariant();
        }
    }
}
