-- Put behind Direct.lua in front of what has to reckon with forgotten changes.

-- Lets whatever a forgotten change may have touched rest from now on, at most: what ended within the aging rests as much longer as changes
-- may have been forgotten, since a forgotten one may have moved its end; and the first available ones, in the order of taking, count as if
-- a lease on them ended now, since those are what forgotten takes took. Answers how many slots rest longer.
local function rest(aging, loss, slack, most)
  local rested, touched = now - aging, 0
  local function set_end(set, slot, score)
    local packed = redis.call('HGET', ROUTES, slot)
    -- An expiry that is written down later would take the score back.
    if packed and packed ~= '' then
      live(slot, decode(packed))
    end
    redis.call('ZADD', set, score, slot)
    touched = touched + 1
  end
  -- First those that may have been taken, the ones among them that have rested just now too: whoever took them may have had a later now than
  -- this one, by so much as clocks differ and a command may be late. What is out of stock may have been put back and taken since.
  for _, set in ipairs({FREE, SUSPENDED, RETIRED, FAULTY}) do
    for _, slot in ipairs(redis.call('ZRANGEBYSCORE', set, '-inf', string.format('%.0f', rested + slack), 'LIMIT', 0, most)) do
      set_end(set, slot, now)
    end
  end
  for _, set in ipairs({FREE, SUSPENDED, RETIRED, FAULTY}) do
    local slots = redis.call('ZRANGEBYSCORE', set, string.format('(%.0f', rested - loss), now, 'WITHSCORES')
    for at = 1, #slots, 2 do
      local score = tonumber(slots[at + 1])
      if score > 0 and score < now then
        set_end(set, slots[at], math.min(score + loss, now))
      end
    end
  end
  return touched
end
