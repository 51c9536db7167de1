using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Grpc.AspNetCore.Server;

/// <summary>
/// Gets the service or interceptor for one call: from the container, or made and disposed of here. Where nothing that it needs
/// is scoped, the root provider serves it, as making a scope for each call costs more than all else that is done here.
/// </summary>
internal sealed class Activator<T>
    where T : class
{
    private readonly ObjectFactory? _factory;
    private readonly Type _type;
    private readonly object[] _arguments;
    private readonly IServiceProvider? _root;

    public Activator(IServiceProvider services, Type type, object[]? arguments = null)
    {
        _type = type;
        _arguments = arguments ?? [];
        var lifetimes = services.GetRequiredService<Lifetimes>();
        if (_arguments.Length > 0 || !lifetimes.IsRegistered(type))
        {
            _factory = ActivatorUtilities.CreateFactory(type, [.. _arguments.Select(argument => argument.GetType())]);
            MustRelease = typeof(IDisposable).IsAssignableFrom(type) || typeof(IAsyncDisposable).IsAssignableFrom(type);
        }

        if (_factory is null ? lifetimes.IsSingleton(type) : lifetimes.NeedsOnlySingletons(type, _arguments))
            _root = services;
    }

    /// <summary>Whether instances are made here and are disposable.</summary>
    public bool MustRelease { get; }

    public T Get(ServerCallContext context)
    {
        var services = _root ?? context.GetHttpContext().RequestServices;
        return (T)(_factory is null ? services.GetRequiredService(_type) : _factory(services, _arguments));
    }

    /// <summary>Disposes of what was made here; what the container made it disposes of itself.</summary>
    public ValueTask ReleaseAsync(T instance)
    {
        if (!MustRelease)
            return default;
        if (instance is IAsyncDisposable disposable)
            return disposable.DisposeAsync();
        ((IDisposable)instance).Dispose();
        return default;
    }
}
