using Google.Protobuf.Reflection;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace VirtualNumber.Api;

/// <summary>An index over the proto files of a server's services. It does not change once made.</summary>
public sealed class ReflectionCatalog
{
    private readonly Dictionary<string, FileDescriptor> _files = [];
    private readonly Dictionary<string, FileDescriptor> _symbols = [];
    private readonly Dictionary<(string Type, int Number), FileDescriptor> _extensions = [];
    private readonly HashSet<string> _messages = [];

    /// <summary>Indexes the files of the services, and all that they import.</summary>
    /// <param name="services">The services that the server offers.</param>
    public ReflectionCatalog(IEnumerable<ServiceDescriptor> services)
    {
        ArgumentNullException.ThrowIfNull(services);
        var offered = services.ToList();
        Services = [.. offered.Select(service => service.FullName).Order(StringComparer.Ordinal)];
        foreach (var file in offered.SelectMany(service => WithDependencies(service.File)))
        {
            if (_files.TryAdd(file.Name, file))
                Index(file);
        }
    }

    /// <summary>Full names of the services, in order.</summary>
    public IReadOnlyList<string> Services { get; }

    /// <summary>The file of this name; null if there is none.</summary>
    public FileDescriptor? FileByName(string name) => _files.GetValueOrDefault(name);

    /// <summary>The file that declares a service, method, message, field, enum, enum value or extension; null if none does.</summary>
    public FileDescriptor? FileOfSymbol(string fullName) => _symbols.GetValueOrDefault(fullName);

    /// <summary>The file that declares an extension of a message; null if none does.</summary>
    public FileDescriptor? FileOfExtension(string type, int number) => _extensions.GetValueOrDefault((type, number));

    /// <summary>Whether there is a message of this full name.</summary>
    public bool HasMessage(string type) => _messages.Contains(type);

    /// <summary>The numbers of all extensions of a message, in order.</summary>
    public IEnumerable<int> ExtensionNumbers(string type) =>
        _extensions.Keys.Where(key => key.Type == type).Select(key => key.Number).Order();

    /// <summary>A file and all that it imports, itself first, each once.</summary>
    public static IReadOnlyList<FileDescriptor> WithDependencies(FileDescriptor file)
    {
        ArgumentNullException.ThrowIfNull(file);
        var found = new List<FileDescriptor> { file };
        var names = new HashSet<string> { file.Name };
        for (var i = 0; i < found.Count; i++)
            found.AddRange(found[i].Dependencies.Where(dependency => names.Add(dependency.Name)));
        return found;
    }

    private void Index(FileDescriptor file)
    {
        foreach (var service in file.Services)
        {
            _symbols[service.FullName] = file;
            foreach (var method in service.Methods)
                _symbols[method.FullName] = file;
        }

        foreach (var type in file.EnumTypes)
            IndexEnum(type);
        foreach (var message in file.MessageTypes)
            IndexMessage(message);
        foreach (var extension in file.Extensions.UnorderedExtensions)
            IndexExtension(extension);
    }

    private void IndexMessage(MessageDescriptor message)
    {
        _messages.Add(message.FullName);
        _symbols[message.FullName] = message.File;
        foreach (var field in message.Fields.InDeclarationOrder())
            _symbols[field.FullName] = message.File;
        foreach (var oneof in message.Oneofs)
            _symbols[oneof.FullName] = message.File;
        foreach (var type in message.EnumTypes)
            IndexEnum(type);
        foreach (var nested in message.NestedTypes)
            IndexMessage(nested);
        foreach (var extension in message.Extensions?.UnorderedExtensions ?? [])
            IndexExtension(extension);
    }

    private void IndexEnum(EnumDescriptor type)
    {
        _symbols[type.FullName] = type.File;
        foreach (var value in type.Values)
            _symbols[value.FullName] = type.File;
    }

    private void IndexExtension(FieldDescriptor extension)
    {
        _symbols[extension.FullName] = extension.File;
        _extensions[(extension.ExtendeeType.FullName, extension.FieldNumber)] = extension.File;
    }
}
