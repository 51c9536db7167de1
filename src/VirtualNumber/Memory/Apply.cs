using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Memory;

internal abstract partial class Block
{
    /// <inheritdoc cref="INumberPool.ApplyAsync"/>
    public ApplyAnswer Apply(Claim claim, int reportNumber, Terms terms, TimeSpan cap, DateTimeOffset now)
    {
        lock (Gate)
        {
            if (!FindRecord(claim, out var record))
            {
                // A take that comes later learns that it is closed, and claims again with the new report number.
                Close(claim, now);
                return new(ApplyOutcome.Unknown, null);
            }

            record = Judge(record, now);
            if (record.End != EndReason.None)
                return new(ApplyOutcome.Ended, record);
            if (reportNumber <= record.ReportNumber)
                return new(ApplyOutcome.Already, record);

            record = record with { ExpireTime = ExpireTimeOf(record, terms, cap, now), ReportNumber = reportNumber };
            Write(record, now);
            Log(LogKind.Reported, record, now);

            // A report that ends the lease now ends it for every clock: an instance that is behind must not route or extend it.
            return new(ApplyOutcome.Set, Judge(record, now));
        }
    }

    private static DateTimeOffset ExpireTimeOf(LeaseRecord record, Terms terms, TimeSpan cap, DateTimeOffset now)
    {
        var expireTime = terms.Instant;
        if (!terms.Final && record.Floor is { } floor && floor > expireTime)
            expireTime = floor;

        // An event from days ago ends the lease now, not days ago: the number's rest starts when calls stop reaching it.
        if (expireTime < now)
            expireTime = now;

        var latest = record.LeaseTime + cap;
        return expireTime < latest ? expireTime : latest;
    }
}
