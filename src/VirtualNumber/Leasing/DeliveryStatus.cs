namespace VirtualNumber.Leasing;

/// <summary>
/// Where a parcel is, in the one vocabulary that all vendors' codes are mapped to. The value is the rank: of two events of the same time
/// the one with the higher rank is the newer.
/// </summary>
public enum DeliveryStatus
{
    /// <summary>No event yet. Never the status of an event.</summary>
    Unspecified = 0,

    /// <summary>The waybill exists, the parcel has not been handed over.</summary>
    LabelCreated = 1,

    /// <summary>The carrier has the parcel.</summary>
    PickedUp = 2,

    /// <summary>Between two places of the carrier.</summary>
    InTransit = 3,

    /// <summary>With customs.</summary>
    InCustoms = 4,

    /// <summary>At the carrier's place nearest to the recipient.</summary>
    AtDestination = 5,

    /// <summary>With the courier.</summary>
    OutForDelivery = 6,

    /// <summary>The courier could not hand it over; another attempt follows.</summary>
    AttemptFailed = 7,

    /// <summary>In a locker or shop, waiting for the recipient.</summary>
    AwaitingPickup = 8,

    /// <summary>Something is wrong, or the vendor's code is not known.</summary>
    Exception = 9,

    /// <summary>On its way back to the sender.</summary>
    Returning = 10,

    /// <summary>The recipient refused it. Terminal.</summary>
    Refused = 11,

    /// <summary>The recipient has it. Terminal.</summary>
    Delivered = 12,

    /// <summary>The sender has it back. Terminal.</summary>
    Returned = 13,

    /// <summary>It will not arrive anywhere. Terminal.</summary>
    Lost = 14,

    /// <summary>The shipment was called off. Terminal.</summary>
    Cancelled = 15,
}
