using System.Security.Cryptography;
using System.Text;

namespace VirtualNumber.Redis;

/// <summary>
/// A script of one step: a Lua file beside the C# file of the same stem, with the files that its kind of key shares put in front.
/// It is sent by its digest.
/// </summary>
internal sealed class Script
{
    /// <summary>What is put around the scripts on blocks: it leaves a function open.</summary>
    private const string Marked = "Marked";

#pragma warning disable CA5350 // SHA-1 is what Redis calls a script by; nothing is proved with it.
    private Script(params string[] stems)
    {
        var text = string.Concat(stems.Select(Read));
        (Stems, Text) = (stems, stems[0] == Marked ? text + "end)\n" : text);
        Digest = SHA1.HashData(Encoding.UTF8.GetBytes(Text));
    }

#pragma warning restore CA5350

    /// <summary>The stems of the files that it is made of, in order: what it shares with others, then its own.</summary>
    public IReadOnlyList<string> Stems { get; }

    /// <summary>The stem of its own file.</summary>
    public string Name => Stems[^1];

    /// <summary>
    /// Whether at the level Replicated its answer waits for the replicas: so it is, unless the script says otherwise. Also an answer
    /// that changed nothing may rest on what an earlier try has written.
    /// </summary>
    public bool IsConfirmed { get; private init; } = true;

    /// <summary>
    /// Whether it is repeated for as long as some of its keys are on one master and some on another, their slot being moved: so it is,
    /// unless the script says otherwise.
    /// </summary>
    public bool OutwaitsMoves { get; private init; } = true;

    /// <summary>The whole text.</summary>
    public string Text { get; }

    /// <summary>What Redis calls it by.</summary>
    public byte[] Digest { get; }

    /// <summary>
    /// The same script where nothing that is promised rests on its answer: a read, a count that only guards, tidying up. It goes with
    /// the look-ups and never waits for replicas.
    /// </summary>
    public Script Unconfirmed() => new([.. Stems]) { IsConfirmed = false, OutwaitsMoves = OutwaitsMoves };

    /// <summary>The same script where somebody waits who can go on without it.</summary>
    public Script Hasty() => new([.. Stems]) { IsConfirmed = IsConfirmed, OutwaitsMoves = false };

    /// <summary>A script on a block whose numbers are not shared.</summary>
    /// <param name="name">The stem.</param>
    /// <param name="parts">Stems of what it shares with some others besides.</param>
    public static Script OnBlock(string name, params string[] parts) => new([Marked, "Record", "Direct", .. parts, name]);

    /// <summary>A script on a block whose numbers are shared.</summary>
    /// <inheritdoc cref="OnBlock"/>
    public static Script OnSharedBlock(string name, params string[] parts) => new([Marked, "Record", "Shared", .. parts, name]);

    /// <summary>A script on a block of either kind that looks for nothing before it begins but for the mark.</summary>
    public static Script OnAnyBlock(params string[] stems) => new([Marked, .. stems]);

    /// <summary>A script on a delivery's ledger.</summary>
    public static Script OnLedger(string name) => new("Ledger", name);

    /// <summary>A script on a block's records of calls.</summary>
    public static Script OnCall(string name) => new("Call", name);

    /// <summary>A script that shares nothing with those on its kind of key.</summary>
    public static Script Alone(params string[] stems) => new(stems);

    private static string Read(string name)
    {
        using var stream = typeof(Script).Assembly.GetManifestResourceStream($"VirtualNumber.Redis.{name}.lua")
            ?? throw new InvalidOperationException($"The script {name} is not in the assembly.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
