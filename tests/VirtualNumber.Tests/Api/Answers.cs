using Google.Protobuf.WellKnownTypes;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Api;

/// <summary>Answers as the service of the tests gives them.</summary>
internal static class Answers
{
    /// <summary>A call is connected.</summary>
    /// <param name="lease">By which lease.</param>
    /// <param name="number">The number to call.</param>
    /// <remarks>The gateway is one that nothing is configured for but its id.</remarks>
    public static ResolveResponse Connect(Lease lease, string number) => new()
    {
        Action = RoutingAction.Connect,
        ConnectNumber = number,
        DisplayNumber = "+86" + lease.VirtualNumber,
        LeaseId = lease.LeaseId,
        Epoch = lease.Epoch,
        MaximumDuration = Duration.FromTimeSpan(TimeSpan.FromHours(1)),
        StripHeaders =
        {
            "P-Asserted-Identity", "P-Preferred-Identity", "Privacy", "Remote-Party-ID", "Diversion", "History-Info", "Identity", "Reply-To", "Call-Info", "Referred-By",
        },
    };
}
