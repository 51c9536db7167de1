using System.Globalization;

namespace VirtualNumber.Load.Pairs;

/// <summary>What must never happen to a pair.</summary>
internal enum PairViolation
{
    /// <summary>A party was leased a number that it was on with another live lease.</summary>
    PartyTwice,

    /// <summary>A party was leased a number before it had rested from it.</summary>
    PartyBeforeRest,

    /// <summary>A call between the two was refused while their lease lived.</summary>
    NoRoute,

    /// <summary>A call reached somebody else, or under another lease.</summary>
    WrongNumber,

    /// <summary>A call was connected after the end of the lease, or refused as if the caller had never been on it.</summary>
    WrongAfterEnd,

    /// <summary>A stranger was connected.</summary>
    StrangerConnected,

    /// <summary>A lease was refused although there are more numbers than anybody needs.</summary>
    LeaseRefused,
}

/// <summary>What a day of pairs came to.</summary>
internal sealed class PairReport
{
    /// <summary>What the numbers used may be of the bound that no way of sharing them can beat.</summary>
    public const double MostRatio = 1.25;

    private const int MostTold = 20;

    private readonly SortedDictionary<PairViolation, int> _violations = [];
    private readonly List<string> _told = [];

    /// <summary>How often each kind was found; empty is what should be.</summary>
    public IReadOnlyDictionary<PairViolation, int> Violations => _violations;

    /// <summary>The first of them in words.</summary>
    public IReadOnlyList<string> Told => _told;

    public int Leases { get; set; }

    public int Probes { get; set; }

    public int NumbersStocked { get; private set; }

    public int NumbersUsed { get; private set; }

    /// <summary>The most numbers that one courier was on at once, live and aging.</summary>
    public int CourierPeak { get; private set; }

    /// <summary>The same of recipients.</summary>
    public int RecipientPeak { get; private set; }

    /// <summary>The most leases that lived at once.</summary>
    public int PeakLive { get; private set; }

    /// <summary>So many numbers the leases that lived at once take up.</summary>
    public int DensityBound { get; private set; }

    /// <summary>Leases that took another number than the first that both parties fitted on.</summary>
    public int NotFirst { get; private set; }

    /// <summary>What the leases that went beyond the bound passed over, added up.</summary>
    public PassedOver Beyond { get; private set; }

    /// <summary>How many leases went beyond the bound.</summary>
    public int LeasesBeyond { get; private set; }

    /// <summary>Δ: the peak of the busiest party.</summary>
    public int Delta => Math.Max(CourierPeak, RecipientPeak);

    /// <summary>No way of sharing out the numbers gets by with fewer.</summary>
    public int Bound => Math.Max(Delta, DensityBound);

    /// <summary>The numbers used, of the bound.</summary>
    public double Ratio => NumbersUsed / (double)Math.Max(1, Bound);

    /// <summary>Whether all that must hold held.</summary>
    public bool Passed => Ratio <= MostRatio && _violations.Count == 0;

    public void Violate(PairViolation kind, string text)
    {
        _violations[kind] = _violations.GetValueOrDefault(kind) + 1;
        if (_told.Count < MostTold)
            _told.Add($"{kind}: {text}");
    }

    /// <summary>Takes the figures from the books of a day that is over.</summary>
    public void TakeFrom(PairBooks books, PairPlan plan)
    {
        NumbersStocked = plan.Blocks * PairPlan.NumbersPerBlock;
        NumbersUsed = books.NumbersUsed;
        (CourierPeak, RecipientPeak) = books.FindPeaks();
        PeakLive = books.PeakLive;
        DensityBound = (PeakLive + plan.Density - 1) / plan.Density;
        NotFirst = books.PassedOver.Count(passed => passed.Free > 0);
        var beyond = books.PassedOver.Where(passed => passed.Place >= Bound).ToList();
        LeasesBeyond = beyond.Count;
        Beyond = new(
            beyond.Sum(passed => passed.Place), beyond.Sum(passed => passed.Holder), beyond.Sum(passed => passed.Peer),
            beyond.Sum(passed => passed.Full), beyond.Sum(passed => passed.Free));
    }

    public void WriteTo(TextWriter output)
    {
        Write("Leases", Leases);
        Write("Peak of live leases", PeakLive);
        Write("Numbers in stock", NumbersStocked);
        Write("Numbers used", NumbersUsed);
        Write("Lower bound: the busiest party's peak, live and aging (Δ)", Delta);
        Write("  of couriers", CourierPeak);
        Write("  of recipients", RecipientPeak);
        Write("Lower bound: peak of live leases / density", DensityBound);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{"Numbers used / larger lower bound",-62}{Ratio,10:0.000}"));
        output.WriteLine(Explain());
        Write("Leases not on the first number that fitted", NotFirst);
        Write("Calls probed", Probes);
        Write("Violated invariants", _violations.Values.Sum());
        foreach (var (kind, count) in _violations)
            Write($"  {kind}", count);
        foreach (var text in _told)
            output.WriteLine($"  {text}");

        void Write(string what, int count) => output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what,-62}{count,10:n0}"));
    }

    private string Explain()
    {
        if (LeasesBeyond == 0)
            return "  No lease went beyond the bound.";
        var leases = (double)LeasesBeyond;
        return string.Create(CultureInfo.InvariantCulture, $"""
              {LeasesBeyond:n0} of {Leases:n0} leases went beyond it. Of the numbers before theirs, {Beyond.Place / leases:0.0} on average, the courier was on {Beyond.Holder / leases:0.0},
              the recipient alone on {Beyond.Peer / leases:0.0}, {Beyond.Full / leases:0.0} were full, {Beyond.Free / leases:0.0} would have fitted: first-fit cannot know who will meet whom.
            """);
    }
}
