using VirtualNumber.Protocol;

namespace VirtualNumber.Memory;

/// <summary>
/// A block whose numbers are shared by extension: a slot is a number and an extension. The number with the fewest slots in use comes first,
/// so that the extensions of all are as hard to guess.
/// </summary>
internal sealed class ExtensionBlock(BlockEntry entry, ProtocolBounds bounds, LogBounds log) : SharedBlock(entry, bounds, log)
{
    protected override int RankOf(int taken) => taken;

    protected override bool Fits(SharedNumber number, PairParties? parties, DateTimeOffset now) => true;

    protected override RouteAnswer FindRoute(uint index, RouteStep step, DateTimeOffset now) =>
        index >= Numbers.Count || step.Part >= Slots || FindRecord((index * Slots) + step.Part) is not { } record ? new(RouteOutcome.NotLeased)
        : Numbers[(int)index].State == StockState.Suspended ? new(RouteOutcome.Suspended)
        : RouteOf(record, record.IsLive(now));
}
