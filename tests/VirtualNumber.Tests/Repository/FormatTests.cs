namespace VirtualNumber.Tests.Repository;

/// <summary>
/// .editorconfig is the one place that says how code looks. Its rules of style are warnings, so the build refuses what breaks them;
/// white space the build does not look at.
/// </summary>
[TestFixture]
public sealed class FormatTests
{
    [Test]
    public async Task All_code_is_formatted()
    {
        var (exitCode, output) = await Sources.RunAsync(
            "dotnet", "format", "whitespace", ".", "--folder", "--verify-no-changes", "--exclude", "tests/interop/node_modules");
        Assert.That(exitCode, Is.Zero, output);
    }
}
