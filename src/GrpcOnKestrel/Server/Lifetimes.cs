using Microsoft.Extensions.DependencyInjection;

namespace Grpc.AspNetCore.Server;

/// <summary>Knows how long the application's services live, as far as that can be told from their registrations.</summary>
internal sealed class Lifetimes(IServiceCollection services)
{
    public bool IsRegistered(Type type) => Find(type) is not null;

    public bool IsSingleton(Type type) => Find(type)?.Lifetime == ServiceLifetime.Singleton;

    /// <summary>
    /// Whether a type that is not registered can be made without a scope: it has one constructor, whose parameters are all
    /// given or registered as singletons. When in doubt, no.
    /// </summary>
    public bool NeedsOnlySingletons(Type type, object[] given)
    {
        var constructors = type.GetConstructors();
        return constructors.Length == 1 && Array.TrueForAll(
            constructors[0].GetParameters(),
            parameter => (IsSingleton(parameter.ParameterType) && !parameter.IsDefined(typeof(FromKeyedServicesAttribute), inherit: false))
                || Array.Exists(given, argument => parameter.ParameterType.IsInstanceOfType(argument)));
    }

    private ServiceDescriptor? Find(Type type)
    {
        var open = type.IsConstructedGenericType ? type.GetGenericTypeDefinition() : null;
        return services.LastOrDefault(each => !each.IsKeyedService && each.ServiceType == type)
            ?? services.LastOrDefault(each => !each.IsKeyedService && open is not null && each.ServiceType == open);
    }
}
