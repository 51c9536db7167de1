using System.Security.Cryptography;
using System.Text.Json;
using StackExchange.Redis;
using VirtualNumber.Protocol;

namespace VirtualNumber.Redis;

/// <summary>
/// How a change stands in the registry's list: as JSON and, after a line feed, a digest of the entry before it. So two lists that have
/// the same entry at the same place are the same up to there, which the change alone does not tell.
/// </summary>
internal static class RegistryEntry
{
    private const byte LineFeed = (byte)'\n';
    private const int DigestLength = 16;

    /// <summary>Packs changes that follow the given entry; none before the first.</summary>
    public static RedisValue[] Pack(IReadOnlyList<RegistryChange> changes, RedisValue previous)
    {
        var packed = new RedisValue[changes.Count];
        var before = (byte[]?)previous ?? [];
        for (var i = 0; i < packed.Length; i++)
        {
            before = [.. JsonSerializer.SerializeToUtf8Bytes(changes[i]), LineFeed, .. SHA256.HashData(before).AsSpan(0, DigestLength)];
            packed[i] = before;
        }

        return packed;
    }

    /// <exception cref="StoreUnavailableException">A later version may have written it: it has a form that is not known here.</exception>
    public static RegistryChange Unpack(RedisValue entry)
    {
        var bytes = (byte[])entry!;
        // JSON has its line feeds escaped.
        var end = bytes.AsSpan().IndexOf(LineFeed);
        try
        {
            var change = JsonSerializer.Deserialize<RegistryChange>(bytes.AsSpan(0, end < 0 ? bytes.Length : end));
            // Of another kind, and not to be passed over: block ids follow from the order of all.
            return change is { Pool: null, Block: null, Single: null, Filled: null, Barred: null, Confirmed: null, Callers: null, RuledPool: null } or null
                ? throw new JsonException("None of the kinds of change that are known here.")
                : change;
        }
        catch (JsonException exception)
        {
            throw new StoreUnavailableException("A change of the registry has a form that this version does not know.", exception);
        }
    }
}
