using System.Diagnostics;
using System.Text.RegularExpressions;
using VirtualNumber.Tests.GrpcOnKestrel;
using VirtualNumber.Tests.Redis;

namespace VirtualNumber.Tests.Repository;

/// <summary>
/// Runs every command of the README, and every line that the service prints, as a stranger would: word for word but for the ports,
/// which are free ones here.
/// </summary>
[NonParallelizable]
internal sealed partial class ReadmeTests
{
    private const string StartCommand = "dotnet run --project src/VirtualNumber";
    private const string TestCommand = "tests/run";
    private const string RedisCommand = "redis-server deploy/redis/redis.conf ";
    private const string KeysCommand = StartCommand + " -- keys create ";
    private const string LastLine = "when this process exits";

    [Test]
    public async Task Every_command_of_the_README_works()
    {
        var commands = await ReadCommandsAsync();
        Assert.That(commands, Does.Contain(StartCommand).And.Contain(TestCommand));

        // tests/run is what runs this test.
        Assert.That(File.Exists(RepositoryRoot.File(TestCommand)), Is.True);

        await using var service = await StartedService.StartAsync(StartCommand);
        var printed = PrintedCommand().Matches(service.Output).Select(match => match.Value.Trim()).ToList();
        Assert.That(printed, Has.Count.EqualTo(10), "lines to paste");
        foreach (var command in commands.Except([StartCommand, TestCommand]).Except(OnRedis(commands)).Concat(printed))
        {
            var (exitCode, output) = await service.RunAsync(command);
            Assert.That(exitCode, Is.Zero, $"{command}{Environment.NewLine}{output}");
            Assert.That(output, Does.Contain("{"), command);
        }
    }

    [Test]
    public async Task The_service_runs_on_Redis_as_the_README_says()
    {
        var commands = OnRedis(await ReadCommandsAsync());
        Assert.That(commands, Has.Count.EqualTo(3));
        using var folder = new TemporaryFolder();
        var port = RedisServer.FindFreePorts(1);
        string Own(string command) => command.Replace("$PWD", folder.Path, StringComparison.Ordinal).Replace("6379", $"{port}", StringComparison.Ordinal);

        using var redis = new Process { StartInfo = StartedService.Shell($"exec {Own(commands[0])} --port {port}") };
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        redis.OutputDataReceived += (_, line) =>
        {
            if (line.Data?.Contains("Ready to accept connections", StringComparison.Ordinal) != false)
                ready.TrySetResult();
        };
        redis.Start();
        redis.BeginOutputReadLine();
        try
        {
            await ready.Task.Soon();
            using (var keys = Process.Start(StartedService.Shell(Own(commands[1])))!)
            {
                await keys.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(2));
                Assert.That(keys.ExitCode, Is.Zero);
            }

            await using var service = await StartedService.StartAsync(Own(commands[2]));
            Assert.That(service.Output, Does.Contain("Redis keeps what is leased when this process exits."));
            var lease = PrintedCommand().Matches(service.Output).Select(match => match.Value).First(line => line.Contains("CreateLease", StringComparison.Ordinal));
            var (exitCode, output) = await service.RunAsync(lease);
            Assert.That(exitCode, Is.Zero, output);
        }
        finally
        {
            redis.Kill();
            await redis.WaitForExitAsync();
        }
    }

    [Test]
    public async Task README_is_short()
    {
        var lines = await File.ReadAllLinesAsync(RepositoryRoot.File("README.md"));
        Assert.That(lines, Has.Length.LessThan(200));
        Assert.That(Array.IndexOf(lines, StartCommand), Is.InRange(0, 20));
    }

    /// <summary>The commands of the section on Redis: the server, the key ring, the service.</summary>
    private static List<string> OnRedis(List<string> commands) =>
    [
        .. commands.Where(command => command.StartsWith(RedisCommand, StringComparison.Ordinal)
            || command.StartsWith(KeysCommand, StringComparison.Ordinal) || command.Contains("--Redis:Configuration", StringComparison.Ordinal)),
    ];

    private static async Task<List<string>> ReadCommandsAsync()
    {
        var text = await File.ReadAllTextAsync(RepositoryRoot.File("README.md"));
        return [.. ShellBlock().Matches(text).SelectMany(block => block.Groups[1].Value.Split('\n', StringSplitOptions.RemoveEmptyEntries))];
    }

    [GeneratedRegex("```sh\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex ShellBlock();

    [GeneratedRegex("^(dotnet run|buf curl) .*$", RegexOptions.Multiline)]
    private static partial Regex PrintedCommand();

    /// <summary>The service as the README starts it, on ports of its own.</summary>
    private sealed class StartedService : IAsyncDisposable
    {
        private readonly Process _process;
        private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly System.Text.StringBuilder _output = new();
        private readonly string _address;
        private readonly string _httpAddress;

        private StartedService(Process process, string address, string httpAddress)
        {
            (_process, _address, _httpAddress) = (process, address, httpAddress);
            process.OutputDataReceived += (_, line) => Keep(line.Data);
            process.ErrorDataReceived += (_, line) => Keep(line.Data);
            process.EnableRaisingEvents = true;
            process.Exited += (_, _) => _started.TrySetException(new InvalidOperationException($"It ended:{Environment.NewLine}{Output}"));
        }

        public string Output
        {
            get
            {
                lock (_output)
                    return _output.ToString();
            }
        }

        public static async Task<StartedService> StartAsync(string command)
        {
            var (grpc, http) = global::VirtualNumber.Load.ServiceProcess.FindFreePorts();
            var process = new Process { StartInfo = Shell($"exec {command}") };
            process.StartInfo.Environment["Listen__Grpc"] = $"127.0.0.1:{grpc}";
            process.StartInfo.Environment["Listen__Http"] = $"127.0.0.1:{http}";
            var service = new StartedService(process, $"127.0.0.1:{grpc}", $"127.0.0.1:{http}");
            process.Start();
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            try
            {
                await service._started.Task.WaitAsync(TimeSpan.FromMinutes(2));
                return service;
            }
            catch
            {
                await service.DisposeAsync();
                throw;
            }
        }

        /// <summary>Runs a command against this service's ports.</summary>
        public async Task<(int ExitCode, string Output)> RunAsync(string command)
        {
            var ported = command.Replace("127.0.0.1:5080", _address, StringComparison.Ordinal)
                .Replace("127.0.0.1:5081", _httpAddress, StringComparison.Ordinal);
            if (ported.Contains(" call ", StringComparison.Ordinal) && !ported.Contains("--address", StringComparison.Ordinal))
                ported += $" --address http://{_address}";
            using var process = new Process { StartInfo = Shell(ported) };
            process.Start();
            var output = process.StandardOutput.ReadToEndAsync();
            var error = process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(2));
            return (process.ExitCode, await output + await error);
        }

        public async ValueTask DisposeAsync()
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
            _process.Dispose();
        }

        private void Keep(string? line)
        {
            if (line is null)
                return;
            lock (_output)
                _output.AppendLine(line);
            if (line.Contains(LastLine, StringComparison.Ordinal))
                _started.TrySetResult();
        }

        public static ProcessStartInfo Shell(string command)
        {
            var start = new ProcessStartInfo("bash", ["-c", command])
            {
                WorkingDirectory = RepositoryRoot.Path,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            // The tests install buf here; whoever installed it elsewhere has it on the path anyway.
            start.Environment["PATH"] = $"{RepositoryRoot.File("tests", "interop", "node_modules", ".bin")}:{start.Environment["PATH"]}";
            return start;
        }
    }
}
