
namespace VirtualNumber.Redis;

/// <summary>
/// A script of one step: a Lua file beside the C# file of the same stem, with the file that its kind of key shares put in front.
/// The client loads it once per server and then sends its digest only.
/// </summary>
internal sealed class Script
{
    private Script(string name, string text) => (Name, Text) = (name, text);

    /// <summary>The stem.</summary>
    public string Name { get; }

    /// <summary>The whole text.</summary>
    public string Text { get; }

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
