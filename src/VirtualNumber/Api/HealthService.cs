using Grpc.Core;
using Grpc.Health.V1;
using static Grpc.Health.V1.HealthCheckResponse.Types;

namespace VirtualNumber.Api;

/// <summary>grpc.health.v1: tells load balancers and probes whether to send calls here.</summary>
/// <param name="statuses">What it tells.</param>
/// <param name="lifetime">Ends the watches when the server stops, which would wait for them otherwise.</param>
public sealed class HealthService(ServingStatuses statuses, IHostApplicationLifetime lifetime) : Health.HealthBase
{
    /// <summary>The most statuses that List answers with; the standard sets it.</summary>
    private const int MostListed = 100;

    /// <inheritdoc/>
    public override Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context)
    {
        var status = statuses.Get(request.Service)
            ?? throw new RpcException(new Status(StatusCode.NotFound, "unknown service"));
        return Task.FromResult(new HealthCheckResponse { Status = status });
    }

    /// <inheritdoc/>
    public override Task<HealthListResponse> List(HealthListRequest request, ServerCallContext context)
    {
        var all = statuses.Snapshot();
        if (all.Count > MostListed)
            throw new RpcException(new Status(StatusCode.ResourceExhausted, $"There are more than {MostListed} statuses."));
        var response = new HealthListResponse();
        foreach (var (service, status) in all)
            response.Statuses.Add(service, new HealthCheckResponse { Status = status });
        return Task.FromResult(response);
    }

    /// <inheritdoc/>
    public override async Task Watch(
        HealthCheckRequest request, IServerStreamWriter<HealthCheckResponse> responseStream, ServerCallContext context)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        ServingStatus? sent = null;
        while (true)
        {
            var (known, changed) = statuses.Observe(request.Service);
            var status = known ?? ServingStatus.ServiceUnknown;
            if (status != sent)
            {
                await responseStream.WriteAsync(new HealthCheckResponse { Status = status });
                sent = status;
            }

            try
            {
                await changed.WaitAsync(end.Token);
            }
            catch (OperationCanceledException)
            {
                throw new RpcException(lifetime.ApplicationStopping.IsCancellationRequested
                    ? new Status(StatusCode.Unavailable, "The server is stopping.")
                    : Status.DefaultCancelled);
            }
        }
    }
}
