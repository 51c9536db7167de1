using Google.Protobuf.Reflection;

namespace VirtualNumber.Tests.Repository;

/// <summary>The proto files are the public document.</summary>
[TestFixture]
public sealed class ProtoTests
{
    private const string Package = "virtualnumber.v1";

    [Test]
    public async Task Buf_finds_no_fault()
    {
        var (exitCode, output) = await Sources.RunAsync(Buf(), "lint", Sources.At("protos"));
        Assert.That(exitCode, Is.Zero, output);
    }

    [Test]
    public async Task Everything_in_the_public_document_has_a_comment()
    {
        var path = Path.Combine(TestContext.CurrentContext.WorkDirectory, "protos.descriptors");
        var (exitCode, output) = await Sources.RunAsync(Buf(), "build", Sources.At("protos"), "--as-file-descriptor-set", "-o", $"{path}#format=binpb");
        Assert.That(exitCode, Is.Zero, output);
        var files = FileDescriptorSet.Parser.ParseFrom(await File.ReadAllBytesAsync(path)).File.Where(file => file.Package == Package).ToList();

        var elements = files.SelectMany(ElementsOf).ToList();

        // So that a walk that finds nothing does not pass.
        Assert.That(elements.Select(element => element.Name), Is.SupersetOf(new[]
        {
            "LeaseService", "LeaseService.CreateLease", "Lease", "Lease.lease_id", "ErrorReason.ERROR_REASON_LEASE_UNKNOWN",
            "BatchCreateLeasesResult.outcome",
        }));
        Assert.That(elements.Where(element => string.IsNullOrWhiteSpace(element.Comment)).Select(element => element.Name), Is.Empty);
    }

    private static IEnumerable<(string Name, string? Comment)> ElementsOf(FileDescriptorProto file)
    {
        var comments = file.SourceCodeInfo.Location.ToLookup(location => string.Join('.', location.Path), location => location.LeadingComments);

        IEnumerable<(string Name, string? Comment)> Named<T>(
            string path, int field, IEnumerable<T> items, Func<T, string> name, Func<T, string, IEnumerable<(string Name, string? Comment)>>? inside = null) =>
            items.SelectMany((item, i) =>
            {
                var own = $"{path}{field}.{i}";
                return (inside?.Invoke(item, own + ".") ?? []).Select(element => ($"{name(item)}.{element.Name}", element.Comment))
                    .Prepend((name(item), comments[own].FirstOrDefault()));
            });

        IEnumerable<(string Name, string? Comment)> Enums(string path, int field, IEnumerable<EnumDescriptorProto> enums) =>
            Named(path, field, enums, item => item.Name, (item, own) => Named(own, EnumDescriptorProto.ValueFieldNumber, item.Value, value => value.Name));

        IEnumerable<(string Name, string? Comment)> Messages(string path, int field, IEnumerable<DescriptorProto> messages) =>
            Named(path, field, messages, item => item.Name, (item, own) =>
            [
                .. Named(own, DescriptorProto.FieldFieldNumber, item.Field, value => value.Name),
                // A field with `optional` has a oneof of its own that nobody wrote.
                .. Named(own, DescriptorProto.OneofDeclFieldNumber, item.OneofDecl.Where(oneof => !oneof.Name.StartsWith('_')), value => value.Name),
                .. Messages(own, DescriptorProto.NestedTypeFieldNumber, item.NestedType),
                .. Enums(own, DescriptorProto.EnumTypeFieldNumber, item.EnumType),
            ]);

        return
        [
            .. Messages("", FileDescriptorProto.MessageTypeFieldNumber, file.MessageType),
            .. Enums("", FileDescriptorProto.EnumTypeFieldNumber, file.EnumType),
            .. Named("", FileDescriptorProto.ServiceFieldNumber, file.Service, item => item.Name, (item, own) =>
                Named(own, ServiceDescriptorProto.MethodFieldNumber, item.Method, method => method.Name)),
        ];
    }

    private static string Buf()
    {
        var buf = Sources.At("tests", "interop", "node_modules", ".bin", "buf");
        if (!File.Exists(buf))
            Assert.Fail($"{buf} is missing: run 'npm install' in tests/interop, or let tests/run do it.");
        return buf;
    }
}
