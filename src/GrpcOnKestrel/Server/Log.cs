using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Grpc.AspNetCore.Server;

/// <summary>What the server logs: methods and codes, never what messages or metadata hold.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "Call of {Method} failed with {StatusCode}.")]
    public static partial void CallFailed(ILogger logger, string method, StatusCode statusCode);

    [LoggerMessage(2, LogLevel.Error, "The handler of {Method} threw.")]
    public static partial void HandlerThrew(ILogger logger, string method, Exception exception);

    [LoggerMessage(3, LogLevel.Debug, "Call of {Method} was cancelled by its client.")]
    public static partial void CallCancelled(ILogger logger, string method);

    [LoggerMessage(4, LogLevel.Debug, "Call of {Method} exceeded its deadline.")]
    public static partial void DeadlineExceeded(ILogger logger, string method);

    [LoggerMessage(5, LogLevel.Debug, "The grpc-timeout header of a call is malformed and was ignored.")]
    public static partial void MalformedTimeout(ILogger logger);

    [LoggerMessage(6, LogLevel.Information, "Request refused with HTTP {HttpStatus}: {Reason}")]
    public static partial void RequestRefused(ILogger logger, int httpStatus, string reason);

    [LoggerMessage(7, LogLevel.Information, "Call of an unknown method was refused.")]
    public static partial void Unimplemented(ILogger logger);

    [LoggerMessage(8, LogLevel.Error, "The trailer {Key} of {Method} was left out: HTTP cannot carry its value.")]
    public static partial void TrailerLeftOut(ILogger logger, string method, string key);
}
