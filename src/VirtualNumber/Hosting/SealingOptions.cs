namespace VirtualNumber.Hosting;

/// <summary>With which keys numbers are sealed. Used with Redis; the embedded store has keys that end with the process.</summary>
public sealed class SealingOptions
{
    internal const string DefaultKeyRing = "vn-keys.json";

    /// <summary>
    /// The key ring file, made by the command <c>keys create</c>, the same for all instances on one Redis. Only its owner may have access
    /// to it. Default vn-keys.json in the working directory.
    /// </summary>
    public string KeyRing { get; set; } = DefaultKeyRing;

    /// <summary>What is wrong, one sentence each; empty when nothing is.</summary>
    public IEnumerable<string> Validate()
    {
        if (string.IsNullOrWhiteSpace(KeyRing))
            yield return $"{nameof(KeyRing)} must be the path of a key ring file.";
    }
}
