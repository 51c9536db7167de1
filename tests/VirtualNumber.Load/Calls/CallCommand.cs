using System.CommandLine;
using System.CommandLine.Parsing;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Net.Client;

namespace VirtualNumber.Load.Calls;

/// <summary><c>call</c>: JSON in, JSON out, for any unary method.</summary>
internal static class CallCommand
{
    public const string Name = "call";

    public const string DefaultAddress = "http://127.0.0.1:5080";

    public static Command Create()
    {
        var method = new Argument<string>("Service/Method") { Description = "For example LeaseService/CreateLease." };
        var json = new Argument<string>("json") { Description = "The request.", DefaultValueFactory = _ => "{}" };
        var address = AddressOption();
        var deadline = new Option<TimeSpan>("--deadline")
        {
            Description = "How long to wait: 10s, 500ms, 1m.",
            DefaultValueFactory = _ => TimeSpan.FromSeconds(10),
            CustomParser = Spans.Parse,
        };
        var command = new Command(Name, "Makes one call.") { method, json, address, deadline };
        command.SetAction((parsed, cancellation) => RunAsync(
            parsed.GetRequiredValue(method),
            parsed.GetRequiredValue(json),
            parsed.GetRequiredValue(address),
            parsed.GetRequiredValue(deadline),
            cancellation));
        return command;
    }

    public static Option<Uri> AddressOption() => new("--address")
    {
        Description = "Where the service speaks gRPC.",
        DefaultValueFactory = _ => new Uri(DefaultAddress),
        CustomParser = ParseAddress,
    };

    private static async Task<int> RunAsync(string name, string json, Uri address, TimeSpan deadline, CancellationToken cancellation)
    {
        if (ServiceCatalog.Find(name) is not { } method)
            return Refuse($"There is no unary method '{name}'.");
        if (!TryParse(method, json, out var request, out var fault))
            return Refuse(fault);

        using var channel = GrpcChannel.ForAddress(address);
        try
        {
            var options = new CallOptions(deadline: (TimeProvider.System.GetUtcNow() + deadline).UtcDateTime, cancellationToken: cancellation);
            var response = await channel.CreateCallInvoker()
                .AsyncUnaryCall(ServiceCatalog.ToMethod(method), null, options, request);
            var formatter = new JsonFormatter(
                JsonFormatter.Settings.Default.WithTypeRegistry(ServiceCatalog.Types).WithFormatDefaultValues(true).WithIndentation());
            Console.WriteLine(formatter.Format(response));
            return 0;
        }
        catch (RpcException exception)
        {
            Console.Error.WriteLine(ErrorText.Of(exception));
            return 1;
        }
    }

    private static bool TryParse(MethodDescriptor method, string json, out IMessage request, out string fault)
    {
        try
        {
            request = new JsonParser(JsonParser.Settings.Default.WithTypeRegistry(ServiceCatalog.Types)).Parse(json, method.InputType);
            fault = "";
            return true;
        }
        catch (Exception exception) when (exception is InvalidProtocolBufferException or InvalidJsonException)
        {
            (request, fault) = (null!, $"This is no {method.InputType.Name}: {exception.Message}");
            return false;
        }
    }

    private static int Refuse(string fault)
    {
        Console.Error.WriteLine(fault);
        Console.Error.WriteLine(ServiceCatalog.Usage);
        return 2;
    }

    private static Uri? ParseAddress(ArgumentResult result)
    {
        if (Uri.TryCreate(result.Tokens[0].Value, UriKind.Absolute, out var address) && address.Scheme is "http" or "https")
            return address;
        result.AddError($"'{result.Tokens[0].Value}' is no http or https address.");
        return null;
    }
}
