namespace VirtualNumber.Load.Replay;

/// <summary>An order of a marketplace as its public data set tells it: no person, no number, only what happened when.</summary>
/// <param name="Id">The order.</param>
/// <param name="Status">Its last status, in the data set's words: delivered, shipped, canceled, unavailable, invoiced, processing.</param>
/// <param name="Purchased">When it was bought.</param>
/// <param name="Approved">When the payment was approved.</param>
/// <param name="HandedOver">When the carrier got the parcel.</param>
/// <param name="Delivered">When the recipient got it.</param>
internal sealed record Order(
    string Id, string Status, DateTimeOffset Purchased, DateTimeOffset? Approved, DateTimeOffset? HandedOver, DateTimeOffset? Delivered);
