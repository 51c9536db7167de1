using VirtualNumber.Load.Sip;

namespace VirtualNumber.Tests.Gateway;

/// <summary>A gateway that connects whatever the service's stand-in says (<see cref="GatewayBed.StartPlainAsync"/>), and a telephone on either side of it.</summary>
internal abstract class TwoPhonesBed : GatewayBed
{
    /// <summary>The virtual number that is called.</summary>
    protected const string One = "16210010000";

    /// <summary>The real number that each virtual one stands for, without a plus.</summary>
    protected abstract IReadOnlyDictionary<string, string> Numbers { get; }

    protected HttpFront Service { get; private set; } = null!;

    protected KamailioProcess Plain { get; private set; } = null!;

    protected SipPhone Caller { get; private set; } = null!;

    protected SipPhone Called { get; private set; } = null!;

    [OneTimeSetUp]
    public async Task StartOneAsync() => (Plain, Service) = await StartPlainAsync(Numbers);

    [OneTimeTearDown]
    public async Task StopOneAsync() => await Service.DisposeAsync();

    [SetUp]
    public void Open() => (Caller, Called) = (new SipPhone(SipPlaces.Callers), new SipPhone(SipPlaces.NextHop, NextHopPort));

    [TearDown]
    public void Close()
    {
        Caller.Dispose();
        Called.Dispose();
    }

    /// <summary>A call that nobody has made yet.</summary>
    protected PhoneCall NewCall(string dialled = One) => new(Plain, Caller, Called, NextCaller(), Numbers[dialled]) { Dialled = dialled };

    /// <summary>After all that was sent so far was dealt with.</summary>
    protected async Task AssertNothingLeaksAsync(PhoneCall call)
    {
        await Called.PingAsync(Plain);
        await Caller.PingAsync(Plain);
        await Called.PingAsync(Plain);
        call.AssertNothingLeaks();
    }
}
