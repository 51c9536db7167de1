using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace VirtualNumber.Leasing;

/// <summary>Which parts of a delivery's key are faulty. All of them are told at once.</summary>
[Flags]
public enum DeliveryKeyFaults
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>The tenant is not 1 to 64 ASCII letters, digits, dots, underscores and hyphens.</summary>
    TenantId = 1,

    /// <summary>The carrier is not 1 to 32 ASCII letters, digits, dots, underscores and hyphens.</summary>
    Carrier = 2,

    /// <summary>The waybill number is not 1 to 64 printable ASCII characters, full-width forms counted as their ASCII ones.</summary>
    WaybillNumber = 4,
}

/// <summary>
/// What names a delivery: tenant, carrier and waybill number, since a waybill number is unique only per carrier. Made in its canonical
/// form only, so that two spellings are one delivery. <see cref="ToString"/> hides the waybill number, which is personal information.
/// </summary>
public sealed record DeliveryKey
{
    /// <summary>The most characters of a tenant id.</summary>
    public const int LongestTenantId = 64;

    /// <summary>The most characters of a carrier.</summary>
    public const int LongestCarrier = 32;

    /// <summary>The most characters of a waybill number.</summary>
    public const int LongestWaybillNumber = 64;

    /// <summary>The last four characters are shown only where at least as many stay hidden.</summary>
    private const int ShortestShown = 8;

    /// <summary>Room for white space around a value. Beyond this nothing is trimmed or folded, so that huge input costs nothing.</summary>
    private const int LongestInput = 256;

    private DeliveryKey(string tenantId, string carrier, string waybillNumber)
    {
        TenantId = tenantId;
        Carrier = carrier;
        WaybillNumber = waybillNumber;
    }

    /// <summary>The tenant, as given: case matters.</summary>
    public string TenantId { get; }

    /// <summary>The carrier, upper case.</summary>
    public string Carrier { get; }

    /// <summary>The waybill number: trimmed, NFKC, upper case.</summary>
    public string WaybillNumber { get; }

    /// <summary>Makes a key of what a request says.</summary>
    /// <remarks>
    /// NFKC (Unicode Annex 15) of waybill numbers is exact but not for every text: full-width forms and spaces become ASCII, and whatever
    /// is not ASCII then is refused. Barcodes of waybills are Code 128, so nothing else occurs; and with invariant globalisation
    /// <see cref="string.Normalize()"/> leaves its input as it is, which would quietly make two deliveries of one.
    /// </remarks>
    /// <param name="tenantId">1 to 64 ASCII letters, digits, dots, underscores, hyphens.</param>
    /// <param name="carrier">1 to 32 of the same; case and white space around it do not matter.</param>
    /// <param name="waybillNumber">1 to 64 characters; case, width and white space around it do not matter.</param>
    /// <param name="key">The key, or null.</param>
    /// <param name="faults">All the parts that are faulty.</param>
    public static bool TryCreate(
        string? tenantId, string? carrier, string? waybillNumber, [NotNullWhen(true)] out DeliveryKey? key, out DeliveryKeyFaults faults)
    {
        var canonicalCarrier = Canonicalise(carrier, LongestCarrier);
        var canonicalWaybill = Canonicalise(waybillNumber, LongestWaybillNumber);
        faults = (tenantId is { Length: <= LongestTenantId } && IsName(tenantId) ? 0 : DeliveryKeyFaults.TenantId)
            | (IsName(canonicalCarrier) ? 0 : DeliveryKeyFaults.Carrier)
            | (canonicalWaybill is not null ? 0 : DeliveryKeyFaults.WaybillNumber);
        key = faults == DeliveryKeyFaults.None ? new DeliveryKey(tenantId!, canonicalCarrier!, canonicalWaybill!) : null;
        return key is not null;
    }

    /// <summary>Carrier and the end of the waybill number: <c>SF:***1234</c>; of a short one, only the carrier.</summary>
    public override string ToString() =>
        $"{Carrier}:***{(WaybillNumber.Length >= ShortestShown ? WaybillNumber[^4..] : "")}";

    /// <summary>Trimmed, folded, upper case; null where that does not give 1 to <paramref name="longest"/> printable characters.</summary>
    private static string? Canonicalise(string? text, int longest)
    {
        if (text is null || text.Length > LongestInput)
        {
            return null;
        }

        var folded = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            folded.Append(c switch
            {
                >= '\uFF01' and <= '\uFF5E' => (char)(c - 0xFEE0),
                '\u3000' or '\u00A0' => ' ',
                _ => c,
            });
        }

        var trimmed = folded.ToString().Trim();
        return trimmed.Length >= 1 && trimmed.Length <= longest && !trimmed.AsSpan().ContainsAnyExceptInRange(' ', '~')
            ? trimmed.ToUpperInvariant()
            : null;
    }

    private static bool IsName([NotNullWhen(true)] string? text) =>
        !string.IsNullOrEmpty(text) && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');
}
