using VirtualNumber.Load.Fuzz;

namespace VirtualNumber.Tests.Faults;

/// <summary>Hostile bytes for the service's own process; <c>fuzz</c> of the load client sends more of them.</summary>
[TestFixture]
public sealed class FuzzTests
{
    private const int Workers = 48;

    private static int Inputs => int.TryParse(Environment.GetEnvironmentVariable("VN_FUZZ_INPUTS"), out var inputs) ? inputs : 50_000;

    private static int Seed => int.TryParse(Environment.GetEnvironmentVariable("VN_SEED"), out var seed) ? seed : Random.Shared.Next(1_000_000);

    [Test]
    public async Task No_bytes_bring_about_a_fault_of_the_service()
    {
        var report = await FuzzRun.RunAsync(Seed, first: 0, Inputs, Workers, TestContext.Progress);
        report.WriteTo(TestContext.Out);
        Assert.Multiple(() =>
        {
            Assert.That(report.Faults, Is.Empty, $"VN_SEED={report.Seed}");
            Assert.That(report.MemoryAfter - report.MemoryBefore, Is.LessThan(300L * 1024 * 1024));
            // Had all been refused at the door, nothing behind it would have been tried.
            Assert.That(report.Answers["grpc 0"], Is.GreaterThan(report.Count / 20));
            Assert.That(report.Answers.Keys, Does.Contain("grpc 3").And.Contain("grpc 5").And.Contain("grpc 8").And.Contain("connection answered"));
        });
    }
}
