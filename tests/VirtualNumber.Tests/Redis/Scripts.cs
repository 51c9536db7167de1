using System.Reflection;
using VirtualNumber.Redis;

namespace VirtualNumber.Tests.Redis;

/// <summary>The scripts of the store, as it holds them.</summary>
internal static class Scripts
{
    private const string Folder = "VirtualNumber.Redis.";
    private const string Ending = ".lua";

    /// <summary>Every script that some step runs.</summary>
    public static IReadOnlyList<Script> All { get; } =
    [
        .. typeof(RedisStore).Assembly.GetTypes()
            .SelectMany(type => type.GetFields(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public | BindingFlags.DeclaredOnly))
            .Where(field => field.FieldType == typeof(Script) || field.FieldType == typeof(BlockScripts))
            .SelectMany(field => field.GetValue(null) is BlockScripts both ? [both.Direct, both.Shared] : new[] { (Script)field.GetValue(null)! }),
    ];

    /// <summary>The stems of all Lua files.</summary>
    public static IReadOnlyList<string> Files { get; } =
    [
        .. typeof(RedisStore).Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(Folder, StringComparison.Ordinal) && name.EndsWith(Ending, StringComparison.Ordinal))
            .Select(name => name[Folder.Length..^Ending.Length]),
    ];

    /// <summary>A file's own text.</summary>
    public static string Read(string stem)
    {
        using var reader = new StreamReader(typeof(RedisStore).Assembly.GetManifestResourceStream($"{Folder}{stem}{Ending}")!);
        return reader.ReadToEnd();
    }
}
