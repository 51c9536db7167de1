using VirtualNumber.Leasing;
using VirtualNumber.Protocol;

namespace VirtualNumber.Memory;

internal abstract partial class Block
{
    /// <inheritdoc cref="INumberPool.ExtendAsync"/>
    public HolderAnswer Extend(HolderKey holder, RequestMark request, TimeSpan span, int limit, TimeSpan cap, DateTimeOffset now)
    {
        lock (Gate)
        {
            if (FindHolder(holder) is not { } record)
                return new(HolderOutcome.Gone, null);
            if (Seen(record.Extensions, request) is { } seen)
                return new(seen, record);
            record = Judge(record, now);
            if (record.End != EndReason.None)
                return new(HolderOutcome.Ended, record);
            if (record.Extensions.Length >= limit)
                return new(HolderOutcome.Limit, record);

            var latest = record.LeaseTime + cap;
            var extended = record.ExpireTime + span;
            var expireTime = extended < latest ? extended : latest;
            record = record with { ExpireTime = expireTime, Floor = expireTime, Extensions = record.Extensions.Add(request) };
            Write(record, now);
            Log(LogKind.Extended, record, now);
            return new(HolderOutcome.Done, record);
        }
    }
}
