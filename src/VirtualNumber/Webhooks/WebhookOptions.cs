using System.Security.Cryptography.X509Certificates;

namespace VirtualNumber.Webhooks;

/// <summary>Where a tenant's events are pushed to.</summary>
public sealed class WebhookOptions
{
    private const int LongestId = 64;
    private const int LeastSecretBytes = 32;
    private const int MostSecrets = 3;
    private const int MostRetries = 20;

    /// <summary>After how long a push is tried again, each counted from the try before, when nothing else is configured: as carriers' gateways do.</summary>
    public static IReadOnlyList<TimeSpan> DefaultRetries { get; } =
        [.. new[] { 1, 4, 9, 106, 203, 300 }.Select(minutes => TimeSpan.FromMinutes(minutes))];

    /// <summary>
    /// Its name among those of its tenant: 1 to 64 ASCII letters, digits, dots, underscores and hyphens. What was pushed is remembered by it, so the
    /// address may change.
    /// </summary>
    public string Id { get; set; } = "";

    /// <summary>Whose events.</summary>
    public string TenantId { get; set; } = "";

    /// <summary>Where to: https, without user name and fragment. It is written to no log.</summary>
    public string Url { get; set; } = "";

    /// <summary>What pushes are signed with: one secret of at least 32 bytes in base64, or up to three while it is changed, the new one first.</summary>
    public IList<string> Secrets { get; } = [];

    /// <summary>Whether the address may be one that is not public: loopback, private, link-local and the like. Default: no.</summary>
    public bool AllowPrivateAddresses { get; set; }

    /// <summary>A file of the certificates (PEM) that are trusted in place of the system's; empty: the system's.</summary>
    public string CertificateAuthority { get; set; } = "";

    /// <summary>How many events one push holds at most, 1 to 1,000. Default 50.</summary>
    public int MostPerPush { get; set; } = 50;

    /// <summary>How long an answer is waited for, 100 ms to 1 minute. Default 10 seconds.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>After how long a push is tried again; then it is parked. Up to 20, of 1 second to 2 days. Empty: <see cref="DefaultRetries"/>.</summary>
    public IList<TimeSpan> RetryAfter { get; } = [];

    /// <summary>
    /// How many pushes may be on their way or wait for another try, 1 to 1,000; while there are as many, what happens waits in the stream of events.
    /// Default 100.
    /// </summary>
    public int MostOutstanding { get; set; } = 100;

    /// <summary>How many pushes may be parked, 1 to 100,000; while there are as many, no push is made. Default 10,000.</summary>
    public int MostParked { get; set; } = 10_000;

    /// <summary>What holds of <see cref="RetryAfter"/>.</summary>
    internal IReadOnlyList<TimeSpan> Retries => RetryAfter.Count > 0 ? [.. RetryAfter] : DefaultRetries;

    /// <summary>What is wrong with it, one sentence each; none tells a secret or the address.</summary>
    internal IEnumerable<string> Validate()
    {
        var name = Id is { Length: > 0 } ? Id : "one without Id";
        if (!IsId(Id))
            yield return $"Id of {name} must be 1 to {LongestId} ASCII letters, digits, dots, underscores and hyphens.";
        if (!Uri.TryCreate(Url, UriKind.Absolute, out var url) || url.Scheme != Uri.UriSchemeHttps || url.UserInfo.Length > 0 || url.Fragment.Length > 0)
            yield return $"Url of {name} must begin with https:// and have no user name and no fragment.";
        if (Secrets.Count is < 1 or > MostSecrets || Secrets.Any(secret => BytesOf(secret) is null))
            yield return $"Secrets of {name} must be 1 to {MostSecrets} of at least {LeastSecretBytes} bytes each, in base64; openssl rand -base64 {LeastSecretBytes} makes one.";
        if (!string.IsNullOrEmpty(CertificateAuthority) && !CanRead(CertificateAuthority))
            yield return $"CertificateAuthority of {name} must be a file of certificates (PEM).";
        if (MostPerPush is < 1 or > 1_000)
            yield return $"MostPerPush of {name} must be 1 to 1,000.";
        if (Timeout < TimeSpan.FromMilliseconds(100) || Timeout > TimeSpan.FromMinutes(1))
            yield return $"Timeout of {name} must be 100 ms to 1 minute.";
        if (RetryAfter.Count > MostRetries || RetryAfter.Any(wait => wait < TimeSpan.FromSeconds(1) || wait > TimeSpan.FromDays(2)))
            yield return $"RetryAfter of {name} must be at most {MostRetries} times of 1 second to 2 days.";
        if (MostOutstanding is < 1 or > 1_000)
            yield return $"MostOutstanding of {name} must be 1 to 1,000.";
        if (MostParked is < 1 or > 100_000)
            yield return $"MostParked of {name} must be 1 to 100,000.";
    }

    /// <summary>A secret's bytes; null when it is none.</summary>
    internal static byte[]? BytesOf(string? secret)
    {
        var bytes = new byte[secret?.Length ?? 0];
        return Convert.TryFromBase64String(secret ?? "", bytes, out var length) && length >= LeastSecretBytes ? bytes[..length] : null;
    }

    private static bool IsId(string? id) =>
        id is { Length: >= 1 and <= LongestId } && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');

    private static bool CanRead(string file)
    {
        try
        {
            var certificates = new X509Certificate2Collection();
            certificates.ImportFromPemFile(file);
            return certificates.Count > 0;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or System.Security.Cryptography.CryptographicException)
        {
            return false;
        }
    }
}
