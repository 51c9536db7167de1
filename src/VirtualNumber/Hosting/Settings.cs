using VirtualNumber.Http;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;
using VirtualNumber.Redis;
using VirtualNumber.Webhooks;

namespace VirtualNumber.Hosting;

/// <summary>
/// The whole configuration, read once at start, with every fault told at once. A section that is not known is refused within its
/// parent, so that a misspelt setting does not pass silently.
/// </summary>
internal sealed record Settings(
    ListenOptions Listen,
    IReadOnlyList<TenantOptions> Tenants,
    IReadOnlyList<GatewayOptions> Gateways,
    LeaseTermsOptions Leasing,
    RealNumberOptions RealNumbers,
    ProtocolBounds Bounds,
    ReclaimOptions Reclaim,
    GuessOptions Guessing,
    GatewayHealthOptions GatewayHealth,
    NumberHealthOptions NumberHealth,
    CallRecordOptions Calls,
    OverloadOptions Overload,
    HttpJsonOptions HttpJson,
    EventOptions Events,
    IReadOnlyList<WebhookOptions> Webhooks,
    RedisOptions Redis,
    SealingOptions Sealing)
{
    /// <exception cref="StartRefusedException">The configuration has faults; the message names all of them.</exception>
    public static Settings Read(IConfiguration configuration)
    {
        var faults = new List<string>();
        var settings = new Settings(
            Bind(configuration, "Listen", new ListenOptions(), faults),
            Bind(configuration, "Tenants", new List<TenantOptions>(), faults),
            Bind(configuration, "Gateways", new List<GatewayOptions>(), faults),
            ReadLeasing(configuration, faults),
            ReadRealNumbers(configuration, faults),
            Bind(configuration, "Bounds", new ProtocolBounds(), faults),
            Bind(configuration, "Reclaim", new ReclaimOptions(), faults),
            Bind(configuration, "Guessing", new GuessOptions(), faults),
            Bind(configuration, "GatewayHealth", new GatewayHealthOptions(), faults),
            Bind(configuration, "NumberHealth", new NumberHealthOptions(), faults),
            ReadCalls(configuration, faults),
            Bind(configuration, "Overload", new OverloadOptions(), faults),
            Bind(configuration, "HttpJson", new HttpJsonOptions(), faults),
            Bind(configuration, "Events", new EventOptions(), faults),
            Bind(configuration, "Webhooks", new List<WebhookOptions>(), faults),
            Bind(configuration, "Redis", new RedisOptions(), faults),
            Bind(configuration, "Sealing", new SealingOptions(), faults));

        faults.AddRange(settings.Leasing.Validate().Select(fault => $"Leasing: {fault}"));
        faults.AddRange(settings.RealNumbers.Validate().Select(fault => $"RealNumbers: {fault}"));
        faults.AddRange(settings.Bounds.Validate().Select(fault => $"Bounds: {fault}"));
        faults.AddRange(settings.Reclaim.Validate().Select(fault => $"Reclaim: {fault}"));
        faults.AddRange(settings.Guessing.Validate().Select(fault => $"Guessing: {fault}"));
        faults.AddRange(settings.GatewayHealth.Validate().Select(fault => $"GatewayHealth: {fault}"));
        faults.AddRange(settings.NumberHealth.Validate().Select(fault => $"NumberHealth: {fault}"));
        faults.AddRange(settings.Calls.Validate().Select(fault => $"Calls: {fault}"));
        faults.AddRange(settings.Overload.Validate().Select(fault => $"Overload: {fault}"));
        faults.AddRange(settings.Events.Validate().Select(fault => $"Events: {fault}"));
        faults.AddRange(settings.Webhooks.SelectMany(webhook => webhook.Validate()).Select(fault => $"Webhooks: {fault}"));
        faults.AddRange(settings.Webhooks.Where(webhook => settings.Tenants.All(tenant => tenant.Id != webhook.TenantId))
            .Select(webhook => $"Webhooks: TenantId of {webhook.Id} must be one of Tenants."));
        faults.AddRange(settings.Webhooks.GroupBy(webhook => (webhook.TenantId, webhook.Id)).Where(group => group.Count() > 1)
            .Select(group => $"Webhooks: {group.Key.Id} of {group.Key.TenantId} is named more than once."));
        faults.AddRange(settings.Redis.Validate(settings.Bounds.CommandDelay).Select(fault => $"Redis: {fault}"));
        faults.AddRange(settings.Sealing.Validate().Select(fault => $"Sealing: {fault}"));
        faults.AddRange(FaultsOf("Tenants", [.. settings.Tenants.Select(tenant => (tenant.Id ?? "", tenant.DefaultCountry ?? ""))]));
        faults.AddRange(FaultsOf("Gateways", [.. settings.Gateways.Select(gateway => (gateway.Id ?? "", gateway.DefaultCountry ?? ""))]));
        faults.AddRange(settings.Gateways.SelectMany(gateway => gateway.Validate()).Select(fault => $"Gateways: {fault}"));
        faults.AddRange(settings.Tenants
            .Where(tenant => tenant.DeliveredTerm is { } term && (term < TimeSpan.Zero || term > settings.Leasing.DeliveredTermLimit))
            .Select(tenant => $"Tenants: DeliveredTerm of {tenant.Id} must be 0 to {settings.Leasing.DeliveredTermLimit.TotalDays:0.##} days."));
        faults.AddRange(settings.Tenants
            .Where(tenant => tenant.LiveLeaseLimit < 1 || tenant.LeasesPerMinuteLimit < 1)
            .Select(tenant => $"Tenants: LiveLeaseLimit and LeasesPerMinuteLimit of {tenant.Id} must be at least 1, or missing."));
        return faults.Count == 0 ? settings : throw new StartRefusedException(string.Join(Environment.NewLine, faults));
    }

    private static LeaseTermsOptions ReadLeasing(IConfiguration configuration, List<string> faults)
    {
        var options = new LeaseTermsOptions();
        // The binder adds to a list; what is configured must replace it.
        if (configuration.GetSection("Leasing:ExtensionSpans").Exists())
            options.ExtensionSpans = [];
        return Bind(configuration, "Leasing", options, faults);
    }

    private static CallRecordOptions ReadCalls(IConfiguration configuration, List<string> faults)
    {
        var options = new CallRecordOptions();
        // Given and empty: no limit.
        if (configuration.GetSection("Calls:Limits").Exists())
            options.Limits = [];
        return Bind(configuration, "Calls", options, faults);
    }

    private static RealNumberOptions ReadRealNumbers(IConfiguration configuration, List<string> faults)
    {
        var options = new RealNumberOptions();
        if (configuration.GetSection("RealNumbers:AllowedCountries").Exists())
            options.AllowedCountries.Clear();
        if (configuration.GetSection("RealNumbers:AllowedKinds").Exists())
            options.AllowedKinds.Clear();
        return Bind(configuration, "RealNumbers", options, faults);
    }

    private static T Bind<T>(IConfiguration configuration, string section, T options, List<string> faults)
    {
        try
        {
            configuration.GetSection(section).Bind(options, binder => binder.ErrorOnUnknownConfiguration = true);
        }
        catch (InvalidOperationException exception)
        {
            // The one names the setting, the other what is wrong with it; which is which depends on the fault.
            faults.Add($"{section}: {exception.Message} {exception.InnerException?.Message}".TrimEnd());
        }

        return options;
    }

    /// <summary>Ids that no request can name, ids named twice, and default countries that are none.</summary>
    private static IEnumerable<string> FaultsOf(string section, IReadOnlyList<(string Id, string DefaultCountry)> callers) =>
    [
        .. callers.Where(caller => caller.Id.Length == 0).Select(_ => $"{section}: an Id is missing."),
        .. callers.Where(caller => caller.Id.Length > 0 && !CallerDirectory.IsId(caller.Id))
            .Select(caller => $"{section}: Id {caller.Id} must be 1 to 64 ASCII letters, digits, dots, underscores and hyphens."),
        .. callers.Where(caller => !CallingCodes.IsAssigned(caller.DefaultCountry))
            .Select(caller => $"{section}: DefaultCountry of {caller.Id} must be an assigned calling code, digits only."),
        .. callers.Where(caller => caller.Id.Length > 0).GroupBy(caller => caller.Id, StringComparer.Ordinal).Where(group => group.Count() > 1)
            .Select(group => $"{section}: {group.Key} is named more than once."),
    ];
}
