using Microsoft.Extensions.DependencyInjection;

namespace Grpc.AspNetCore.Server;

/// <summary>Gets the service or interceptor for one call: from the container, or made and disposed of here.</summary>
internal sealed class Activator<T>
    where T : class
{
    private readonly ObjectFactory? _factory;
    private readonly Type _type;
    private readonly object[] _arguments;

    public Activator(IServiceProvider services, Type type, object[]? arguments = null)
    {
        _type = type;
        _arguments = arguments ?? [];
        var registered = _arguments.Length == 0 && services.GetService<IServiceProviderIsService>()?.IsService(type) == true;
        if (!registered)
            _factory = ActivatorUtilities.CreateFactory(type, [.. _arguments.Select(argument => argument.GetType())]);
    }

    public T Get(IServiceProvider services) =>
        (T)(_factory is null ? services.GetRequiredService(_type) : _factory(services, _arguments));

    /// <summary>Disposes of what was made here; what the container made it disposes of itself.</summary>
    public ValueTask ReleaseAsync(T instance)
    {
        if (_factory is null)
            return default;
        switch (instance)
        {
            case IAsyncDisposable disposable:
                return disposable.DisposeAsync();
            case IDisposable disposable:
                disposable.Dispose();
                return default;
            default:
                return default;
        }
    }
}
