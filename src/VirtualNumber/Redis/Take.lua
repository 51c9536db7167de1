-- take: decides a claim once: it takes the longest rested slot, or is closed.
-- ARGV: 3 claim id, 4 claim time, 5 take window ms, 6 closed kept ms, 7 aging ms, 8 the record, packed, its lease time = now
-- Answers in order of precedence: {live, slot, record} or {ended, slot, record} for a claim that holds a slot; {closed}; {over}: the
-- expire time is not in the future; {full, lowest score or -1}; {taken, slot, record, next lowest score or -1}.
-- Keeps: one slot per claim; a slot rests its aging; what is not taken is closed.
local claim, claim_time, aging = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[7])

local function lowest()
  local first = redis.call('ZRANGE', FREE, 0, 0, 'WITHSCORES')
  return first[1], tonumber(first[2])
end

local function refuse(outcome, detail)
  close(claim, claim_time + tonumber(ARGV[6]))
  return {outcome, detail}
end

local taken = redis.call('HGET', CLAIMS, claim)
if taken then
  local r = decode(redis.call('HGET', ROUTES, taken))
  local outcome = live(taken, r) and 'live' or 'ended'
  return {outcome, taken, encode(r)}
end
if redis.call('ZSCORE', CLOSED, claim) then
  return {'closed'}
end
if now > claim_time + tonumber(ARGV[5]) then
  return refuse('closed')
end
local record = decode(ARGV[8])
if record.expire <= now then
  return refuse('over')
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
