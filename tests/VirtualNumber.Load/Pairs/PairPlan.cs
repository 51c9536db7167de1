using VirtualNumber.Leasing;

namespace VirtualNumber.Load.Pairs;

/// <summary>What a day of pairs is asked for.</summary>
/// <param name="Couriers">How many couriers are on the road.</param>
/// <param name="Parcels">How many parcels each carries.</param>
/// <param name="Aging">How long a party rests from a number.</param>
/// <param name="DeliveredTerm">How long the two may call each other once the parcel is delivered: the tenant's term for DELIVERED.</param>
/// <param name="Density">How many pairs may live on a number at once.</param>
/// <param name="Seed">What is left to chance follows from it.</param>
internal sealed record PairPlan(int Couriers, int Parcels, TimeSpan Aging, TimeSpan DeliveredTerm, int Density, int Seed)
{
    /// <summary>As many numbers as make a block of the usual density as big as a block may be.</summary>
    public const int NumbersPerBlock = 100;

    /// <summary>The density with which <see cref="NumbersPerBlock"/> make a block as big as it may be.</summary>
    public const int UsualDensity = Pool.MostPlacesPerBlock / NumbersPerBlock;

    /// <summary>More than can be needed, so that what is used is what the store chose to use.</summary>
    private const double Margin = 1.5;

    /// <summary>How many blocks are stocked.</summary>
    public int Blocks
    {
        get
        {
            var needed = Math.Max(Parcels, (double)Couriers * Parcels / Density);
            return 1 + (int)Math.Ceiling(needed * Margin / NumbersPerBlock);
        }
    }
}
