-- reclaim: writes down expiries, removes records whose rest is over, closed claims and calls whose time is. Safe from any number of instances
-- at once; nothing waits for it.
-- ARGV: 3 the most to change, 4 aging ms, 5 which changes of the server count: any, takeover or empty, 6 possible loss ms, 7 by how much later
-- a forgotten now may have been, ms, 8 forgotten leases that are reckoned with, 9 how far back to look again, ms: more than clocks differ
-- Answers {expired, removed, 1 when there may be more}; what is removed includes faults whose probation is over.
-- Does as much as is due, however many records there are: the block remembers up to which end of a lease it has written down expiries
-- and removed records. Ends lie no earlier than their writer's now, so none comes up behind that but by a clock that is behind.
local most, aging, overlap = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[9])
local expired, removed = 0, 0
for _, claim in ipairs(redis.call('ZRANGEBYSCORE', CLOSED, '-inf', now, 'LIMIT', 0, most)) do
  redis.call('ZREM', CLOSED, claim)
  removed = removed + 1
end

-- The slots, in whichever set, whose last lease ended after the mark and until an instant, earliest first.
local function ended(mark, until_time)
  local found = {}
  for _, set in ipairs({FREE, SUSPENDED, RETIRED, FAULTY}) do
    local slots = redis.call('ZRANGEBYSCORE', set, '(' .. mark, until_time, 'WITHSCORES')
    for at = 1, #slots, 2 do
      table.insert(found, {slot = slots[at], score = tonumber(slots[at + 1])})
    end
  end
  table.sort(found, function(one, other)
    return one.score < other.score
  end)
  return found
end

-- Does something to the record of each slot that ended until an instant, up to the first that it leaves undone; moves the mark.
local function pass(field, until_time, act)
  local known = tonumber(redis.call('HGET', META, field) or 0)
  -- One that lies ahead is from a clock that was wrong, or from before the aging grew: what ends until then would be skipped. From the
  -- start, then.
  local mark = known > until_time and 0 or known
  local reached = until_time - overlap
  for _, entry in ipairs(ended(string.format('%.0f', mark), until_time)) do
    local packed = expired + removed < most and redis.call('HGET', ROUTES, entry.slot)
    if expired + removed >= most or (packed and packed ~= '' and not act(entry.slot, decode(packed))) then
      reached = math.min(reached, entry.score - 1)
      break
    end
  end
  mark = math.max(mark, reached)
  if mark ~= known then
    redis.call('HSET', META, field, string.format('%.0f', mark))
  end
end

local function expire(slot, r)
  if r.ended == 0 and not live(slot, r) then
    expired = expired + 1
  end
  return true
end

pass('expired', now, expire)
pass('rested', now - aging, function(slot, r)
  expire(slot, r)
  if expired + removed >= most then
    return false
  end
  if r.suspended == 1 then
    redis.call('HSET', ROUTES, slot, '')
  else
    redis.call('HDEL', ROUTES, slot)
  end
  redis.call('HDEL', CLAIMS, r.claim)
  removed = removed + 1
  return true
end)
removed = removed + readmit(math.max(0, most - expired - removed))
removed = removed + forget_calls(most - expired - removed)
-- A block that nobody leases from notices a takeover here, before the server changes once more. Behind the expiries, which count once.
heed_takeover(ARGV[5], aging, tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8]))
-- Whoever comes by learns how far the block has come, also one who does nothing but look-ups.
mark = mark or last_mark()
return {expired, removed, expired + removed >= most and 1 or 0}
