using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using VirtualNumber.V1;

namespace VirtualNumber.Load.Calls;

/// <summary>The unary methods that the service documents, found through its own descriptors.</summary>
internal static class ServiceCatalog
{
    private const string Package = "virtualnumber.v1.";

    private static readonly FileDescriptor[] s_files =
    [
        LeaseServiceReflection.Descriptor,
        RoutingServiceReflection.Descriptor,
        OpsServiceReflection.Descriptor,
        global::Grpc.Health.V1.HealthReflection.Descriptor,
    ];

    /// <summary>Every message that JSON may hold as google.protobuf.Any: the service's own, and what errors carry.</summary>
    public static TypeRegistry Types { get; } = TypeRegistry.FromFiles(
        [.. s_files, TypesReflection.Descriptor, StatusReflection.Descriptor, ErrorDetailsReflection.Descriptor, AnyReflection.Descriptor]);

    private static readonly MethodDescriptor[] s_methods =
    [
        .. s_files.SelectMany(file => file.Services).SelectMany(service => service.Methods)
            .Where(method => !method.IsClientStreaming && !method.IsServerStreaming),
    ];

    /// <summary>How to call, and what there is to be called.</summary>
    public static string Usage =>
        $"Usage: call <Service/Method> '<json>' [--address URL] [--deadline 10s]{Environment.NewLine}Methods:{Environment.NewLine}  "
        + string.Join(Environment.NewLine + "  ", s_methods.Select(NameOf));

    /// <summary>A method by <c>Service/Method</c>, the service with or without its package; null when there is none.</summary>
    public static MethodDescriptor? Find(string name)
    {
        name = name.TrimStart('/');
        return Array.Find(s_methods, method => NameOf(method) == name || $"{method.Service.FullName}/{method.Name}" == name);
    }

    /// <summary>The method as the client surface wants it; messages of whatever type its descriptors say.</summary>
    public static Method<IMessage, IMessage> ToMethod(MethodDescriptor method) => new(
        MethodType.Unary, method.Service.FullName, method.Name, MarshallerOf(method.InputType), MarshallerOf(method.OutputType));

    private static Marshaller<IMessage> MarshallerOf(MessageDescriptor type) =>
        Marshallers.Create(message => message.ToByteArray(), bytes => type.Parser.ParseFrom(bytes));

    private static string NameOf(MethodDescriptor method)
    {
        var service = method.Service.FullName;
        return $"{(service.StartsWith(Package, StringComparison.Ordinal) ? service[Package.Length..] : service)}/{method.Name}";
    }
}
