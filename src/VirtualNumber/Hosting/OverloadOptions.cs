namespace VirtualNumber.Hosting;

/// <summary>What one instance takes on at once, and for how long. What is more is refused early, so that the rest is answered in time.</summary>
public sealed class OverloadOptions
{
    /// <summary>
    /// How many calls may be in progress; 2 to 100,000. Default 2,000: an instance that answers 10,000 calls a second in 2 ms each has 20
    /// in progress, so thousands mean that the store or the processors are behind, and one more would only make all of them later.
    /// </summary>
    public int RequestsInProgress { get; set; } = 2_000;

    /// <summary>
    /// How many of them only look-ups may take (heart-beats have 16 beside them), so that telephone calls are connected when everything else is refused; 0 to one less than
    /// <see cref="RequestsInProgress"/>. Default 500: ten connections' worth of a gateway that waits for slow answers.
    /// </summary>
    public int ReservedForLookUps { get; set; } = 500;

    /// <summary>
    /// The deadline of a call whose caller gave none or a later one; 1 second to 10 minutes. Default 30 s: a batch of 1,000 items takes a few
    /// seconds on a healthy store, and nobody waits at a telephone any longer.
    /// </summary>
    public TimeSpan LongestCall { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How many streams of one kind (events, health's Watch, reflection) may be open; 1 to 100,000. Default 1,000: one for each client, and
    /// they cost a little memory, no work.
    /// </summary>
    public int Streams { get; set; } = 1_000;

    /// <summary>
    /// How many streams of events of one tenant; 1 to 100,000. Default 200, a fifth of all: one platform that opens too many does not
    /// shut out the others.
    /// </summary>
    public int StreamsPerTenant { get; set; } = 200;

    /// <summary>
    /// How long a stream may last; 1 second to 1 day. Default 1 hour: who still watches opens another, who has forgotten it does not.
    /// </summary>
    public TimeSpan StreamTime { get; set; } = TimeSpan.FromHours(1);

    /// <summary>
    /// How many connections may be open on each of the two ports; 10 to 1,000,000. Default 20,000: an idle one costs about 30 KB.
    /// The process needs as many file descriptors.
    /// </summary>
    public int Connections { get; set; } = 20_000;

    /// <summary>What is wrong with these settings, one message each; empty when nothing is.</summary>
    public IReadOnlyList<string> Validate()
    {
        var faults = new List<string>();
        if (RequestsInProgress is < 2 or > 100_000)
            faults.Add("RequestsInProgress must be 2 to 100000.");
        if (ReservedForLookUps < 0 || ReservedForLookUps >= RequestsInProgress)
            faults.Add("ReservedForLookUps must be at least 0 and less than RequestsInProgress.");
        if (LongestCall < TimeSpan.FromSeconds(1) || LongestCall > TimeSpan.FromMinutes(10))
            faults.Add("LongestCall must be 1 second to 10 minutes.");
        if (Streams is < 1 or > 100_000)
            faults.Add("Streams must be 1 to 100000.");
        if (StreamsPerTenant is < 1 or > 100_000)
            faults.Add("StreamsPerTenant must be 1 to 100000.");
        if (StreamTime < TimeSpan.FromSeconds(1) || StreamTime > TimeSpan.FromDays(1))
            faults.Add("StreamTime must be 1 second to 1 day.");
        if (Connections is < 10 or > 1_000_000)
            faults.Add("Connections must be 10 to 1000000.");
        return faults;
    }
}
