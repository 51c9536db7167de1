namespace VirtualNumber.Leasing;

/// <summary>Which status may follow which. Time comes first: the rules are asked only about an event newer in (event time, rank).</summary>
public static class DeliveryStatusRules
{
    private static readonly DeliveryStatusSet s_terminal = DeliveryStatusSet.Of(
        DeliveryStatus.Refused, DeliveryStatus.Delivered, DeliveryStatus.Returned, DeliveryStatus.Lost, DeliveryStatus.Cancelled);

    /// <summary>Unspecified is among them: the first event of a delivery always counts.</summary>
    private static readonly DeliveryStatusSet s_open = DeliveryStatusSet.Of(
        DeliveryStatus.Unspecified, DeliveryStatus.LabelCreated, DeliveryStatus.PickedUp, DeliveryStatus.InTransit,
        DeliveryStatus.InCustoms, DeliveryStatus.AtDestination, DeliveryStatus.OutForDelivery, DeliveryStatus.AttemptFailed,
        DeliveryStatus.AwaitingPickup, DeliveryStatus.Exception, DeliveryStatus.Returning);

    /// <summary>
    /// A parcel that shows one of these was not called off. EXCEPTION and LOST are not among them: both are also what a system reports
    /// about a parcel that it never saw.
    /// </summary>
    private static readonly DeliveryStatusSet s_provesMovement = DeliveryStatusSet.Of(
        DeliveryStatus.PickedUp, DeliveryStatus.InTransit, DeliveryStatus.InCustoms, DeliveryStatus.AtDestination,
        DeliveryStatus.OutForDelivery, DeliveryStatus.AttemptFailed, DeliveryStatus.AwaitingPickup, DeliveryStatus.Returning,
        DeliveryStatus.Refused, DeliveryStatus.Delivered, DeliveryStatus.Returned);

    private static readonly DeliveryStatusSet[] s_allowedFrom = [.. Enum.GetValues<DeliveryStatus>().Select(ComputeAllowedFrom)];

    /// <summary>Whether the parcel's journey has ended: REFUSED, DELIVERED, RETURNED, LOST, CANCELLED.</summary>
    public static bool IsTerminal(DeliveryStatus status) => s_terminal.Contains(status);

    /// <summary>
    /// The current statuses from which a newer event with the given status counts. Statuses under way may go anywhere. A terminal one is
    /// left only by: DELIVERED to RETURNING or EXCEPTION (after-sales), REFUSED to RETURNING, CANCELLED to whatever proves that the
    /// parcel moves. RETURNED and LOST stay. A terminal status does not follow itself either: a second DELIVERED with a later time is a
    /// late report of the same fact and must not keep a real number bound for longer.
    /// </summary>
    /// <param name="status">The status of the event.</param>
    /// <returns>The set; it holds <see cref="DeliveryStatus.Unspecified"/>, since the first event always counts.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The status is Unspecified or no status: no event has it.</exception>
    public static DeliveryStatusSet AllowedFrom(DeliveryStatus status)
    {
        if (status is < DeliveryStatus.LabelCreated or > DeliveryStatus.Cancelled)
        {
            throw new ArgumentOutOfRangeException(nameof(status), status, "No event has this status.");
        }

        return s_allowedFrom[(int)status];
    }

    private static DeliveryStatusSet ComputeAllowedFrom(DeliveryStatus status)
    {
        var from = s_open;
        if (status is DeliveryStatus.Returning or DeliveryStatus.Exception)
        {
            from = from.Union(DeliveryStatusSet.Of(DeliveryStatus.Delivered));
        }

        if (status is DeliveryStatus.Returning)
        {
            from = from.Union(DeliveryStatusSet.Of(DeliveryStatus.Refused));
        }

        if (s_provesMovement.Contains(status))
        {
            from = from.Union(DeliveryStatusSet.Of(DeliveryStatus.Cancelled));
        }

        return from;
    }
}
