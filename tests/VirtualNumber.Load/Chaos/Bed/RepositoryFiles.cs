namespace VirtualNumber.Load.Chaos.Bed;

/// <summary>Files of the repository that this program was built in.</summary>
internal static class RepositoryFiles
{
    /// <summary>A file by its path from the root; null when it is not there.</summary>
    public static string? Find(params string[] parts)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "VirtualNumber.sln")))
                return File.Exists(Path.Combine([folder.FullName, .. parts])) ? Path.Combine([folder.FullName, .. parts]) : null;
        }

        return null;
    }
}
