using System.Globalization;
using VirtualNumber.Sealing;

namespace VirtualNumber.Hosting;

/// <summary>
/// <c>keys create</c>, <c>keys add</c> and <c>keys use N</c>: the only ways in which a key ring file comes to be or changes. The service
/// itself never makes one, since a new ring beside old data finds none of it.
/// </summary>
internal static class KeyCommands
{
    private const string Usage = "keys create [FILE] | keys add [FILE] | keys use ID [FILE]";

    /// <summary>Runs what follows <c>keys</c> on the command line; answers the exit code.</summary>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, TimeProvider time)
    {
        try
        {
            await Console.Out.WriteLineAsync(Run(arguments, time.GetUtcNow()));
            return 0;
        }
        catch (Exception fault) when (fault is KeyRingException or IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync(fault.Message);
            return 1;
        }
    }

    private static string Run(IReadOnlyList<string> arguments, DateTimeOffset now) => arguments switch
    {
        ["create"] => Create(SealingOptions.DefaultKeyRing, now),
        ["create", var path] => Create(path, now),
        ["add"] => Add(SealingOptions.DefaultKeyRing, now),
        ["add", var path] => Add(path, now),
        ["use", var id] => Use(SealingOptions.DefaultKeyRing, id),
        ["use", var id, var path] => Use(path, id),
        _ => throw new KeyRingException($"Usage: {Usage}"),
    };

    private static string Create(string path, DateTimeOffset now)
    {
        using var ring = KeyRing.Create(now);
        KeyRingFile.Save(ring, path);
        return $"{Path.GetFullPath(path)} has a new key ring. Give every instance a copy and keep one in a safe place: without it nobody reads the numbers of the leases made with it.";
    }

    private static string Add(string path, DateTimeOffset now)
    {
        using var ring = KeyRingFile.Load(path);
        using var longer = ring.WithNewKey(now);
        KeyRingFile.Replace(longer, path);
        var added = longer.Keys.Max(key => key.Id);
        return $"{Path.GetFullPath(path)} has key {added} too; key {ring.CurrentKeyId} is still the current one. Give every instance this file and restart it, then run: keys use {added} {path}";
    }

    private static string Use(string path, string id)
    {
        if (!byte.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var keyId))
            throw new KeyRingException($"{id} is no key id. Usage: {Usage}");
        using var ring = KeyRingFile.Load(path);
        using var turned = ring.WithCurrent(keyId);
        KeyRingFile.Replace(turned, path);
        return $"{Path.GetFullPath(path)} has key {keyId} as the current one. Give every instance this file and restart it; keep the other keys until no lease of theirs is left.";
    }
}
