using System.Collections.Frozen;
using static VirtualNumber.Leasing.DeliveryStatus;

namespace VirtualNumber.Leasing;

/// <summary>Whose status codes an event carries.</summary>
public enum Vendor
{
    /// <summary>Kuaidi100 tracking: the codes of <c>state</c>, basic and advanced.</summary>
    Kuaidi100 = 1,

    /// <summary>Cainiao and Aliyun tracking: the logistics status.</summary>
    Cainiao = 2,

    /// <summary>AfterShip: a tag, or the sub-tags of Exception that mean more than that.</summary>
    AfterShip = 3,

    /// <summary>Universal Postal Union, EMSEVT events.</summary>
    Upu = 4,
}

/// <summary>The vendors' status codes in the one vocabulary.</summary>
public static class VendorStatus
{
    /// <summary>Longer than any code, so that hostile input is not hashed.</summary>
    private const int LongestCode = 32;

    /// <summary>The table: codes apart by spaces, runs of numbers as first-last.</summary>
    private static readonly (DeliveryStatus Status, string Kuaidi100, string Cainiao, string AfterShip, string Upu)[] s_table =
    [
        (LabelCreated, "101 102", "WAIT", "InfoReceived", ""),
        (PickedUp, "1 103", "ACCEPT GOT", "", "EMA"),
        (InTransit, "0 7 1002-1003", "TRANSPORT", "InTransit", "EMB EMC EMD EMF"),
        (InCustoms, "8 10-13", "", "Exception_004", "EME EDB EDC"),
        (AtDestination, "1001", "", "", "EMG"),
        (OutForDelivery, "5", "DELIVERING", "OutForDelivery", "EDG"),
        (AttemptFailed, "", "FAILED", "AttemptFail", "EMH"),
        (AwaitingPickup, "501", "", "AvailableForPickup", "EDH"),
        (DeliveryStatus.Exception, "2", "", "Exception", ""),
        (Returning, "6", "", "Exception_011", ""),
        (Refused, "14", "REFUSE", "Exception_003", ""),
        (Delivered, "3 301-303", "SIGN", "Delivered", "EMI"),
        (Returned, "4", "", "Exception_010", ""),
        (Lost, "", "", "Exception_013", ""),
        (Cancelled, "401", "CANCEL", "", ""),
    ];

    private static readonly FrozenDictionary<Vendor, FrozenDictionary<string, DeliveryStatus>> s_codes =
        new Dictionary<Vendor, FrozenDictionary<string, DeliveryStatus>>
        {
            [Vendor.Kuaidi100] = Index(row => row.Kuaidi100),
            [Vendor.Cainiao] = Index(row => row.Cainiao),
            [Vendor.AfterShip] = Index(row => row.AfterShip),
            [Vendor.Upu] = Index(row => row.Upu),
        }.ToFrozenDictionary();

    /// <summary>The status that a vendor's code stands for. White space around the code and its case do not matter.</summary>
    /// <returns>
    /// The status and true; for a code that the table does not have, <see cref="DeliveryStatus.Exception"/> and false, to be counted.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException">The vendor is none of the known ones.</exception>
    public static (DeliveryStatus Status, bool Known) Map(Vendor vendor, string code)
    {
        ArgumentNullException.ThrowIfNull(code);
        if (!s_codes.TryGetValue(vendor, out var codes))
        {
            throw new ArgumentOutOfRangeException(nameof(vendor), vendor, "No such vendor.");
        }

        return code.Length <= LongestCode && codes.TryGetValue(code.Trim(), out var status)
            ? (status, true)
            : (DeliveryStatus.Exception, false);
    }

    private static FrozenDictionary<string, DeliveryStatus> Index(
        Func<(DeliveryStatus Status, string Kuaidi100, string Cainiao, string AfterShip, string Upu), string> column) =>
        s_table
            .SelectMany(row => Expand(column(row)).Select(code => KeyValuePair.Create(code, row.Status)))
            .ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    private static IEnumerable<string> Expand(string cell)
    {
        foreach (var item in cell.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var ends = item.Split('-');
            if (ends.Length == 1)
            {
                yield return item;
                continue;
            }

            for (var code = int.Parse(ends[0]); code <= int.Parse(ends[1]); code++)
            {
                yield return code.ToString();
            }
        }
    }
}
