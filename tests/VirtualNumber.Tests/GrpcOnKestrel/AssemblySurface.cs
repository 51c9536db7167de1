using System.Collections.Immutable;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace VirtualNumber.Tests.GrpcOnKestrel;

/// <summary>
/// What an assembly offers to others and asks of others, read from its file: nothing is loaded, so its own references may be missing.
/// Members read like <c>Grpc.Core.Metadata::Add(System.String, System.Byte[]) : System.Void</c>.
/// </summary>
internal sealed class AssemblySurface : IDisposable
{
    private const MethodAttributes InternalAccess = MethodAttributes.Assembly;

    private readonly PEReader _file;
    private readonly MetadataReader _metadata;

    public AssemblySurface(string path)
    {
        _file = new PEReader(File.OpenRead(path));
        _metadata = _file.GetMetadataReader();
        Types = _metadata.TypeDefinitions.Select(handle => _metadata.GetTypeDefinition(handle)).ToDictionary(Names.Of(_metadata));
    }

    /// <summary>All types by name, the invisible ones too.</summary>
    public IReadOnlyDictionary<string, TypeDefinition> Types { get; }

    public void Dispose() => _file.Dispose();

    public bool IsPublic(string type)
    {
        var definition = Types[type];
        return (definition.Attributes & TypeAttributes.VisibilityMask) switch
        {
            TypeAttributes.Public => true,
            TypeAttributes.NestedPublic or TypeAttributes.NestedFamORAssem or TypeAttributes.NestedFamily =>
                IsPublic(Names.Of(_metadata)(_metadata.GetTypeDefinition(definition.GetDeclaringType()))),
            _ => false,
        };
    }

    /// <summary>What kind of type it is and what it derives from.</summary>
    public string Shape(string type)
    {
        const TypeAttributes Kind = TypeAttributes.Interface | TypeAttributes.Abstract | TypeAttributes.Sealed;
        var definition = Types[type];
        var bases = definition.GetInterfaceImplementations()
            .Select(handle => NameOf(_metadata.GetInterfaceImplementation(handle).Interface))
            .Order(StringComparer.Ordinal).Prepend(NameOf(definition.BaseType));
        return $"{definition.Attributes & Kind} : {string.Join(", ", bases)}";
    }

    /// <summary>The methods of a type (constructors and accessors too) that others may call, override or, on request, see at all.</summary>
    public IEnumerable<string> Methods(string type, bool named, bool withInternal = false)
    {
        foreach (var handle in Types[type].GetMethods())
        {
            var method = _metadata.GetMethodDefinition(handle);
            var access = method.Attributes & MethodAttributes.MemberAccessMask;
            if (access > InternalAccess || (withInternal && access >= MethodAttributes.FamANDAssem))
                yield return Describe(type, method, named);
        }
    }

    /// <summary>The constants and fields of a type that others may read.</summary>
    public IEnumerable<string> Fields(string type) => Types[type].GetFields()
        .Select(_metadata.GetFieldDefinition)
        .Where(field => (field.Attributes & FieldAttributes.FieldAccessMask) > FieldAttributes.Assembly)
        .Select(field => $"{type}::{Text(field.Name)} : {field.DecodeSignature(new Names(), null)}{Constant(field)}");

    /// <summary>The abstract methods of a type.</summary>
    public IEnumerable<string> AbstractMethods(string type) => Types[type].GetMethods()
        .Select(_metadata.GetMethodDefinition)
        .Where(method => method.Attributes.HasFlag(MethodAttributes.Abstract))
        .Select(method => Describe("", method, named: false));

    /// <summary>The members that this assembly calls on types of another one.</summary>
    public IEnumerable<(string Type, string Member)> Calls(string assembly)
    {
        foreach (var handle in _metadata.MemberReferences)
        {
            var member = _metadata.GetMemberReference(handle);
            if (member.Parent.Kind is not (HandleKind.TypeReference or HandleKind.TypeSpecification)
                || AssemblyOf(member.Parent) != assembly)
            {
                continue;
            }

            var type = OpenNameOf(member.Parent);
            yield return (type, member.GetKind() == MemberReferenceKind.Field
                ? $"{type}::{Text(member.Name)} : {member.DecodeFieldSignature(new Names(), null)}"
                : $"{type}::{Text(member.Name)}{Signature(member.DecodeMethodSignature(new Names(), null), null)}");
        }
    }

    /// <summary>The classes here that can be made and derive directly from a type of another assembly, each with its overrides.</summary>
    public IEnumerable<(string Base, string Class, HashSet<string> Overrides)> Implementations(string assembly)
    {
        foreach (var (name, definition) in Types)
        {
            var isAbstract = definition.Attributes.HasFlag(TypeAttributes.Abstract);
            if (isAbstract || definition.BaseType.IsNil || AssemblyOf(definition.BaseType) != assembly)
                continue;
            var overrides = definition.GetMethods().Select(_metadata.GetMethodDefinition)
                .Where(method => method.Attributes.HasFlag(MethodAttributes.Virtual))
                .Select(method => Describe("", method, named: false));
            yield return (OpenNameOf(definition.BaseType), name, [.. overrides]);
        }
    }

    private string Describe(string type, MethodDefinition method, bool named)
    {
        var parameters = method.GetParameters().Select(_metadata.GetParameter).Where(parameter => parameter.SequenceNumber > 0)
            .Select(parameter => Text(parameter.Name) + (parameter.Attributes.HasFlag(ParameterAttributes.Optional) ? "?" : ""));
        var details = named ? parameters.ToArray() : null;
        var isStatic = named && method.Attributes.HasFlag(MethodAttributes.Static) ? "static " : "";
        return $"{isStatic}{type}::{Text(method.Name)}{Signature(method.DecodeSignature(new Names(), null), details)}";
    }

    private static string Signature(MethodSignature<string> signature, string[]? names)
    {
        var parameters = names is null
            ? signature.ParameterTypes
            : signature.ParameterTypes.Select((type, index) => $"{type} {names[index]}");
        var arity = signature.GenericParameterCount > 0 ? $"`{signature.GenericParameterCount}" : "";
        return $"{arity}({string.Join(", ", parameters)}) : {signature.ReturnType}";
    }

    private string Constant(FieldDefinition field)
    {
        if (field.GetDefaultValue() is not { IsNil: false } handle)
            return "";
        var constant = _metadata.GetConstant(handle);
        return $" = {_metadata.GetBlobReader(constant.Value).ReadConstant(constant.TypeCode)}";
    }

    private string Text(StringHandle handle) => _metadata.GetString(handle);

    private string NameOf(EntityHandle handle) => handle.Kind switch
    {
        // Interfaces derive from nothing.
        _ when handle.IsNil => "",
        HandleKind.TypeReference => new Names().GetTypeFromReference(_metadata, (TypeReferenceHandle)handle, 0),
        HandleKind.TypeDefinition => new Names().GetTypeFromDefinition(_metadata, (TypeDefinitionHandle)handle, 0),
        HandleKind.TypeSpecification => _metadata.GetTypeSpecification((TypeSpecificationHandle)handle).DecodeSignature(new Names(), null),
        _ => "",
    };

    /// <summary>The name without type arguments.</summary>
    private string OpenNameOf(EntityHandle handle) => NameOf(handle).Split('<')[0];

    /// <summary>The assembly that a type comes from; null for one of this assembly.</summary>
    private string? AssemblyOf(EntityHandle handle)
    {
        if (handle.Kind == HandleKind.TypeSpecification)
        {
            var signature = _metadata.GetBlobReader(_metadata.GetTypeSpecification((TypeSpecificationHandle)handle).Signature);
            if (signature.ReadSignatureTypeCode() != SignatureTypeCode.GenericTypeInstance)
                return null;
            signature.ReadByte();
            return AssemblyOf(signature.ReadTypeHandle());
        }

        if (handle.Kind != HandleKind.TypeReference)
            return null;
        var scope = _metadata.GetTypeReference((TypeReferenceHandle)handle).ResolutionScope;
        return scope.Kind == HandleKind.AssemblyReference
            ? Text(_metadata.GetAssemblyReference((AssemblyReferenceHandle)scope).Name)
            : AssemblyOf(scope);
    }

    /// <summary>Types in signatures as texts, without their assemblies.</summary>
    private sealed class Names : ISignatureTypeProvider<string, object?>
    {
        public static Func<TypeDefinition, string> Of(MetadataReader reader) => definition =>
            definition.GetDeclaringType() is { IsNil: false } outer
            ? $"{Of(reader)(reader.GetTypeDefinition(outer))}/{reader.GetString(definition.Name)}"
            : Join(reader.GetString(definition.Namespace), reader.GetString(definition.Name));

        public string GetArrayType(string elementType, ArrayShape shape) => $"{elementType}[{shape.Rank}]";

        public string GetByReferenceType(string elementType) => $"{elementType}&";

        public string GetFunctionPointerType(MethodSignature<string> signature) => "function";

        public string GetGenericInstantiation(string genericType, ImmutableArray<string> typeArguments) =>
            $"{genericType}<{string.Join(", ", typeArguments)}>";

        public string GetGenericMethodParameter(object? genericContext, int index) => $"!!{index}";

        public string GetGenericTypeParameter(object? genericContext, int index) => $"!{index}";

        public string GetModifiedType(string modifier, string unmodifiedType, bool isRequired) => $"{unmodifiedType} with {modifier}";

        public string GetPinnedType(string elementType) => elementType;

        public string GetPointerType(string elementType) => $"{elementType}*";

        public string GetPrimitiveType(PrimitiveTypeCode typeCode) => $"System.{typeCode}";

        public string GetSZArrayType(string elementType) => $"{elementType}[]";

        public string GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind) =>
            Of(reader)(reader.GetTypeDefinition(handle));

        public string GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind)
        {
            var reference = reader.GetTypeReference(handle);
            var name = reader.GetString(reference.Name);
            return reference.ResolutionScope.Kind == HandleKind.TypeReference
                ? $"{GetTypeFromReference(reader, (TypeReferenceHandle)reference.ResolutionScope, rawTypeKind)}/{name}"
                : Join(reader.GetString(reference.Namespace), name);
        }

        public string GetTypeFromSpecification(
            MetadataReader reader, object? genericContext, TypeSpecificationHandle handle, byte rawTypeKind) =>
            reader.GetTypeSpecification(handle).DecodeSignature(this, genericContext);

        private static string Join(string scope, string name) => scope.Length == 0 ? name : $"{scope}.{name}";
    }
}
