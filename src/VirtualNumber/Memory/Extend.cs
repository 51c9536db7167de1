using VirtualNumber.Protocol;

namespace VirtualNumber.Memory;

internal sealed partial class Block
{
    /// <inheritdoc cref="INumberPool.ExtendAsync"/>
    public HolderAnswer Extend(HolderKey holder, RequestMark request, TimeSpan span, int limit, TimeSpan cap, DateTimeOffset now)
    {
        lock (_gate)
        {
            if (FindHolder(holder) is not { Record: { } record } slot)
                return new(HolderOutcome.Gone, null);
            if (Seen(record.Extensions, request) is { } seen)
                return new(seen, record);
            if (!IsLive(slot, record, now))
                return new(HolderOutcome.Ended, slot.Record);
            if (record.Extensions.Length >= limit)
                return new(HolderOutcome.Limit, record);

            var latest = record.LeaseTime + cap;
            var extended = record.ExpireTime + span;
            var expireTime = extended < latest ? extended : latest;
            record = record with { ExpireTime = expireTime, Floor = expireTime, Extensions = record.Extensions.Add(request) };
            WriteRecord(slot, record);
            Log(LogKind.Extended, record, now);
            return new(HolderOutcome.Done, record);
        }
    }
}
