-- reclaim: looks at a part of the routes, writes down expiries, removes records whose rest is over and closed claims whose time is.
-- ARGV: 3 cursor of the routes, 4 how many to look at, 5 the most to change, 6 aging ms
-- Answers {next cursor ('0' at the end), expired, removed}. Safe from any number of instances; nothing waits for it.
local expired, removed, most, aging = 0, 0, tonumber(ARGV[5]), tonumber(ARGV[6])
for _, claim in ipairs(redis.call('ZRANGEBYSCORE', CLOSED, '-inf', now, 'LIMIT', 0, most)) do
  redis.call('ZREM', CLOSED, claim)
  removed = removed + 1
end
local page = redis.call('HSCAN', ROUTES, ARGV[3], 'COUNT', ARGV[4])
for at = 1, #page[2], 2 do
  if expired + removed >= most then
    -- The rest of this part is looked at again.
    return {ARGV[3], expired, removed}
  end
  local slot, packed = page[2][at], page[2][at + 1]
  if packed ~= '' then
    local r = decode(packed)
    if r.ended == 0 and r.expire <= now then
      live(slot, r)
      expired = expired + 1
    end
    if expired + removed < most and r.ended ~= 0 and r.expire <= now - aging then
      if r.suspended == 1 then
        redis.call('HSET', ROUTES, slot, '')
      else
        redis.call('HDEL', ROUTES, slot)
      end
      redis.call('HDEL', CLAIMS, r.claim)
      removed = removed + 1
    end
  end
end
return {page[1], expired, removed}
