-- Put behind Shared.lua in front of the scripts that tidy up: takes, so that what they find free is what their now says, and Reclaim.

-- Removes a record and all that leads to it.
local function remove(slot)
  local r = decode(redis.call('HGET', ROUTES, slot))
  redis.call('HDEL', ROUTES, slot)
  redis.call('HDEL', CLAIMS, r.claim)
  redis.call('ZREM', RESTING, slot)
  count(slot, 0, -1)
  if not paired then
    return
  end
  for _, digest in ipairs(parties_of(r)) do
    local field = party(index_of(slot), digest)
    local entry = redis.call('HGET', PARTIES, field)
    -- One who has rested may be on another lease of the number by now.
    if entry and select(2, struct.unpack(ENTRY, entry)) == tonumber(slot) then
      redis.call('HDEL', PARTIES, field)
    end
  end
end

-- Writes down the expiries that are due, removes the records that have rested, puts back the numbers whose probation is over and forgets the
-- parties that left and have rested; in this order, each by its time, at most so many in all. Answers how many expiries it wrote down, and how much it removed.
local function tidy(most, aging)
  local expired, removed = 0, 0
  for _, slot in ipairs(redis.call('ZRANGEBYSCORE', FREE, '-inf', now, 'LIMIT', 0, most)) do
    live(slot, decode(redis.call('HGET', ROUTES, slot)))
    expired = expired + 1
  end
  local rested = now - aging
  for _, slot in ipairs(redis.call('ZRANGEBYSCORE', RESTING, '-inf', rested, 'LIMIT', 0, most - expired)) do
    remove(slot)
    removed = removed + 1
  end
  removed = removed + readmit(most - expired - removed)
  for _, field in ipairs(redis.call('ZRANGEBYSCORE', LEFT, '-inf', rested, 'LIMIT', 0, most - expired - removed)) do
    redis.call('ZREM', LEFT, field)
    redis.call('HDEL', PARTIES, field)
    removed = removed + 1
  end
  return expired, removed
end
