using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace VirtualNumber.Webhooks;

/// <summary>
/// Signs pushes: <c>v1=</c> and the HMAC-SHA-256 in hex of the time in seconds, a full stop and the body. The time is signed with the body, so
/// that nobody sends an old one as new.
/// </summary>
internal static class PushSignature
{
    public const string TimestampHeader = "VN-Timestamp";

    public const string SignatureHeader = "VN-Signature";

    /// <summary>The headers' values: one signature for each secret, with commas between.</summary>
    public static (string Timestamp, string Signature) Of(IEnumerable<byte[]> secrets, DateTimeOffset now, ReadOnlySpan<byte> body)
    {
        var timestamp = now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        byte[] message = [.. Encoding.ASCII.GetBytes(timestamp), (byte)'.', .. body];
        return (timestamp, string.Join(',', secrets.Select(secret => $"v1={Convert.ToHexStringLower(HMACSHA256.HashData(secret, message))}")));
    }
}
