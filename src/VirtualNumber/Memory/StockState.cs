using VirtualNumber.Protocol;

namespace VirtualNumber.Memory;

/// <summary>Whether a number is in the stock.</summary>
internal enum StockState
{
    /// <summary>May be leased.</summary>
    InStock,

    /// <summary>Taken out for a while.</summary>
    Suspended,

    /// <summary>Taken out for good.</summary>
    Retired,

    /// <summary>Taken out of allocation since a gateway found it faulty; calls go on.</summary>
    Faulty,
}

/// <summary>How a number goes from one state to another.</summary>
internal static class StockStates
{
    /// <summary>The state after a change.</summary>
    public static StockState After(this StockState state, StockChange change) => (change, state) switch
    {
        (StockChange.Restore, _) => StockState.InStock,
        (StockChange.Retire, _) => StockState.Retired,
        // What is retired stays so: suspending it would bring it back to life at the next restore.
        (StockChange.Suspend, StockState.InStock or StockState.Faulty) => StockState.Suspended,
        _ => state,
    };
}
