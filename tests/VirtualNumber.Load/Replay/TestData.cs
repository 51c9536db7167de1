namespace VirtualNumber.Load.Replay;

/// <summary>Where the real data is: <c>VIRTUALNUMBER_TEST_DATA</c>, or <c>shared/data</c> beside the repository or above it.</summary>
internal static class TestData
{
    public const string OrdersFile = "orders_999.csv";
    public const string SegmentsFile = "cn_virtual_segments.csv";

    private const string Variable = "VIRTUALNUMBER_TEST_DATA";

    /// <summary>The path of a file; null where the data is absent.</summary>
    public static string? Find(string file)
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } configured)
            return Existing(Path.Combine(configured, file));

        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (Existing(Path.Combine(folder.FullName, "shared", "data", file)) is { } path)
                return path;
        }

        return null;
    }

    /// <summary>The real orders, or generated ones where they are absent.</summary>
    public static IReadOnlyList<Order> OrdersOrGenerated(int seed) =>
        Find(OrdersFile) is { } path ? OrderFile.Read(path) : OrderGenerator.Generate(seed);

    private static string? Existing(string path) => File.Exists(path) ? path : null;
}
