using System.Text.Json;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using RpcStatus = Google.Rpc.Status;

namespace VirtualNumber.Load.Calls;

/// <summary>A failed call in words, its details decoded.</summary>
internal static class ErrorText
{
    private const string DetailsKey = "grpc-status-details-bin";

    private static readonly JsonFormatter s_formatter =
        new(JsonFormatter.Settings.Default.WithTypeRegistry(ServiceCatalog.Types));

    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true };

    /// <summary>Code and message on the first line, each detail as JSON after it.</summary>
    public static string Of(RpcException exception)
    {
        var lines = new List<string> { $"{exception.StatusCode}: {exception.Status.Detail}" };
        lines.AddRange(DetailsOf(exception).Select(Format));
        return string.Join(Environment.NewLine, lines);
    }

    /// <summary>The reason of the error's ErrorInfo; empty when it has none.</summary>
    public static string ReasonOf(RpcException exception)
    {
        var info = DetailsOf(exception).FirstOrDefault(detail => detail.Is(ErrorInfo.Descriptor))?.Unpack<ErrorInfo>();
        // By its number: older releases of the common protos call the field `type`.
        return info is null ? "" : (string)ErrorInfo.Descriptor.FindFieldByNumber(1).Accessor.GetValue(info);
    }

    /// <summary>A value of the error's ErrorInfo; empty when it has none of that name.</summary>
    public static string ValueOf(RpcException exception, string key) =>
        DetailsOf(exception).FirstOrDefault(detail => detail.Is(ErrorInfo.Descriptor))?.Unpack<ErrorInfo>().Metadata.GetValueOrDefault(key) ?? "";

    private static RepeatedField<Any> DetailsOf(RpcException exception)
    {
        var bytes = exception.Trailers.FirstOrDefault(entry => entry.Key == DetailsKey)?.ValueBytes;
        return bytes is null ? [] : RpcStatus.Parser.ParseFrom(bytes).Details;
    }

    private static string Format(Any detail)
    {
        try
        {
            var json = JsonNode.Parse(s_formatter.Format(detail))!.AsObject();
            if (detail.Is(ErrorInfo.Descriptor) && json.Remove("type", out var reason))
                json.Insert(1, "reason", reason);
            return json.ToJsonString(s_indented);
        }
        catch (InvalidOperationException)
        {
            return $"{detail.TypeUrl} ({detail.Value.Length} bytes)";
        }
    }
}
