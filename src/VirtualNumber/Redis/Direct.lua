-- Put behind Record.lua in front of every script on a block whose numbers are not shared: a slot is a number, five digits.
-- KEYS are always: meta, free, routes, claims, closed, log, suspended, retired, calls, callsdue. A slot is in exactly one of free (in stock), suspended and
-- retired; its score is the instant at which its last lease ends.
-- A suspended slot without a record has an empty one, so that a look-up, which reads nothing else, sees the suspension.

local SUSPENDED = KEYS[7]
local RETIRED = KEYS[8]
local CALLS = KEYS[9]
local CALLS_DUE = KEYS[10]

-- A block without its meta has lost its data; it is never taken for an empty one.
if redis.call('EXISTS', META) == 0 then
  return redis.error_reply('VNLOST the block has lost its data')
end

-- The record's expire time is the slot's score, in whichever set the slot is.
function write(slot, r)
  local packed = encode(r)
  redis.call('HSET', ROUTES, slot, packed)
  for _, set in ipairs({FREE, SUSPENDED, RETIRED}) do
    if redis.call('ZSCORE', set, slot) then
      redis.call('ZADD', set, r.expire, slot)
      break
    end
  end
  return packed
end
