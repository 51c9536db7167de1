using System.Globalization;
using VirtualNumber.Leasing;

namespace VirtualNumber.Load.Chaos;

/// <summary>
/// The terms under which a run stands: spans so short that slots come round several times, and yet longer than every fault, since the
/// protocol's bounds must cover the longest freeze and what TCP sends late after it.
/// </summary>
internal sealed class ChaosRules
{
    public const string TenantId = "chaos";
    public const string GatewayId = "chaos";

    private readonly LeaseTermsOptions _options = new() { HardCap = TimeSpan.FromMinutes(40), DeliveredTermLimit = TimeSpan.FromMinutes(1) };

    public ChaosRules()
    {
        foreach (var status in _options.After.Keys.ToList())
            _options.After[status] = TimeSpan.FromSeconds(8);
        _options.After[DeliveryStatus.LabelCreated] = TimeSpan.FromMinutes(2);
        _options.After[DeliveryStatus.OutForDelivery] = TimeSpan.FromSeconds(5);
        _options.After[DeliveryStatus.AwaitingPickup] = TimeSpan.FromSeconds(4);
        _options.After[DeliveryStatus.Delivered] = TimeSpan.FromSeconds(2);
        _options.After[DeliveryStatus.Refused] = TimeSpan.FromSeconds(2);
        _options.After[DeliveryStatus.Returned] = TimeSpan.FromSeconds(1);
        _options.After[DeliveryStatus.Lost] = TimeSpan.FromSeconds(3);
        _options.After[DeliveryStatus.Cancelled] = TimeSpan.FromMilliseconds(300);
        _options.ExtensionSpans = [ShortExtension, LongExtension];
        Terms = new LeaseTerms(_options);
    }

    /// <summary>What a holder usually adds.</summary>
    public static TimeSpan ShortExtension { get; } = TimeSpan.FromSeconds(3);

    /// <summary>What keeps a lease beyond the end of the run.</summary>
    public static TimeSpan LongExtension { get; } = TimeSpan.FromMinutes(20);

    /// <summary>How long a slot rests, as the checker expects it.</summary>
    public TimeSpan Aging { get; init; } = TimeSpan.FromSeconds(14);

    /// <summary>
    /// How far two readings of this machine's clock may be apart: instants are cut to milliseconds, and the run's own clock is the
    /// wall clock once, then a steady counter.
    /// </summary>
    public TimeSpan Tolerance { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>A call that was not answered may still be done so long after it was sent: the longest fault and what follows it, twice.</summary>
    public TimeSpan LateWithin { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>What each status means for the expire time.</summary>
    public LeaseTerms Terms { get; }

    /// <summary>The service's configuration, <c>Section:Key</c>, but for where its store is.</summary>
    /// <param name="agingPlanted">
    /// The bug that the checker must find: bounds, and with them the pools' aging, far below what it expects.
    /// </param>
    public Dictionary<string, string> ToSettings(bool agingPlanted)
    {
        var settings = new Dictionary<string, string>
        {
            ["Tenants:0:Id"] = TenantId,
            ["Gateways:0:Id"] = GatewayId,
            ["RealNumbers:AllowedCountries:0"] = "999",
            ["Leasing:HardCap"] = Text(_options.HardCap),
            ["Leasing:DeliveredTermLimit"] = Text(_options.DeliveredTermLimit),
            ["Bounds:LeastAging"] = Text(agingPlanted ? PlantedAging : Aging),
            ["Bounds:TakeWindow"] = agingPlanted ? "00:00:01" : "00:00:03",
            ["Bounds:CommandDelay"] = agingPlanted ? "00:00:02" : "00:00:10",
            ["Bounds:ClockSkew"] = "00:00:00.250",
            // Wrong extensions are asked for all the time here, by few callers.
            ["Guessing:MissesPerCaller"] = "100000000",
            ["Calls:Limits"] = "",
            ["Guessing:MissesPerNumber"] = "100000000",
            ["Logging:LogLevel:Default"] = "Warning",
        };
        for (var i = 0; i < _options.ExtensionSpans.Count; i++)
            settings[$"Leasing:ExtensionSpans:{i}"] = Text(_options.ExtensionSpans[i]);
        foreach (var (status, span) in _options.After)
            settings[$"Leasing:After:{status}"] = Text(span);
        return settings;
    }

    /// <summary>The aging of the pools where that bug is planted.</summary>
    public static TimeSpan PlantedAging { get; } = TimeSpan.FromSeconds(4);

    private static string Text(TimeSpan span) => span.ToString("c", CultureInfo.InvariantCulture);
}
