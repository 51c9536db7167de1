using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Memory;

/// <summary>
/// A block whose numbers have many slots each. A slot without a record is free; so a take first writes down and removes what is due,
/// and what is then left decides. A number is open while it is in stock, has fewer live leases than the density, and a free slot.
/// </summary>
internal abstract partial class SharedBlock(BlockEntry entry, ProtocolBounds bounds, LogBounds log) : Block(entry, bounds, log)
{
    private readonly List<SharedNumber> _numbers = [];

    /// <summary>The open numbers, the one to be taken first in front.</summary>
    private readonly SortedSet<(int Rank, uint Index)> _open = [];

    /// <summary>How many slots each number has.</summary>
    protected uint Slots { get; } = entry.Owner.Pool.SlotsPerNumber();

    protected override int NumberCount => _numbers.Count;

    protected IReadOnlyList<SharedNumber> Numbers => _numbers;

    protected override void OnWritten(LeaseRecord? before, LeaseRecord after, DateTimeOffset now)
    {
        var number = NumberOf(after);
        if (before is null)
            number.Taken.Add(after.Slot % Slots);
        number.Live += LiveOf(after) - LiveOf(before);
        OpenOrClose(number);
    }

    protected override void OnRemoved(LeaseRecord record)
    {
        var number = NumberOf(record);
        number.Taken.Remove(record.Slot % Slots);
        number.Live -= LiveOf(record);
        OpenOrClose(number);
    }

    protected SharedNumber NumberOf(LeaseRecord record) => _numbers[(int)Entry.IndexOf(record.Slot)];

    private static int LiveOf(LeaseRecord? record) => record is { End: EndReason.None } ? 1 : 0;

    private void OpenOrClose(SharedNumber number)
    {
        if (number.Rank is { } before)
            _open.Remove((before, number.Index));
        number.Rank = IsOpen(number, number.Live, number.Taken.Count) ? RankOf(number.Taken.Count) : null;
        if (number.Rank is { } rank)
            _open.Add((rank, number.Index));
    }

    private bool IsOpen(SharedNumber number, int live, int taken) =>
        number.State == StockState.InStock && live < Pool.Density && taken < Slots;
}
