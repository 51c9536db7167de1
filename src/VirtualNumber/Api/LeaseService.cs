using Grpc.Core;
using VirtualNumber.Hosting;
using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Api;

/// <summary>For shipping platforms and courier apps; lease_service.proto documents it. A file per RPC.</summary>
internal sealed partial class LeaseService(
    LeaseVerbs verbs,
    EventStreams events,
    TenantStreams streams,
    RequestRules rules,
    LeaseTerms terms,
    TimeProvider time,
    IHostApplicationLifetime lifetime,
    ILogger<LeaseService> logger) : V1.LeaseService.LeaseServiceBase
{
    /// <summary>Counts and logs a verb on one lease; answers the lease, or throws what became of it.</summary>
    private V1.Lease Answer(string verb, LeaseAnswer answer, long startedAt)
    {
        Telemetry.Leased(verb, answer.Outcome, startedAt);
        Log.Verb(logger, verb, answer.Outcome, answer.Lease?.LeaseId);
        return StatusMap.Of(answer, terms.ExtensionLimit) is { } fault ? throw fault : answer.Lease!.ToMessage();
    }

    /// <summary>
    /// Runs the items of a batch one after the other, each with its own outcome. A store in trouble or a deadline ends the whole
    /// call: the items before it have happened, and with their request ids a repeat is harmless.
    /// </summary>
    private static async Task RunItemsAsync<TItem>(
        IEnumerable<TItem> items, Func<TItem, Task> run, Action<V1.ItemStatus> addError)
    {
        foreach (var item in items)
        {
            try
            {
                await run(item);
            }
            catch (RpcException exception)
            {
                addError(exception.ToItemStatus());
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "{Verb}: {Outcome}, lease {LeaseId}.")]
        public static partial void Verb(ILogger logger, string verb, Enum outcome, string? leaseId);

        [LoggerMessage(2, LogLevel.Debug, "report: {Outcome}, {Status}, {LeaseCount} live leases.")]
        public static partial void Report(ILogger logger, ReportOutcome outcome, DeliveryStatus status, int leaseCount);

        [LoggerMessage(3, LogLevel.Information, "A {Vendor} report has a code that the mapping table lacks; it counts as EXCEPTION.")]
        public static partial void UnknownVendorCode(ILogger logger, Vendor vendor);
    }
}
