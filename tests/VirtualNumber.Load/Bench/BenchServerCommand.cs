using System.Buffers;
using System.CommandLine;
using System.Net;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;
using VirtualNumber.Redis;

namespace VirtualNumber.Load.Bench;

/// <summary><c>bench-server</c>: hosts an empty method, on the service's gRPC stack or hand-framed on bare Kestrel.</summary>
internal static class BenchServerCommand
{
    public const string Name = "bench-server";

    /// <summary>What it writes when it takes calls.</summary>
    public const string Ready = "bench-server is ready";

    private const int FrameHeader = 5;

    public static Command Create()
    {
        var port = new Option<int>("--port") { Description = "Where to listen, on loopback.", Required = true };
        var bare = new Option<bool>("--bare") { Description = "Hand-framed on bare Kestrel instead of the gRPC stack." };
        var redis = new Option<string>("--redis") { Description = "Connects to Redis, for Loop.", DefaultValueFactory = _ => "" };
        var command = new Command(Name, "Hosts an empty method for bench.") { port, bare, redis };
        command.SetAction(async (parsed, cancellation) =>
        {
            var configuration = parsed.GetRequiredValue(redis);
            using var connection = configuration.Length == 0 ? null : await RedisConnection.ConnectAsync(configuration);
            await using var app = Build(parsed.GetRequiredValue(port), parsed.GetRequiredValue(bare), connection);
            await app.StartAsync(cancellation);
            await Console.Out.WriteLineAsync(Ready);
            await app.WaitForShutdownAsync(cancellation);
            return 0;
        });
        return command;
    }

    private static WebApplication Build(int port, bool bare, IConnectionMultiplexer? connection)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Loopback, port, endpoint => endpoint.Protocols = HttpProtocols.Http2);
        });
        if (!bare)
            builder.Services.AddGrpc();
        if (connection is not null)
            builder.Services.AddSingleton(new RedisLoops(connection));

        var app = builder.Build();
        if (bare)
            app.Run(AnswerAsync);
        else
            app.MapGrpcService<EmptyHandler>();
        return app;
    }

    /// <summary>The least that is a gRPC answer: headers, the frame of an empty message, trailers.</summary>
    private static async Task AnswerAsync(HttpContext context)
    {
        var request = context.Request.BodyReader;
        while (true)
        {
            var read = await request.ReadAsync(context.RequestAborted);
            request.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
                break;
        }

        var response = context.Response;
        response.ContentType = "application/grpc";
        response.BodyWriter.Write(stackalloc byte[FrameHeader]);
        response.AppendTrailer("grpc-status", "0");
        await response.BodyWriter.FlushAsync(context.RequestAborted);
    }

    private sealed class EmptyHandler(IServiceProvider services) : EmptyService.EmptyServiceBase
    {
        private static readonly Task<EmptyMessage> s_answer = Task.FromResult(new EmptyMessage());

        public override Task<EmptyMessage> Call(EmptyMessage request, ServerCallContext context) => s_answer;

        public override async Task<LoopResponse> Loop(LoopRequest request, ServerCallContext context)
        {
            var loop = await services.GetRequiredService<RedisLoops>().PrepareAsync(request);
            var round = await Meter.MeasureAsync(
                () => Environment.CpuUsage.TotalTime, loop, request.Concurrency, TimeSpan.FromSeconds(request.Seconds));
            return new LoopResponse
            {
                CallsPerSecond = round.CallsPerSecond,
                Microseconds = round.ServerMicroseconds,
                P50Milliseconds = round.P50,
                P99Milliseconds = round.P99,
            };
        }
    }
}
