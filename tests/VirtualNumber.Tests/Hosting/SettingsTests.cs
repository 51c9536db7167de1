using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using VirtualNumber.Hosting;

namespace VirtualNumber.Tests.Hosting;

/// <summary>What is wrong with the configuration is told at start, all of it at once.</summary>
[TestFixture]
public sealed class SettingsTests
{
    [TestCase("Listen:Grcp", "127.0.0.1:5080", "Grcp")]
    [TestCase("Leasing:HardCapp", "90.00:00:00", "HardCapp")]
    [TestCase("Tenants:0:Name", "alpha", "Name")]
    [TestCase("Gateways:0:Name", "gw", "Name")]
    [TestCase("RealNumbers:Countries:0", "86", "Countries")]
    [TestCase("Reclaim:Intervall", "00:00:01", "Intervall")]
    [TestCase("Bounds:LeastAgeing", "00:05:00", "LeastAgeing")]
    [TestCase("HttpJson:LeaseByGet", "true", "LeaseByGet")]
    [TestCase("Redis:Endpoints", "127.0.0.1:6379", "Endpoints")]
    [TestCase("Guessing:Misses", "5", "Misses")]
    [TestCase("Calls:Keep", "7.00:00:00", "Keep")]
    [TestCase("Calls:Limits:0:Number", "5", "Number")]
    [TestCase("Events:Keep", "1.00:00:00", "Keep")]
    [TestCase("Webhooks:0:Secret", "none", "Secret")]
    [TestCase("Sealing:Keys", "vn-keys.json", "Keys")]
    public void A_misspelt_setting_is_named(string key, string value, string named) =>
        Assert.That(RefusalOf((key, value)), Does.Contain(named).And.Contain(key[..key.IndexOf(':', StringComparison.Ordinal)]));

    [TestCase("Events:Kept", "00:00:59", "Kept")]
    [TestCase("Events:MostKept", "999", "MostKept")]
    [TestCase("Events:Interval", "00:00:00.009", "Interval")]
    [TestCase("Events:HeartBeat", "00:00:00.9", "HeartBeat")]
    [TestCase("Webhooks:0:Id", "no id", "Id")]
    [TestCase("Webhooks:0:TenantId", "nobody", "TenantId")]
    [TestCase("Webhooks:0:Url", "http://example.com/", "https")]
    [TestCase("Webhooks:0:Url", "https://user:password@example.com/", "user name")]
    [TestCase("Webhooks:0:Secrets:0", "c2hvcnQ=", "Secrets")]
    [TestCase("Webhooks:0:CertificateAuthority", "/none", "CertificateAuthority")]
    [TestCase("Webhooks:0:MostPerPush", "1001", "MostPerPush")]
    [TestCase("Webhooks:0:Timeout", "00:01:01", "Timeout")]
    [TestCase("Webhooks:0:RetryAfter:0", "00:00:00", "RetryAfter")]
    [TestCase("Webhooks:0:MostOutstanding", "0", "MostOutstanding")]
    [TestCase("Webhooks:0:MostParked", "0", "MostParked")]
    [TestCase("Bounds:LeastAging", "00:03:30", "LeastAging")]
    [TestCase("Bounds:TakeWindow", "00:00:00", "TakeWindow")]
    [TestCase("Bounds:ClockSkew", "-00:00:01", "ClockSkew")]
    [TestCase("Bounds:TakeWindow", "10675199.02:48:05.4775807", "TakeWindow")]
    [TestCase("Bounds:CommandDelay", "01:00:00.001", "CommandDelay")]
    [TestCase("Bounds:ClockSkew", "4000000.00:00:00", "ClockSkew")]
    [TestCase("Bounds:LeastAging", "366.00:00:00", "LeastAging")]
    [TestCase("Leasing:HardCap", "400.00:00:00", "HardCap")]
    [TestCase("Leasing:After:Delivered", "91.00:00:00", "Delivered")]
    [TestCase("Leasing:ExtensionLimit", "101", "ExtensionLimit")]
    [TestCase("Leasing:ExtensionSpans:0", "00:00:00", "ExtensionSpans")]
    [TestCase("RealNumbers:AllowedCountries:0", "21", "21")]
    [TestCase("RealNumbers:AllowedKinds:0", "Satellite", "Satellite")]
    [TestCase("Reclaim:EntriesPerCycle", "0", "EntriesPerCycle")]
    [TestCase("Reclaim:Interval", "00:00:00.009", "Interval")]
    [TestCase("Reclaim:WarnAfterCycles", "0", "WarnAfterCycles")]
    [TestCase("Redis:CallTimeout", "00:00:00", "CallTimeout")]
    [TestCase("Redis:CallsInFlight", "0", "CallsInFlight")]
    [TestCase("Redis:LogLength", "0", "LogLength")]
    [TestCase("Redis:RegistryInterval", "00:00:01.001", "RegistryInterval")]
    [TestCase("Redis:Durability", "Sometimes", "Durability")]
    [TestCase("Redis:Durability", "3", "Durability")]
    [TestCase("Redis:Replicas", "0", "Replicas")]
    [TestCase("Redis:Replicas", "6", "Replicas")]
    [TestCase("Redis:ReplicaTimeout", "00:00:00.009", "ReplicaTimeout")]
    [TestCase("Redis:RegistryInterval", "00:00:00.009", "RegistryInterval")]
    [TestCase("Redis:PossibleLoss", "-00:00:01", "PossibleLoss")]
    [TestCase("Redis:PossibleLoss", "01:00:01", "PossibleLoss")]
    [TestCase("Redis:ForgottenLeases", "-1", "ForgottenLeases")]
    [TestCase("Redis:ForgottenLeases", "20001", "ForgottenLeases")]
    [TestCase("Redis:Durability", "7", "Durability")]
    [TestCase("Guessing:MissesPerCaller", "0", "MissesPerCaller")]
    [TestCase("Guessing:MissesPerNumber", "0", "MissesPerNumber")]
    [TestCase("Guessing:Window", "00:00:00", "Window")]
    [TestCase("Guessing:LockOut", "1.00:00:00.001", "LockOut")]
    [TestCase("Calls:Kept", "00:59:59", "Kept")]
    [TestCase("Calls:Kept", "180.00:00:01", "Kept")]
    [TestCase("Calls:MostPerBlock", "0", "MostPerBlock")]
    [TestCase("Calls:MostPerBlock", "100001", "MostPerBlock")]
    [TestCase("Calls:Limits:0:Count", "0", "Count")]
    [TestCase("Calls:Limits:0:Count", "101", "Count")]
    [TestCase("Calls:Limits:0:Within", "00:00:00.999", "Within")]
    [TestCase("Calls:Limits:0:Within", "7.00:00:01", "Within")]
    [TestCase("Sealing:KeyRing", " ", "KeyRing")]
    public void A_figure_out_of_range_is_named(string key, string value, string named) =>
        Assert.That(RefusalOf((key, value)), Does.Contain(named));

    [TestCase("Bounds:LeastAging", "soon")]
    [TestCase("Leasing:ExtensionLimit", "three")]
    public void A_value_that_is_no_figure_is_refused(string key, string value) =>
        Assert.That(RefusalOf((key, value)), Does.Contain(key.Split(':')[1]));

    [TestCase("", "Id is missing")]
    [TestCase("with blank", "with blank")]
    [TestCase("快递", "快递")]
    public void A_tenant_and_a_gateway_have_an_id_that_a_request_can_name(string id, string named)
    {
        Assert.That(RefusalOf(("Tenants:0:Id", id)), Does.Contain("Tenants").And.Contain(named));
        Assert.That(RefusalOf(("Gateways:0:Id", id)), Does.Contain("Gateways").And.Contain(named));
    }

    [TestCase("Tenants", """{ "Id": null }""")]
    [TestCase("Gateways", """{ "Id": null }""")]
    [TestCase("Tenants", """{ "Id": "one", "DefaultCountry": null }""")]
    [TestCase("Gateways", """{ "Id": "one", "DefaultCountry": null }""")]
    public void A_null_in_the_file_is_a_fault_like_any_other(string section, string caller)
    {
        using var file = new MemoryStream(Encoding.UTF8.GetBytes($$"""{ "{{section}}": [ {{caller}} ] }"""));
        var configuration = new ConfigurationBuilder().AddJsonStream(file).Build();
        Assert.That(Assert.Throws<StartRefusedException>(() => Settings.Read(configuration))!.Message, Does.StartWith(section));
    }

    [Test]
    public void A_default_country_is_an_assigned_one()
    {
        Assert.That(RefusalOf(("Tenants:0:Id", "alpha"), ("Tenants:0:DefaultCountry", "+86")), Does.Contain("DefaultCountry of alpha"));
        Assert.That(RefusalOf(("Gateways:0:Id", "gw"), ("Gateways:0:DefaultCountry", "21")), Does.Contain("DefaultCountry of gw"));
    }

    [Test]
    public void Two_tenants_and_two_gateways_of_one_id_are_refused()
    {
        var refusal = RefusalOf(("Tenants:0:Id", "alpha"), ("Tenants:1:Id", "alpha"), ("Gateways:0:Id", "gw"), ("Gateways:1:Id", "gw"));
        Assert.That(refusal, Does.Contain("alpha is named more than once").And.Contain("gw is named more than once"));
    }

    [TestCase("31.00:00:00")]
    [TestCase("-00:00:01")]
    public void A_tenants_term_for_delivered_has_its_range(string term) =>
        Assert.That(RefusalOf(("Tenants:0:Id", "alpha"), ("Tenants:0:DeliveredTerm", term)), Does.Contain("DeliveredTerm of alpha must be 0 to 30 days"));

    [TestCase("LiveLeaseLimit")]
    [TestCase("LeasesPerMinuteLimit")]
    public void A_tenants_quota_lets_it_lease_something(string limit) =>
        Assert.That(RefusalOf(("Tenants:0:Id", "alpha"), ($"Tenants:0:{limit}", "0")), Does.Contain("LeasesPerMinuteLimit of alpha must be at least 1"));

    [Test]
    public void All_faults_are_told_at_once()
    {
        var refusal = RefusalOf(("Tenants:0:Name", "alpha"), ("Bounds:LeastAging", "00:01:00"), ("Reclaim:EntriesPerCycle", "0"));
        Assert.That(refusal, Does.Contain("Name").And.Contain("LeastAging").And.Contain("EntriesPerCycle"));
    }

    [Test]
    public void What_is_configured_replaces_the_default_lists()
    {
        var settings = Settings.Read(Configuration(
            ("Leasing:ExtensionSpans:0", "1.00:00:00"), ("RealNumbers:AllowedCountries:0", "999"), ("RealNumbers:AllowedKinds:0", "Mobile")));
        Assert.That(settings.Leasing.ExtensionSpans, Is.EqualTo(new[] { TimeSpan.FromDays(1) }));
        Assert.That(settings.RealNumbers.AllowedCountries, Is.EqualTo(new[] { "999" }));
        Assert.That(settings.RealNumbers.AllowedKinds.Select(kind => kind.ToString()), Is.EqualTo(new[] { "Mobile" }));
    }

    [Test]
    public void A_wait_for_replicas_leaves_a_call_the_time_for_another_one()
    {
        (string, string)[] settings = [("Redis:CallTimeout", "00:00:02"), ("Redis:ReplicaTimeout", "00:00:01.001")];
        Assert.That(() => Settings.Read(Configuration(settings)), Throws.Nothing, "Nobody waits for replicas.");
        Assert.That(RefusalOf([.. settings, ("Redis:Durability", "Replicated")]), Does.Contain("ReplicaTimeout must be at least 10 ms and at most half"));
    }

    [Test]
    public void A_call_to_Redis_ends_before_a_command_may_come_late()
    {
        (string, string)[] settings = [("Bounds:CommandDelay", "00:00:01"), ("Redis:CallTimeout", "00:00:01.001")];
        Assert.That(() => Settings.Read(Configuration(settings)), Throws.Nothing, "There is no Redis to call.");
        Assert.That(RefusalOf([.. settings, ("Redis:Configuration", "127.0.0.1")]), Does.Contain("CallTimeout must be positive and at most Bounds:CommandDelay"));
    }

    [TestCase("password=hunter2")]
    [TestCase("127.0.0.1:6379,password=hunter2,syncTimeout=soon")]
    [TestCase("127.0.0.1:6379,password=hunter2,sll=true")]
    public void A_configuration_of_Redis_that_cannot_be_read_is_told_without_its_password(string configuration) =>
        Assert.That(RefusalOf(("Redis:Configuration", configuration)), Does.StartWith("Redis: Configuration must be").And.Not.Contain("hunter2"));

    [Test]
    public void Nothing_needs_to_be_set() => Assert.That(Settings.Read(Configuration()).Tenants, Is.Empty);

    [TestCase("0.0.0.0:5080")]
    [TestCase("[::]:5080")]
    [TestCase("192.0.2.1:5080")]
    [TestCase("localhost:5080")]
    [TestCase("*:5080")]
    [TestCase("127.0.0.1")]
    [TestCase("5080")]
    [TestCase("")]
    public void Only_loopback_addresses_with_a_port_are_listened_on(string address)
    {
        foreach (var options in new[] { new ListenOptions { Grpc = address }, new ListenOptions { Http = address } })
        {
            var setting = options.Grpc == address ? "Listen:Grpc" : "Listen:Http";
            var refusal = Assert.Throws<StartRefusedException>(() => WebApplication.CreateSlimBuilder().ListenOnLoopback(options));
            Assert.That(refusal!.Message, Does.StartWith($"{setting} is \"{address}\": "));
        }
    }

    [TestCase("127.0.0.1:0")]
    [TestCase("127.1.2.3:0")]
    [TestCase("[::1]:0")]
    public void Every_loopback_address_is_taken(string address) => Assert.DoesNotThrow(
        () => WebApplication.CreateSlimBuilder().ListenOnLoopback(new ListenOptions { Grpc = address, Http = address }));

    private static string RefusalOf(params (string Key, string Value)[] settings) =>
        Assert.Throws<StartRefusedException>(() => Settings.Read(Configuration(settings)))!.Message;

    private static IConfiguration Configuration(params (string Key, string Value)[] settings) => new ConfigurationBuilder()
        .AddInMemoryCollection(settings.Select(pair => KeyValuePair.Create(pair.Key, (string?)pair.Value)))
        .Build();
}
