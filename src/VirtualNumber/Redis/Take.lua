-- take: decides a claim once: it takes the longest rested slot, or is closed.
-- ARGV: 3 claim id, 4 claim time, 5 take window ms, 6 closed kept ms, 7 aging ms, 8 the record, packed, its lease time = now, 9
-- which changes of the server count: any, takeover or empty, 10 possible loss ms, 11 by how much later a forgotten now may have been, ms, 12 forgotten leases
-- that are reckoned with
-- Answers in order of precedence: {live, slot, record} or {ended, slot, record} for a claim that holds a slot; {closed}; {over}: the
-- expire time is not in the future; {full, lowest score or -1}; {taken, slot, record, next lowest score or -1}.
-- Keeps: one slot per claim; a slot rests its aging; what is not taken is closed.

heed_takeover(ARGV[9], aging, tonumber(ARGV[10]), tonumber(ARGV[11]), tonumber(ARGV[12]))

readmit(-1)

local function lowest()
  local first = redis.call('ZRANGE', FREE, 0, 0, 'WITHSCORES')
  return first[1], tonumber(first[2])
end

local slot, score = lowest()
if not slot or score > now - aging then
  return refuse('full', tostring(score or -1))
end

local old = redis.call('HGET', ROUTES, slot)
if old and old ~= '' then
  old = decode(old)
  if old.lease >= now then
    return redis.error_reply('VNBROKEN slot ' .. slot .. ' would be taken by an epoch that is not larger than its last')
  end
  live(slot, old)
  redis.call('HDEL', CLAIMS, old.claim)
end
local packed = write(slot, record)
redis.call('HSET', CLAIMS, claim, slot)
log('leased', slot, record.lease, 1)
local _, next_score = lowest()
return {'taken', slot, packed, tostring(next_score or -1)}
