using System.Reflection;
using Grpc.Core;

namespace VirtualNumber.Tests.GrpcOnKestrel;

/// <summary>
/// Holds what the stand-in offers to the written list of official signatures: what is not in the list would compile here and
/// fail with the official packages. After a change, check the new line against the official source, then add it to the list.
/// </summary>
[TestFixture]
public sealed class SurfaceTests
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly NullabilityInfoContext Nullability = new();

    [Test]
    public void Everything_offered_is_official_and_everything_listed_is_offered()
    {
        var file = Path.Combine(TestContext.CurrentContext.TestDirectory, "GrpcOnKestrel", "OfficialSurface.txt");
        var listed = File.ReadLines(file).Where(line => line.Length > 0 && line[0] != '#').ToHashSet();
        var offered = typeof(ServerCallContext).Assembly.GetExportedTypes().SelectMany(Describe).ToHashSet();
        Assert.Multiple(() =>
        {
            Assert.That(offered.Except(listed).Order(StringComparer.Ordinal), Is.Empty, "offered, but not official");
            Assert.That(listed.Except(offered).Order(StringComparer.Ordinal), Is.Empty, "official, but not offered any more");
        });
    }

    private static IEnumerable<string> Describe(Type type)
    {
        yield return $"{Kind(type)} {Name(type)}{Bases(type)}";
        if (type.IsSubclassOf(typeof(Delegate)))
        {
            yield return $"{Name(type)} :: {Signature(type.GetMethod("Invoke")!)}";
            yield break;
        }

        var members = type.GetMembers(Declared).Where(IsVisible).Select(Describe).OfType<string>();
        foreach (var member in members)
            yield return $"{Name(type)} :: {member}";
    }

    private static string? Describe(MemberInfo member) => member switch
    {
        ConstructorInfo constructor => $"{Access(constructor)}new({Parameters(constructor)})",
        PropertyInfo property => Access(property.GetMethod!) + Static(property.GetMethod!) + Virtual(property.GetMethod!)
            + $"{Name(property.PropertyType)}{Nullable(Nullability.Create(property))} {property.Name}"
            + (property.GetIndexParameters().Length > 0 ? "[int]" : "")
            + $" {{ get;{(property.SetMethod is { } setter && IsVisible(setter) ? " set;" : "")} }}",
        MethodInfo { IsSpecialName: false } method => Access(method) + Static(method) + Virtual(method) + Signature(method),
        MethodInfo { IsSpecialName: true } method when method.Name.StartsWith("op_", StringComparison.Ordinal) => Signature(method),
        FieldInfo { IsLiteral: true } field => $"const {field.Name} = {Convert.ToString(field.GetRawConstantValue())}",
        FieldInfo { IsSpecialName: false } field => $"{(field.IsStatic ? "static " : "")}readonly {Name(field.FieldType)} {field.Name}",
        _ => null,
    };

    private static string Signature(MethodInfo method)
    {
        var generic = method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(Constrained))}>" : "";
        var result = $"{Name(method.ReturnType)}{Nullable(Nullability.Create(method.ReturnParameter))}";
        return $"{result} {(method.Name == "Invoke" ? "" : method.Name)}{generic}({Parameters(method)})";
    }

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(parameter =>
        (parameter.IsDefined(typeof(ParamArrayAttribute)) ? "params " : "")
        + $"{Name(parameter.ParameterType)}{Nullable(Nullability.Create(parameter))} {parameter.Name}"
        + (parameter.HasDefaultValue ? $" = {parameter.DefaultValue ?? "default"}" : "")));

    private static string Nullable(NullabilityInfo info) =>
        !info.Type.IsValueType && info.ReadState == NullabilityState.Nullable ? "?" : "";

    private static string Constrained(Type parameter)
    {
        var constraints = parameter.GetGenericParameterConstraints().Select(Name).ToList();
        if (parameter.GenericParameterAttributes.HasFlag(GenericParameterAttributes.ReferenceTypeConstraint))
            constraints.Insert(0, "class");
        return constraints.Count == 0 ? parameter.Name : $"{parameter.Name} : {string.Join("+", constraints)}";
    }

    private static string Name(Type type)
    {
        if (System.Nullable.GetUnderlyingType(type) is { } underlying)
            return $"{Name(underlying)}?";
        if (type.IsGenericParameter)
            return type.Name;
        if (type.IsArray)
            return $"{Name(type.GetElementType()!)}[]";
        var name = type.Name.Split('`')[0];
        var scope = type.IsNested ? $"{Name(type.DeclaringType!).Split('<')[0]}." : Scope(type);
        var arguments = type.GetGenericArguments();
        return arguments.Length == 0 ? scope + name : $"{scope}{name}<{string.Join(", ", arguments.Select(Name))}>";
    }

    private static string Scope(Type type) =>
        type.Namespace!.StartsWith("System", StringComparison.Ordinal) ? "" : $"{type.Namespace}.";

    private static string Kind(Type type) => type switch
    {
        { IsEnum: true } => "enum",
        { IsInterface: true } => "interface",
        { IsValueType: true } => "struct",
        _ when type.IsSubclassOf(typeof(Delegate)) => "delegate",
        { IsAbstract: true, IsSealed: true } => "static class",
        { IsAbstract: true } => "abstract class",
        { IsSealed: true } => "sealed class",
        _ => "class",
    };

    private static string Bases(Type type)
    {
        if (type.IsValueType || type.IsSubclassOf(typeof(Delegate)))
            return "";
        var bases = type.GetInterfaces().Except(type.BaseType?.GetInterfaces() ?? []).Select(Name).Order(StringComparer.Ordinal).ToList();
        if (type.BaseType is not null && type.BaseType != typeof(object))
            bases.Insert(0, Name(type.BaseType));
        return bases.Count == 0 ? "" : $" : {string.Join(", ", bases)}";
    }

    private static bool IsVisible(MemberInfo member) => member switch
    {
        MethodBase method => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly,
        PropertyInfo property => IsVisible(property.GetMethod!),
        FieldInfo field => field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly,
        _ => false,
    };

    private static string Access(MethodBase method) => method.IsPublic ? "" : "protected ";

    private static string Static(MethodBase method) => method.IsStatic ? "static " : "";

    private static string Virtual(MethodInfo method) => method switch
    {
        { DeclaringType.IsInterface: true } or { IsFinal: true } or { IsVirtual: false } => "",
        { IsAbstract: true } => "abstract ",
        _ when method.GetBaseDefinition() != method => "override ",
        _ => "virtual ",
    };
}
