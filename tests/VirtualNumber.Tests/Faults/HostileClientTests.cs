using System.Diagnostics;
using System.Net;
using System.Text.RegularExpressions;
using Google.Protobuf;
using Grpc.Net.Client;
using VirtualNumber.Load;
using VirtualNumber.Load.Fuzz;
using VirtualNumber.V1;

namespace VirtualNumber.Tests.Faults;

/// <summary>Clients that hold on to what others need, against the service's own process. Whoever calls properly must not notice.</summary>
[TestFixture]
public sealed class HostileClientTests
{
    private const string GetLease = "/virtualnumber.v1.LeaseService/GetLease";
    private const string ListLeases = "/virtualnumber.v1.OpsService/ListLeases";
    private const string Reflection = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";

    /// <summary>What garbage collection leaves lying about is no leak; what a client can make the service keep is more than this.</summary>
    private const long MostGrowth = 250L * 1024 * 1024;

    /// <summary>What an idle connection may cost the service, in bytes.</summary>
    private const int MostPerConnection = 40 * 1024;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(40);

    /// <summary>
    /// What Kestrel 10.0 itself writes, once per connection, of those that it cut off in the middle of calls taken back. The calls' handlers
    /// have returned: a deadline that still ran would keep the connection from being collected, which is what Kestrel tells here.
    /// </summary>
    private static readonly Regex s_neverCompleted = new(
        "crit: Microsoft.AspNetCore.Server.Kestrel\\[23\\]\\s+Connection id \"\\w+\" application never completed\\.\\s*", RegexOptions.CultureInvariant);

    private ServiceProcess _service = null!;
    private GrpcChannel _channel = null!;
    private FuzzStock _stock = null!;
    private long _memoryBefore;
    private long _mostGrowth;
    private int _outputBefore;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _service = await ServiceProcess.StartAsync(FuzzStock.Settings);
        _channel = GrpcChannel.ForAddress(_service.GrpcAddress);
        _stock = await FuzzStock.CreateAsync(_channel);
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        _channel.Dispose();
        await _service.DisposeAsync();
    }

    [SetUp]
    public void Look() => (_memoryBefore, _mostGrowth, _outputBefore) = (Memory(), MostGrowth, _service.Output.Length);

    [TearDown]
    public async Task It_still_works_and_has_logged_no_error_and_kept_nothing()
    {
        Assert.That(_service.Process.HasExited, Is.False);
        Assert.That(await _stock.CheckAsync(), Is.Null);
        Assert.That(s_neverCompleted.Replace(_service.Output[_outputBefore..], ""), Is.Empty);
        Assert.That(Memory() - _memoryBefore, Is.LessThan(_mostGrowth));
    }

    [Test]
    public async Task Who_sends_headers_or_a_message_byte_by_byte_is_cut_off()
    {
        await using var neighbour = Neighbour.Of(_stock);
        var slow = new List<Task>();
        for (var i = 0; i < 20; i++)
            slow.AddRange([SendSlowHeadersAsync(), SendSlowMessageAsync(), SendHalfAMessageAsync()]);
        await Task.WhenAll(slow).WaitAsync(s_patience);
        await neighbour.AssertUnharmedAsync();
    }

    [Test]
    public async Task A_stream_that_does_not_end_is_ended()
    {
        await using var neighbour = Neighbour.Of(_stock);
        using var unary = await RawConnection.OpenAsync(_service.GrpcAddress);
        await unary.BeginAsync(1, GetLease);
        var message = GrpcFrames.Frame(new GetLeaseRequest { TenantId = FuzzStock.Tenant, LeaseId = _stock.Leases[0].LeaseId }.ToByteArray());
        await unary.SendDataAsync(1, message);
        await unary.SendDataAsync(1, message);
        Assert.That(await unary.ReadUntilAsync("grpc-status").WaitAsync(s_patience), Is.True, "A second message where one belongs is refused, not waited for.");

        using var reflection = await RawConnection.OpenAsync(_service.GrpcAddress);
        await reflection.BeginAsync(1, Reflection);
        var ask = GrpcFrames.Frame([0x3A, 0]);
        var asking = Task.Run(async () =>
        {
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
            while (await timer.WaitForNextTickAsync())
                await reflection.SendDataAsync(1, ask);
        });
        // The stream's longest time is set to a second here.
        Assert.That(await reflection.ReadUntilAsync("grpc-status").WaitAsync(s_patience), Is.True);
        reflection.Dispose();
        await asking.ContinueWith(ended => ended.Exception, TaskScheduler.Default).WaitAsync(s_patience);
        await neighbour.AssertUnharmedAsync();
    }

    [Test]
    public async Task Ten_thousand_idle_connections_hurt_nobody()
    {
        const int count = 10_000;
        const int perAddress = 1_000;
        _mostGrowth = (long)count * MostPerConnection;
        await using var neighbour = Neighbour.Of(_stock);
        var idle = new RawConnection[count];
        try
        {
            // From ten addresses of this machine: a single one may have too few ports left.
            await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (i, _) =>
                idle[i] = await RawConnection.OpenAsync(_service.GrpcAddress, IPAddress.Parse($"127.0.1.{1 + (i / perAddress)}")));
            // The last one is as good as the first.
            await idle[^1].BeginAsync(1, GetLease);
            await idle[^1].SendDataAsync(1, GrpcFrames.Frame(new GetLeaseRequest { TenantId = FuzzStock.Tenant, LeaseId = _stock.Leases[0].LeaseId }.ToByteArray()), last: true);
            Assert.That(await idle[^1].ReadUntilAsync("grpc-status").WaitAsync(s_patience), Is.True);
            using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
            Assert.That((await http.GetAsync(new Uri(_service.HttpAddress, "/readyz"))).StatusCode, Is.EqualTo(HttpStatusCode.OK));
            await neighbour.AssertUnharmedAsync();
            TestContext.Out.WriteLine($"{count} idle connections: {(Memory() - _memoryBefore) / count} bytes each");
        }
        finally
        {
            foreach (var connection in idle)
                connection?.Dispose();
        }
    }

    [Test]
    public async Task Who_does_not_read_the_answers_is_cut_off()
    {
        await using var neighbour = Neighbour.Of(_stock);
        var request = GrpcFrames.Frame(new ListLeasesRequest { TenantId = FuzzStock.Tenant, PoolId = "extension", PageSize = 1_000 }.ToByteArray());
        // Some allow the service no byte of an answer (SETTINGS_INITIAL_WINDOW_SIZE 0), some allow all and read nothing until they are cut off.
        var deaf = Enumerable.Range(0, 10).Select(async i =>
        {
            using var connection = await RawConnection.OpenAsync(_service.GrpcAddress, settings: i % 2 == 0 ? [0, 4, 0, 0, 0, 0] : [0, 4, 0x7F, 0xFF, 0xFF, 0xFF]);
            for (var stream = 1; stream < 200; stream += 2)
            {
                await connection.BeginAsync(stream, ListLeases);
                await connection.SendDataAsync(stream, request, last: true);
            }

            if (i % 2 == 0)
                await connection.ReadToEndAsync();
        }).ToList();
        await Task.WhenAll(deaf).WaitAsync(s_patience);
        await neighbour.AssertUnharmedAsync();
    }

    [Test]
    public async Task Who_begins_calls_and_takes_them_back_is_cut_off()
    {
        const int connections = 40;
        await using var neighbour = Neighbour.Of(_stock);
        var begun = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.Run(async () =>
        {
            var count = 0;
            for (var i = 0; i < connections; i++)
                count += await BeginAndTakeBackAsync();
            return count;
        }))).WaitAsync(s_patience);
        TestContext.Out.WriteLine($"Calls begun and taken back over {connections} connections each: {string.Join(' ', begun)}");
        await neighbour.AssertUnharmedAsync();
    }

    /// <summary>Until the service cuts it off, or 20,000 times; how often.</summary>
    private async Task<int> BeginAndTakeBackAsync()
    {
        const int most = 20_000;
        using var connection = await RawConnection.OpenAsync(_service.GrpcAddress);
        var headers = Http2Bytes.CallHeaders(GetLease);
        var reading = connection.ReadToEndAsync();
        var count = 0;
        try
        {
            for (; count < most && !reading.IsCompleted; count++)
            {
                var stream = 1 + (2 * count);
                await connection.SendAsync(
                    [.. Http2Bytes.Frame(Http2Bytes.Headers, Http2Bytes.EndHeaders, stream, headers), .. Http2Bytes.Frame(Http2Bytes.Reset, 0, stream, [0, 0, 0, 8])]);
            }
        }
        catch (System.Net.Sockets.SocketException)
        {
            // Cut off.
        }

        return count;
    }

    private async Task SendSlowHeadersAsync()
    {
        using var connection = await RawConnection.OpenAsync(_service.GrpcAddress);
        var block = Http2Bytes.CallHeaders(GetLease, ("x", new string('y', 2_000)));
        await connection.SendAsync(Http2Bytes.Frame(Http2Bytes.Headers, 0, 1, block.AsSpan(0, 1)));
        await SendSlowlyAsync(connection, i => Http2Bytes.Frame(Http2Bytes.Continuation, 0, 1, block.AsSpan(1 + (i % (block.Length - 1)), 1)));
    }

    private async Task SendSlowMessageAsync()
    {
        using var connection = await RawConnection.OpenAsync(_service.GrpcAddress);
        await connection.BeginAsync(1, GetLease);
        await connection.SendDataAsync(1, [0, 0, 0, 0xFF, 0xFF]);
        await SendSlowlyAsync(connection, _ => Http2Bytes.Frame(Http2Bytes.Data, 0, 1, [0]));
    }

    private async Task SendHalfAMessageAsync()
    {
        using var connection = await RawConnection.OpenAsync(_service.GrpcAddress);
        await connection.BeginAsync(1, GetLease);
        await connection.SendDataAsync(1, [0, 0, 0, 0xFF, 0xFF, 1, 2, 3]);
        // Cut off, or answered when the call has taken as long as it may: either ends this.
        await connection.ReadUntilAsync("grpc-status");
    }

    /// <summary>A byte at a time, until the service closes the connection.</summary>
    private static async Task SendSlowlyAsync(RawConnection connection, Func<int, byte[]> next)
    {
        var closed = connection.ReadToEndAsync();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        try
        {
            for (var i = 0; !closed.IsCompleted; i++)
            {
                await timer.WaitForNextTickAsync();
                await connection.SendAsync(next(i));
            }
        }
        catch (System.Net.Sockets.SocketException)
        {
            // Cut off.
        }

        await closed;
    }

    private long Memory()
    {
        using var process = Process.GetProcessById(_service.Process.Id);
        return process.WorkingSet64;
    }
}
