using System.Security.Cryptography;
using System.Text;

namespace VirtualNumber.Redis;

/// <summary>
/// A script of one step: a Lua file beside the C# file of the same stem, with the file that its kind of key shares put in front.
/// It is sent by its digest.
/// </summary>
internal sealed class Script
{
#pragma warning disable CA5350 // SHA-1 is what Redis calls a script by; nothing is proved with it.
    private Script(string name, string text) => (Name, Text, Digest) = (name, text, SHA1.HashData(Encoding.UTF8.GetBytes(text)));
#pragma warning restore CA5350

    /// <summary>The stem.</summary>
    public string Name { get; }

    /// <summary>The whole text.</summary>
    public string Text { get; }

    /// <summary>What Redis calls it by.</summary>
    public byte[] Digest { get; }

    /// <summary>A script on a block.</summary>
    public static Script OnBlock(string name) => new(name, Read("Record") + Read(name));

    /// <summary>A script on a delivery's ledger.</summary>
    public static Script OnLedger(string name) => new(name, Read("Ledger") + Read(name));

    /// <summary>A script that shares nothing.</summary>
    public static Script Alone(string name) => new(name, Read(name));

    private static string Read(string name)
    {
        using var stream = typeof(Script).Assembly.GetManifestResourceStream($"VirtualNumber.Redis.{name}.lua")
            ?? throw new InvalidOperationException($"The script {name} is not in the assembly.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
