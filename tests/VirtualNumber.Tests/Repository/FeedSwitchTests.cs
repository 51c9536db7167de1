using System.Diagnostics;
using System.Text.Json;

namespace VirtualNumber.Tests.Repository;

/// <summary>The one switch between the official packages and the stand-ins, as far as it shows without restoring them.</summary>
internal sealed class FeedSwitchTests
{
    private static readonly string[] s_official = ["Grpc.AspNetCore", "Grpc.Net.Client", "OpenTelemetry.Extensions.Hosting"];

    [Test]
    public async Task Default_feed_takes_the_stand_ins()
    {
        var (packages, projects) = await EvaluateAsync("partial");
        Assert.That(packages.Intersect(s_official), Is.Empty);
        Assert.That(projects, Is.EquivalentTo(new[] { "GrpcOnKestrel", "OpenTelemetryHosting" }));
    }

    [Test]
    public async Task Full_feed_takes_the_official_packages_and_leaves_the_stand_ins_out()
    {
        var (packages, projects) = await EvaluateAsync("full");
        Assert.That(packages, Is.SupersetOf(s_official));
        Assert.That(projects, Is.Empty);
    }

    private static async Task<(List<string> Packages, List<string> Projects)> EvaluateAsync(string feed)
    {
        using var process = Process.Start(new ProcessStartInfo(
            "dotnet",
            ["msbuild", "src/VirtualNumber/VirtualNumber.csproj", $"-p:Feed={feed}", "-getItem:PackageReference", "-getItem:ProjectReference"])
        {
            WorkingDirectory = RepositoryRoot.Path,
            RedirectStandardOutput = true,
        })!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.That(process.ExitCode, Is.Zero, output);

        using var json = JsonDocument.Parse(output);
        var items = json.RootElement.GetProperty("Items");
        return (
            [.. items.GetProperty("PackageReference").EnumerateArray().Select(item => item.GetProperty("Identity").GetString()!)],
            [.. items.GetProperty("ProjectReference").EnumerateArray().Select(item => item.GetProperty("Filename").GetString()!)]);
    }
}
