namespace VirtualNumber.Load.Fuzz;

/// <summary>What came of a run.</summary>
/// <param name="Seed">With a number, it makes an input again.</param>
/// <param name="First">The number of the first input.</param>
/// <param name="Count">How many inputs there were.</param>
/// <param name="Faults">What must not have been, each with the command that replays it.</param>
/// <param name="Answers">How often the inputs were answered in which way.</param>
/// <param name="MemoryBefore">The service's working set after a tenth of the inputs, in bytes.</param>
/// <param name="MemoryAfter">And after all of them.</param>
/// <param name="Elapsed">How long it took.</param>
internal sealed record FuzzReport(
    int Seed,
    long First,
    long Count,
    IReadOnlyList<string> Faults,
    IReadOnlyDictionary<string, int> Answers,
    long MemoryBefore,
    long MemoryAfter,
    TimeSpan Elapsed)
{
    public void WriteTo(TextWriter writer)
    {
        writer.WriteLine($"{Count} inputs from number {First}, seed {Seed}, {Elapsed.TotalSeconds:0} s");
        foreach (var (answer, count) in Answers)
            writer.WriteLine($"  {count,9}  {answer}");
        writer.WriteLine($"working set {MemoryBefore / 1_048_576} MiB after a tenth of them, {MemoryAfter / 1_048_576} MiB at the end");
        writer.WriteLine(Faults.Count == 0 ? "no faults" : $"{Faults.Count} faults");
    }
}
