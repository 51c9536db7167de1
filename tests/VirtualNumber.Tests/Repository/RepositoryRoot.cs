using System.Runtime.CompilerServices;

namespace VirtualNumber.Tests.Repository;

/// <summary>Where the repository is, for tests about its files.</summary>
internal static class RepositoryRoot
{
    /// <summary>The folder of VirtualNumber.sln.</summary>
    public static string Path { get; } = Find();

    public static string File(params string[] parts) => System.IO.Path.Combine([Path, .. parts]);

    private static string Find([CallerFilePath] string thisFile = "")
    {
        for (var folder = System.IO.Path.GetDirectoryName(thisFile); folder is not null; folder = System.IO.Path.GetDirectoryName(folder))
        {
            if (System.IO.File.Exists(System.IO.Path.Combine(folder, "VirtualNumber.sln")))
                return folder;
        }

        throw new DirectoryNotFoundException("VirtualNumber.sln is in no folder above the tests.");
    }
}
