using System.Globalization;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Load.Replay;

/// <summary>The terms under which a replay runs, and the configuration that gives a service the same ones.</summary>
internal sealed class ReplayPolicy
{
    public const string TenantId = "replay";
    public const string GatewayId = "replay";

    /// <summary>The share of the aging that each bound gets; D + N + 3 S must stay below it.</summary>
    private const double TakeWindowShare = 0.4;
    private const double CommandDelayShare = 0.3;
    private const double ClockSkewShare = 0.05;

    private readonly LeaseTermsOptions _options = new();

    /// <param name="day">How long a day of the data lasts in the replay.</param>
    public ReplayPolicy(TimeSpan day)
    {
        Scale = day / TimeSpan.FromDays(1);
        // What waits for a lease, and which event times are believed, keep their usual spans: they are about the clocks here.
        _options.HardCap = Scaled(_options.HardCap);
        _options.DeliveredTermLimit = Scaled(_options.DeliveredTermLimit);
        _options.ExtensionSpans = [.. _options.ExtensionSpans.Select(Scaled)];
        foreach (var (status, span) in _options.After.ToList())
            _options.After[status] = Scaled(span);
        Terms = new LeaseTerms(_options);
        Aging = Scaled(TimeSpan.FromDays(7));
        if (Scale < 1)
        {
            Bounds.LeastAging = Aging;
            Bounds.TakeWindow = Round(Aging * TakeWindowShare);
            Bounds.CommandDelay = Round(Aging * CommandDelayShare);
            Bounds.ClockSkew = Round(Aging * ClockSkewShare);
        }
    }

    /// <summary>1 in real time.</summary>
    public double Scale { get; }

    public LeaseTerms Terms { get; }

    public ProtocolBounds Bounds { get; } = new();

    /// <summary>7 days of the data.</summary>
    public TimeSpan Aging { get; }

    public TimeSpan Scaled(TimeSpan span) => Round(span * Scale);

    /// <summary>The service's configuration, <c>Section:Key</c>.</summary>
    public Dictionary<string, string> ToSettings()
    {
        var settings = new Dictionary<string, string>
        {
            ["Tenants:0:Id"] = TenantId,
            ["Gateways:0:Id"] = GatewayId,
            ["Calls:Limits"] = "",
            ["RealNumbers:AllowedCountries:0"] = "999",
            ["Leasing:HardCap"] = Text(_options.HardCap),
            ["Leasing:DeliveredTermLimit"] = Text(_options.DeliveredTermLimit),
            ["Bounds:LeastAging"] = Text(Bounds.LeastAging),
            ["Bounds:TakeWindow"] = Text(Bounds.TakeWindow),
            ["Bounds:CommandDelay"] = Text(Bounds.CommandDelay),
            ["Bounds:ClockSkew"] = Text(Bounds.ClockSkew),
        };
        for (var i = 0; i < _options.ExtensionSpans.Count; i++)
            settings[$"Leasing:ExtensionSpans:{i}"] = Text(_options.ExtensionSpans[i]);
        foreach (var (status, span) in _options.After)
            settings[$"Leasing:After:{status}"] = Text(span);
        return settings;
    }

    private static TimeSpan Round(TimeSpan span) => TimeSpan.FromMilliseconds(Math.Max(1, Math.Round(span.TotalMilliseconds)));

    private static string Text(TimeSpan span) => span.ToString("c", CultureInfo.InvariantCulture);
}
