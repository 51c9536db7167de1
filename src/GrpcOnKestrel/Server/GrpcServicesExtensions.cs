using Grpc.AspNetCore.Server;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds gRPC to an application.</summary>
public static class GrpcServicesExtensions
{
    /// <summary>Adds what gRPC services need.</summary>
    public static IGrpcServerBuilder AddGrpc(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddRouting();
        services.AddOptions();
        services.TryAddSingleton<GrpcMarker>();
        services.TryAddSingleton(new Lifetimes(services));
        return new Builder(services);
    }

    /// <summary>Adds what gRPC services need, and sets their options.</summary>
    public static IGrpcServerBuilder AddGrpc(this IServiceCollection services, Action<GrpcServiceOptions> configureOptions)
    {
        var builder = services.AddGrpc();
        services.Configure(configureOptions);
        return builder;
    }

    private sealed record Builder(IServiceCollection Services) : IGrpcServerBuilder;
}

/// <summary>Its presence tells that <c>AddGrpc</c> was called.</summary>
internal sealed class GrpcMarker
{
    private int _unimplementedMapped;

    /// <summary>True once per application: the answer for unknown services is mapped only once.</summary>
    public bool ShouldMapUnimplemented() => Interlocked.Exchange(ref _unimplementedMapped, 1) == 0;
}
