using System.Globalization;
using VirtualNumber.Sealing;

namespace VirtualNumber.Protocol;

/// <summary>Why a push was not taken: one of these, or the status of HTTP that it was answered with.</summary>
internal enum PushFault
{
    /// <summary>It was taken, or not sent yet.</summary>
    None = 0,

    /// <summary>No answer in time.</summary>
    Timeout = 1,

    /// <summary>Nobody there, or the connection broke.</summary>
    Unreachable = 2,

    /// <summary>The name stands for an address that pushes may not go to.</summary>
    AddressRefused = 3,

    /// <summary>The certificate is not trusted, or no secure connection came about.</summary>
    Insecure = 4,
}

/// <summary>Some events on their way to a webhook.</summary>
/// <param name="Id">What it is told apart by, within its webhook.</param>
/// <param name="Claim">Counts how often it was claimed: who ends it must be who claimed it last.</param>
/// <param name="Failures">How often it was sent and not taken, since it was made or an operator asked for another try.</param>
/// <param name="MadeTime">When it was made.</param>
/// <param name="LastFault">Why it was not taken the last time.</param>
/// <param name="Events">The events.</param>
internal sealed record Push(
    string Id, int Claim, int Failures, DateTimeOffset MadeTime, PushFault LastFault, IReadOnlyList<LeaseEvent> Events)
{
    /// <summary>The id of a push up to a position, as long as any other: the order of texts is that of the stream (Push.lua has the same).</summary>
    public static string IdOf(EventPosition last) => string.Create(CultureInfo.InvariantCulture, $"{last.Time}-{last.Number:D10}");
}

/// <summary>A push that nobody tries to send any more until an operator says so.</summary>
internal sealed record ParkedPush(Push Push, DateTimeOffset ParkedTime)
{
    /// <summary>Where it stands among the parked ones.</summary>
    public ParkedPlace Place => new(ParkedTime, Push.Id);
}

/// <summary>A place in the order of parking; it is one also when the push that stood there is gone.</summary>
internal readonly record struct ParkedPlace(DateTimeOffset ParkedTime, string Id)
{
    /// <summary>Whether it comes after another one; null: before all.</summary>
    public bool IsAfter(ParkedPlace? other) => other is not { } place
        || ParkedTime > place.ParkedTime
        || (ParkedTime == place.ParkedTime && string.CompareOrdinal(Id, place.Id) > 0);
}

/// <summary>Which webhook: its tenant's stream, and itself.</summary>
internal readonly record struct PushQueueKey(Digest Stream, Digest Webhook);

/// <summary>Makes pushes of what is new, and claims those that are due.</summary>
/// <param name="Queue">The webhook.</param>
/// <param name="MostOutstanding">While there are so many that are neither taken nor parked, none is made.</param>
/// <param name="MostParked">While so many are parked, none is made.</param>
/// <param name="EventsPerPush">The most events of one.</param>
/// <param name="Limit">The most to claim, and to make.</param>
/// <param name="ClaimedFor">After so long it may be claimed again, should nobody have ended it.</param>
internal sealed record ClaimPushesStep(
    PushQueueKey Queue, int MostOutstanding, int MostParked, int EventsPerPush, int Limit, TimeSpan ClaimedFor);

/// <summary>What was claimed, and how the webhook stands.</summary>
/// <param name="Pushes">The pushes, by the time at which they were due.</param>
/// <param name="Outstanding">How many are neither taken nor parked.</param>
/// <param name="Parked">How many are parked.</param>
/// <param name="Waiting">Whether there are events of which no push was made, since there are too many.</param>
/// <param name="Lost">Whether events were gone before a push was made of them; an event of that kind is in their place.</param>
internal sealed record ClaimedPushes(IReadOnlyList<Push> Pushes, int Outstanding, int Parked, bool Waiting, bool Lost);

/// <summary>Ends a try to send a push.</summary>
/// <param name="Queue">The webhook.</param>
/// <param name="Id">The push.</param>
/// <param name="Claim">The claim under which it was sent.</param>
/// <param name="Fault">Why it was not taken; none: it was, and is removed, whoever has claimed it since.</param>
/// <param name="RetryTime">When to try again; null: it is parked.</param>
internal sealed record EndPushStep(PushQueueKey Queue, string Id, int Claim, PushFault Fault, DateTimeOffset? RetryTime);

/// <summary>What a fault looks like to an operator.</summary>
internal static class PushFaults
{
    public static string Describe(this PushFault fault) => fault switch
    {
        PushFault.None => "",
        PushFault.Timeout => "TIMEOUT",
        PushFault.Unreachable => "UNREACHABLE",
        PushFault.AddressRefused => "ADDRESS_REFUSED",
        PushFault.Insecure => "INSECURE",
        _ => string.Create(CultureInfo.InvariantCulture, $"HTTP {(int)fault}"),
    };
}
