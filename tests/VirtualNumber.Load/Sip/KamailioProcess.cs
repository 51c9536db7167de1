using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using VirtualNumber.Load.Chaos.Bed;

namespace VirtualNumber.Load.Sip;

/// <summary>
/// Kamailio with the files of <c>deploy/kamailio</c>, as they are but for the values in <c>settings.cfg</c>; on a free port, stopped by its process id.
/// </summary>
internal sealed partial class KamailioProcess : IAsyncDisposable
{
    private static readonly string[] s_files = ["kamailio.cfg", "calls.cfg", "hiding.cfg", "reports.cfg"];
    private static readonly TimeSpan s_readyWithin = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan s_askEvery = TimeSpan.FromMilliseconds(50);

    private readonly DirectoryInfo _folder;
    private readonly ChildProcess _process;

    private KamailioProcess(DirectoryInfo folder, ChildProcess process, IPEndPoint address) => (_folder, _process, Address) = (folder, process, address);

    /// <summary>Its UDP address and port.</summary>
    public IPEndPoint Address { get; }

    /// <summary>Where SIPp sends calls.</summary>
    public string EndPoint => Address.ToString();

    /// <summary>Its log.</summary>
    public string Output => _process.Output;

    /// <summary>The processor time that all its processes have used so far.</summary>
    public TimeSpan ProcessorTime => _process.ProcessorTimeOfFamily;

    /// <summary>Starts it, and waits until it answers OPTIONS.</summary>
    /// <param name="settings">Values of <c>settings.cfg</c> by name, on top of what a run on loopback needs; it listens at a free port unless they say where.</param>
    /// <param name="peers">The lines of <c>peers.list</c>.</param>
    /// <param name="defines">What is defined on the command line.</param>
    public static async Task<KamailioProcess> StartAsync(
        IReadOnlyDictionary<string, string> settings, IEnumerable<string> peers, params IReadOnlyList<string> defines)
    {
        var folder = Directory.CreateTempSubdirectory("virtualnumber-kamailio-");
        var address = settings.TryGetValue("VN_LISTEN", out var listen)
            ? IPEndPoint.Parse(listen["udp:".Length..].Split(' ')[0])
            : new(IPAddress.Parse(SipPlaces.Gateway), SipPlaces.FindFreePort(SipPlaces.Gateway));
        foreach (var file in s_files)
            File.Copy(Deployed(file), Path.Combine(folder.FullName, file));
        await File.WriteAllLinesAsync(Path.Combine(folder.FullName, "peers.list"), peers);
        var all = new Dictionary<string, string>(settings) { ["VN_PEERS"] = Path.Combine(folder.FullName, "peers.list") };
        all.TryAdd("VN_LISTEN", $"udp:{address}");
        all.TryAdd("VN_HOST", address.Address.ToString());
        all.TryAdd("VN_SECRET", Guid.NewGuid().ToString("N"));
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "settings.cfg"), Set(await File.ReadAllTextAsync(Deployed("settings.cfg")), all));

        string[] words =
        [
            "kamailio", "-f", Path.Combine(folder.FullName, "kamailio.cfg"), "-DD", "-E", "-m", "256", "-M", "8", "-x", "fm", "-X", "fm", "-Y", folder.FullName, "-w", folder.FullName,
            .. defines.SelectMany(define => new[] { "-A", define }),
        ];
        var kamailio = new KamailioProcess(folder, ChildProcess.StartProgram(words, [], folder.FullName), address);
        try
        {
            await kamailio.WaitUntilReadyAsync();
            return kamailio;
        }
        catch
        {
            await kamailio.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        // Asked to stop it takes its processes along; killed, it would leave them behind.
        await _process.StopAsync();
        await _process.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private static string Deployed(string file) =>
        RepositoryFiles.Find("deploy", "kamailio", file) ?? throw new InvalidOperationException($"deploy/kamailio/{file} is missing: this does not run from a build of the repository.");

    /// <summary>Puts other values into the file; each must be one that is set there.</summary>
    private static string Set(string text, Dictionary<string, string> values)
    {
        foreach (var (name, value) in values)
        {
            if (!Setting().Matches(text).Any(match => match.Groups["name"].Value == name))
                throw new ArgumentException($"settings.cfg has no {name}.", nameof(values));
        }

        return Setting().Replace(text, match =>
            values.TryGetValue(match.Groups["name"].Value, out var value) ? $"#!substdef \"!{match.Groups["name"].Value}!{value}!g\"" : match.Value);
    }

    private async Task WaitUntilReadyAsync()
    {
        using var deadline = new CancellationTokenSource(s_readyWithin);
        using var socket = new UdpClient(new IPEndPoint(IPAddress.Parse(SipPlaces.Callers), 0));
        using var timer = new PeriodicTimer(s_askEvery);
        var from = (IPEndPoint)socket.Client.LocalEndPoint!;
        var options = Encoding.ASCII.GetBytes(
            $"OPTIONS sip:{EndPoint} SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bK{Guid.NewGuid():N}\r\nMax-Forwards: 70\r\nFrom: <sip:ready@{from}>;tag=1\r\n"
            + $"To: <sip:{EndPoint}>\r\nCall-ID: {Guid.NewGuid():N}\r\nCSeq: 1 OPTIONS\r\nContact: <sip:ready@{from}>\r\nContent-Length: 0\r\n\r\n");
        try
        {
            do
            {
                if (_process.HasExited)
                    throw new InvalidOperationException($"Kamailio ended before it was ready:{Environment.NewLine}{Output}");
                await socket.SendAsync(options, Address, deadline.Token);
                await timer.WaitForNextTickAsync(deadline.Token);
            }
            while (socket.Available == 0);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            throw new TimeoutException($"Kamailio was not ready within {s_readyWithin}:{Environment.NewLine}{Output}");
        }
    }

    [GeneratedRegex("""^#!substdef "!(?<name>VN_[A-Z_]+)!(?<value>[^!]*)!g"$""", RegexOptions.Multiline)]
    private static partial Regex Setting();
}
