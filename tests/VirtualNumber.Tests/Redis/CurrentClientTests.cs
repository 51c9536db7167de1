using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using VirtualNumber.Redis;

namespace VirtualNumber.Tests.Redis;

/// <summary>
/// The Redis store keeps to what the client of this feed and its current major both have: tests/VirtualNumber.OnCurrentRedis compiles the
/// same sources against the current one, or the build of the tests fails. This looks at what was compiled against what.
/// </summary>
public sealed class CurrentClientTests
{
    private const string Project = "VirtualNumber.OnCurrentRedis";
    private const string Client = "StackExchange.Redis";

    [Test]
    public void All_of_the_Redis_store_compiles_against_the_current_client()
    {
        using var file = File.OpenRead(AssemblyPath());
        using var image = new PEReader(file);
        var assembly = image.GetMetadataReader();
        var client = assembly.AssemblyReferences.Select(assembly.GetAssemblyReference).Single(reference => assembly.GetString(reference.Name) == Client);
        var types = assembly.TypeDefinitions.Select(assembly.GetTypeDefinition)
            .Where(type => assembly.GetString(type.Namespace) == typeof(RedisStore).Namespace)
            .Select(type => assembly.GetString(type.Name));

        Assert.That(client.Version.Major, Is.GreaterThanOrEqualTo(2));
        Assert.That(types, Is.EquivalentTo(OwnTypes()));
    }

    private static IEnumerable<string> OwnTypes() =>
        typeof(RedisStore).Assembly.GetTypes().Where(type => type.Namespace == typeof(RedisStore).Namespace && !type.IsNested).Select(type => type.Name);

    /// <summary>Beside the tests' own, in the same configuration.</summary>
    private static string AssemblyPath() => Path.Combine(
        TestContext.CurrentContext.TestDirectory.Replace("VirtualNumber.Tests", Project, StringComparison.Ordinal), $"{Project}.dll");
}
