using System.Text.RegularExpressions;

namespace VirtualNumber.Tests.Repository;

/// <summary>Folders are not walls in C#, so this reads which namespaces the files of each folder name.</summary>
[TestFixture]
public sealed partial class LayeringTests
{
    private const string Rules = "VirtualNumber.Leasing";
    private const string Seals = "VirtualNumber.Sealing";
    private const string Verbs = "VirtualNumber.Protocol";

    /// <summary>
    /// What each part may name of this repository, of ASP.NET Core and of packages. The base library is open to all, and so is the
    /// one file that names the metrics. Hosting and Program.cs put the parts together and may name everything.
    /// </summary>
    private static readonly Dictionary<string, string[]> s_allowed = new()
    {
        ["Leasing"] = [],
        ["Sealing"] = [],
        ["Protocol"] = [Rules, Seals, "Microsoft.Extensions.Hosting", "Microsoft.Extensions.Logging"],
        ["Memory"] = [Rules, Seals, Verbs],
        ["Redis"] = [Rules, Seals, Verbs, "StackExchange.Redis", "Polly"],
        ["Api"] =
        [
            Rules, Verbs, "VirtualNumber.Hosting", "VirtualNumber.V1", "VirtualNumber.Sealing.SealFault", "Google", "Grpc",
            "Microsoft.Extensions.Hosting", "Microsoft.Extensions.Logging",
        ],
        ["Webhooks"] = [Rules, Verbs, "VirtualNumber.Api", "VirtualNumber.V1", "Google", "Microsoft.Extensions.Hosting", "Microsoft.Extensions.Logging"],
        ["Http"] =
        [
            "VirtualNumber.Api", "VirtualNumber.Hosting", "VirtualNumber.V1", "Google", "Grpc", "Microsoft.AspNetCore", "Microsoft.Net.Http.Headers",
        ],
    };

    private static readonly string[] s_parts = [.. s_allowed.Keys];

    [TestCaseSource(nameof(s_parts))]
    public void A_part_names_only_what_it_may(string part)
    {
        var files = Directory.GetFiles(Sources.At("src", "VirtualNumber", part), "*.cs", SearchOption.AllDirectories);
        Assert.That(files, Is.Not.Empty);
        var wrong = files.SelectMany(file => WrongIn(part, File.ReadAllText(file)).Select(name => $"{Path.GetFileName(file)}: {name}"));
        Assert.That(wrong, Is.Empty);
    }

    [TestCase("Leasing", "using VirtualNumber.Sealing;")]
    [TestCase("Leasing", "using Microsoft.Extensions.Logging;")]
    [TestCase("Sealing", "using static VirtualNumber.Leasing.DeliveryStatus;")]
    [TestCase("Protocol", "using VirtualNumber.Memory;")]
    [TestCase("Protocol", "using Digest = VirtualNumber.Sealing.Digest; using Grpc.Core;")]
    [TestCase("Memory", "var status = Grpc.Core.StatusCode.OK;")]
    [TestCase("Memory", "global using VirtualNumber.Api;")]
    [TestCase("Api", "using VirtualNumber.Memory;")]
    [TestCase("Api", "private readonly Memory.EmbeddedStore _store;")]
    [TestCase("Leasing", "private readonly Sealing.KeyRing _ring;")]
    public void A_wrong_direction_is_found(string part, string text) => Assert.That(WrongIn(part, text), Is.Not.Empty);

    [TestCase("Leasing", "using System.Text; namespace VirtualNumber.Leasing;")]
    [TestCase("Memory", "using VirtualNumber.Protocol; // Memory.Block is the one")]
    [TestCase("Api", "/// <see cref=\"Memory.EmbeddedStore\"/>")]
    [TestCase("Api", "using Google.Rpc; using Status = Grpc.Core.Status;")]
    public void A_right_direction_passes(string part, string text) => Assert.That(WrongIn(part, text), Is.Empty);

    [Test]
    public void Every_folder_of_the_service_has_its_rule() => Assert.That(
        Directory.GetDirectories(Sources.At("src", "VirtualNumber")).Select(Path.GetFileName).Except(["bin", "obj", "Properties"]),
        Is.EquivalentTo(s_allowed.Keys.Append("Hosting")));

    private static IEnumerable<string> WrongIn(string part, string text)
    {
        var code = Comment().Replace(text, "");
        var own = $"VirtualNumber.{part}";
        return Using().Matches(code).Concat(Qualified().Matches(code))
            .Select(match => Full(match.Groups["name"].Value))
            .Where(name => !IsWithin(name, "System") && !IsWithin(name, own) && !s_allowed[part].Any(allowed => IsWithin(name, allowed)))
            .Distinct();
    }

    /// <summary>Inside the namespace VirtualNumber its parts may be named without it.</summary>
    private static string Full(string name) => PartName().IsMatch(name) ? $"VirtualNumber.{name}" : name;

    private static bool IsWithin(string name, string outer) =>
        name == outer || name.StartsWith(outer + ".", StringComparison.Ordinal);

    [GeneratedRegex(@"//[^\n]*|/\*.*?\*/", RegexOptions.Singleline)]
    private static partial Regex Comment();

    [GeneratedRegex(@"\busing\s+(static\s+)?(\w+\s*=\s*)?(?<name>[A-Z]\w*(\.\w+)*)\s*;")]
    private static partial Regex Using();

    /// <summary>Names that begin with a namespace where no using is needed.</summary>
    [GeneratedRegex(@"(?<![\w.""])(global::)?(?<name>(VirtualNumber|Grpc|Google|Microsoft|OpenTelemetry|StackExchange|Polly|Memory|Redis|Sealing|Leasing|Protocol|Api|Http|Webhooks|Hosting|V1)\.[A-Z]\w*(\.\w+)*)")]
    private static partial Regex Qualified();

    [GeneratedRegex(@"^(Memory|Redis|Sealing|Leasing|Protocol|Api|Http|Webhooks|Hosting|V1)\.")]
    private static partial Regex PartName();
}
