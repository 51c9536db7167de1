using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using RpcStatus = Google.Rpc.Status;
using Status = Grpc.Core.Status;

namespace VirtualNumber.Api;

/// <summary>
/// Builds the service's errors: a gRPC status with google.rpc.ErrorInfo, and BadRequest or RetryInfo where they help. No text given
/// to it may hold a telephone number or a waybill number.
/// </summary>
internal static class Fault
{
    /// <summary>The ErrorInfo domain of every error of this service.</summary>
    public const string Domain = "virtualnumber";

    private const string Details = "grpc-status-details-bin";
    private const string ReasonPrefix = "ERROR_REASON_";

    /// <summary>
    /// What clients on the C core take of an error by default is 8 KiB, in base64 and with its message beside it; an error that is
    /// too long would reach the caller as a broken connection.
    /// </summary>
    private const int MostFieldsLength = 4_096;

    /// <summary>An error with its reason, and values that a program can read.</summary>
    public static RpcException Of(StatusCode code, V1.ErrorReason reason, string message, params ReadOnlySpan<(string Key, string Value)> metadata) =>
        Of(code, reason, message, [], metadata);

    /// <summary>An error with details beside its reason.</summary>
    public static RpcException Of(
        StatusCode code, V1.ErrorReason reason, string message, IEnumerable<IMessage> details, ReadOnlySpan<(string Key, string Value)> metadata)
    {
        // This version of the common protos still calls field 1 `type`; on the wire it is `reason`.
        var info = new ErrorInfo { Domain = Domain, Type = NameOf(reason) };
        foreach (var (key, value) in metadata)
            info.Metadata.Add(key, value);

        var status = new RpcStatus { Code = (int)code, Message = message };
        status.Details.Add(Any.Pack(info));
        status.Details.AddRange(details.Select(detail => Any.Pack(detail)));
        return new RpcException(new Status(code, message), new Metadata { { Details, status.ToByteArray() } }, message);
    }

    /// <summary>Faulty fields, all of them at once; where they are too many to be carried, the last one tells how many more there are.</summary>
    public static RpcException OfFields(V1.ErrorReason reason, StatusCode code, IReadOnlyCollection<(string Field, string Description)> faults)
    {
        var badRequest = new BadRequest();
        var length = 0;
        foreach (var fault in faults)
        {
            var violation = new BadRequest.Types.FieldViolation { Field = fault.Field, Description = fault.Description };
            var more = faults.Count - badRequest.FieldViolations.Count - 1;
            length += violation.CalculateSize();
            if (length > MostFieldsLength && more > 0)
                violation.Description += $" And {more} more fields are faulty.";
            badRequest.FieldViolations.Add(violation);
            if (length > MostFieldsLength)
                break;
        }

        var message = string.Join(' ', faults.Take(5).Select(fault => $"{fault.Field}: {fault.Description}"))
            + (faults.Count > 5 ? $" And {faults.Count - 5} more." : "");
        return Of(code, reason, message, [badRequest], []);
    }

    /// <summary>The same error as the outcome of one item of a batch.</summary>
    public static V1.ItemStatus ToItemStatus(this RpcException exception)
    {
        var details = exception.Trailers.FirstOrDefault(entry => entry.Key == Details)?.ValueBytes;
        // ItemStatus has the wire format of google.rpc.Status.
        return details is null
            ? new V1.ItemStatus { Code = (int)exception.StatusCode, Message = exception.Status.Detail }
            : V1.ItemStatus.Parser.ParseFrom(details);
    }

    /// <summary>RetryInfo with a delay that is never negative.</summary>
    public static RetryInfo RetryAfter(TimeSpan delay) =>
        new() { RetryDelay = Duration.FromTimeSpan(delay > TimeSpan.Zero ? delay : TimeSpan.Zero) };

    private static string NameOf(V1.ErrorReason reason) =>
        V1.ErrorsReflection.Descriptor.EnumTypes[0].FindValueByNumber((int)reason).Name[ReasonPrefix.Length..];
}
