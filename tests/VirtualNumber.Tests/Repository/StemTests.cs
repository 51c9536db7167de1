using Google.Protobuf.Reflection;

namespace VirtualNumber.Tests.Repository;

/// <summary>A newcomer finds an RPC's proto, C# and test by one name.</summary>
[TestFixture]
public sealed class StemTests
{
    private static readonly ServiceDescriptor[] s_services =
        [V1.LeaseService.Descriptor, V1.RoutingService.Descriptor, V1.OpsService.Descriptor];

    [TestCaseSource(nameof(Methods))]
    public void An_RPC_has_its_file_and_its_tests(string method)
    {
        var code = Sources.At("src", "VirtualNumber", "Api", $"{method}.cs");
        Assert.That(code, Does.Exist);
        Assert.That(File.ReadAllText(code), Does.Contain($" {method}("));
        Assert.That(Sources.At("tests", "VirtualNumber.Tests", "Api", $"{method}Tests.cs"), Does.Exist);
    }

    [TestCaseSource(nameof(Methods))]
    public void A_request_and_a_response_are_named_after_their_RPC(string method)
    {
        var descriptor = s_services.SelectMany(service => service.Methods).Single(rpc => rpc.Name == method);
        Assert.That((descriptor.InputType.Name, descriptor.OutputType.Name), Is.EqualTo(($"{method}Request", $"{method}Response")));
    }

    private static IEnumerable<string> Methods() => s_services.SelectMany(service => service.Methods).Select(method => method.Name);
}
