using Grpc.Core;

namespace VirtualNumber.Tests.GrpcOnKestrel;

/// <summary>
/// Compares the stand-in with two official assemblies, member by member. They can be fetched from feeds where their dependencies are
/// missing; of those, Grpc.Core.Api shows itself in what the two call and override.
/// </summary>
[TestFixture]
public sealed class OfficialAssembliesTests
{
    private const string CoreApi = "Grpc.Core.Api";

    private AssemblySurface _standIn = null!;
    private AssemblySurface[] _official = null!;

    [OneTimeSetUp]
    public void Open()
    {
        _standIn = new AssemblySurface(typeof(ServerCallContext).Assembly.Location);
        _official =
        [
            .. new[] { "Grpc.AspNetCore.Server.dll", "Grpc.Net.Client.dll" }
                .Select(file => new AssemblySurface(Path.Combine(TestContext.CurrentContext.TestDirectory, "official", file))),
        ];
    }

    [OneTimeTearDown]
    public void Close()
    {
        _standIn.Dispose();
        foreach (var assembly in _official)
            assembly.Dispose();
    }

    [Test]
    public void Every_type_of_their_namespaces_is_one_of_theirs()
    {
        var offered = _standIn.Types.Keys.Where(_standIn.IsPublic).Where(type =>
            type.StartsWith("Grpc.AspNetCore.", StringComparison.Ordinal)
            || type.StartsWith("Grpc.Net.Client.", StringComparison.Ordinal)
            || type.StartsWith("Microsoft.", StringComparison.Ordinal)).ToList();
        Assert.That(offered, Is.Not.Empty);
        Assert.That(offered, Is.SubsetOf(_official.SelectMany(assembly => assembly.Types.Keys.Where(assembly.IsPublic))));
    }

    [Test]
    public void Every_member_of_their_types_is_one_of_theirs()
    {
        var shared = Shared().ToList();
        Assert.That(shared, Has.Count.GreaterThan(8));
        Assert.Multiple(() =>
        {
            foreach (var (official, type) in shared)
            {
                Assert.That(_standIn.Shape(type), Is.EqualTo(official.Shape(type)), type);
                Assert.That(_standIn.Methods(type, named: true), Is.SubsetOf(official.Methods(type, named: true)));
                Assert.That(_standIn.Fields(type), Is.SubsetOf(official.Fields(type)));
            }
        });
    }

    [Test]
    public void What_they_call_is_here_with_the_same_signature()
    {
        var calls = _official.SelectMany(assembly => assembly.Calls(CoreApi))
            .Where(call => _standIn.Types.ContainsKey(call.Type)).ToHashSet();
        Assert.That(calls, Has.Count.GreaterThan(50));
        var different = calls.Where(call =>
        {
            var sameName = Offered(call.Type).Where(member => NameOf(member) == NameOf(call.Member)).ToList();
            // What the stand-in leaves out is missed by nobody here; what it has must be theirs.
            return sameName.Count > 0 && !sameName.Contains(call.Member);
        });
        Assert.That(different.Select(call => call.Member).Order(StringComparer.Ordinal), Is.Empty);
    }

    [Test]
    public void What_they_must_override_is_what_they_override()
    {
        var implementations = _official.SelectMany(assembly => assembly.Implementations(CoreApi))
            .Where(each => _standIn.Types.ContainsKey(each.Base)).ToList();
        Assert.That(implementations.Select(each => each.Base), Is.SupersetOf(new[]
        {
            "Grpc.Core.CallInvoker", "Grpc.Core.ChannelBase", "Grpc.Core.DeserializationContext", "Grpc.Core.ServerCallContext",
        }));
        Assert.Multiple(() =>
        {
            foreach (var (type, name, overrides) in implementations)
                Assert.That(_standIn.AbstractMethods(type), Is.SubsetOf(overrides), name);
        });
    }

    private static string NameOf(string member) => member.Split('(', ' ')[0];

    private IEnumerable<(AssemblySurface Official, string Type)> Shared() =>
        from official in _official
        from type in official.Types.Keys
        where _standIn.Types.ContainsKey(type) && _standIn.IsPublic(type)
        select (official, type);

    private IEnumerable<string> Offered(string type) =>
        _standIn.Methods(type, named: false, withInternal: true).Concat(_standIn.Fields(type));
}
