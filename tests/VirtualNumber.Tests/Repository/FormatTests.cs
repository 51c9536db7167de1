namespace VirtualNumber.Tests.Repository;

/// <summary>
/// .editorconfig is the one place that says how code looks.
/// </summary>
[TestFixture]
public sealed class FormatTests
{
    [Test]
    public async Task All_code_is_formatted()
    {
        var (exitCode, output) = await Sources.RunAsync(
            "dotnet", "format", "VirtualNumber.sln", "--verify-no-changes", "--no-restore");
        Assert.That(exitCode, Is.Zero, output);
    }
}
