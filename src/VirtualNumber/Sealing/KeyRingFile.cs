using System.Security.Cryptography;

namespace VirtualNumber.Sealing;

/// <summary>
/// The file form of a <see cref="KeyRing"/>, <c>vn-keys.json</c>.
/// </summary>
/// <remarks>
/// <code>
/// {
///   "version": 1,
///   "currentKeyId": 2,
///   "keys": [
///     { "id": 1, "createdTime": "2026-01-05T08:00:00+00:00", "material": "(32 bytes, base64)" },
///     { "id": 2, "createdTime": "2026-02-02T08:00:00+00:00", "material": "(32 bytes, base64)" }
///   ],
///   "indexKey": "(32 bytes, base64)"
/// }
/// </code>
/// No message of any fault quotes the file: whatever is in it may be a key, also where it is misplaced.
/// </remarks>
public static class KeyRingFile
{
    /// <summary>The version of the form that is read and written.</summary>
    public const int Version = 1;

    /// <summary>The longest file that is read, in bytes: room for all 256 keys.</summary>
    public const int MaxLength = 65_536;

    private const UnixFileMode OthersMay = ~(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

    /// <summary>Reads a ring from a file that nobody but its owner may open.</summary>
    /// <exception cref="KeyRingException">
    /// The file is missing, unreadable, open to group or others, too long, or not a valid ring. The message names the path and the fault.
    /// </exception>
    public static KeyRing Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var content = ReadContent(path);
        try
        {
            return Parse(content, path);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
        }
    }

    /// <summary>Writes a ring to a new file that only its owner may open.</summary>
    /// <exception cref="IOException">The file exists already (a ring is never overwritten), or cannot be written.</exception>
    public static void Save(KeyRing ring, string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var content = Write(ring);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var file = new FileStream(path, options);
        file.Write(content);
        file.Flush(flushToDisk: true);
        CryptographicOperations.ZeroMemory(content);
    }

    /// <summary>Puts a ring in the place of another in one step: whoever reads the file meanwhile sees the one or the other whole.</summary>
    /// <exception cref="IOException">It cannot be written, or somebody else is writing it: then the file <c>path.new</c> is there.</exception>
    public static void Replace(KeyRing ring, string path)
    {
        var written = path + ".new";
        Save(ring, written);
        File.Move(written, path, overwrite: true);
    }

    /// <summary>Reads a ring from the text of the file.</summary>
    /// <param name="utf8Json">The text.</param>
    /// <param name="source">Where it came from, for messages.</param>
    /// <exception cref="KeyRingException">It is not a valid ring. The message names the source and the fault.</exception>
    public static KeyRing Parse(ReadOnlySpan<byte> utf8Json, string source)
    {
        try
        {
            return KeyRingJson.Read(utf8Json);
        }
        catch (KeyRingException fault)
        {
            throw new KeyRingException($"Key ring {source}: {fault.Message}.");
        }
    }

    /// <summary>Writes a ring as the text of the file. The caller zeroes it after use.</summary>
    public static byte[] Write(KeyRing ring)
    {
        ArgumentNullException.ThrowIfNull(ring);
        return KeyRingJson.Write(ring);
    }

    private static byte[] ReadContent(string path)
    {
        try
        {
            using var file = File.OpenRead(path);

            // On the open file, not on the path: what was checked is what is read.
            var mode = OperatingSystem.IsWindows() ? UnixFileMode.None : File.GetUnixFileMode(file.SafeFileHandle) & OthersMay;
            if (mode != UnixFileMode.None)
            {
                throw new KeyRingException(
                    $"Key ring {path}: group or others have access to it ({mode}); allow its owner only (chmod 600).");
            }

            if (file.Length > MaxLength)
            {
                throw new KeyRingException($"Key ring {path}: {file.Length} bytes is too long; at most {MaxLength}.");
            }

            var content = new byte[file.Length];
            file.ReadExactly(content);
            return content;
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new KeyRingException($"Key ring {path}: there is no such file.");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new KeyRingException($"Key ring {path}: it cannot be read ({fault.Message})");
        }
    }
}
