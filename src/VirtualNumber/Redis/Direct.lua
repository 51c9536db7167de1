-- Put behind Record.lua in front of every script on a block whose numbers are not shared: a slot is a number, five digits.
-- KEYS are always: meta, free, routes, claims, closed, log, suspended, retired, faulty, returns, health, calls, callsdue. A slot is in exactly
-- one of free (in stock), suspended, retired and faulty; its score is the instant at which its last lease ends. returns holds when those of the faulty ones are back whose
-- probation runs; by the time alone they are in stock from then on, and whoever takes or tidies up puts them there.
-- A suspended slot without a record has an empty one, so that a look-up, which reads nothing else, sees the suspension.

local SUSPENDED = KEYS[7]
local RETIRED = KEYS[8]
local FAULTY = KEYS[9]
local RETURNS = KEYS[10]
local HEALTH = KEYS[11]
local CALLS = KEYS[12]
local CALLS_DUE = KEYS[13]

-- A block without its meta has lost its data; it is never taken for an empty one.
if redis.call('EXISTS', META) == 0 then
  return redis.error_reply('VNLOST the block has lost its data')
end

-- The record's expire time is the slot's score, in whichever set the slot is.
function write(slot, r)
  local packed = encode(r)
  redis.call('HSET', ROUTES, slot, packed)
  for _, set in ipairs({FREE, SUSPENDED, RETIRED, FAULTY}) do
    if redis.call('ZSCORE', set, slot) then
      redis.call('ZADD', set, r.expire, slot)
      break
    end
  end
  return packed
end

-- The place of a slot's number.
local function index_of(slot)
  return slot
end

-- Puts faulty slots back whose probation is over, at most so many (-1: all). Answers how many.
local function readmit(most)
  local due = redis.call('ZRANGEBYSCORE', RETURNS, '-inf', now, 'LIMIT', 0, most)
  for _, slot in ipairs(due) do
    local score = redis.call('ZSCORE', FAULTY, slot)
    redis.call('ZREM', RETURNS, slot)
    redis.call('ZREM', FAULTY, slot)
    redis.call('ZADD', FREE, score, slot)
  end
  return #due
end

-- Whether a number is here at all.
local function is_stocked(slot)
  return (redis.call('ZSCORE', FREE, slot) or redis.call('ZSCORE', SUSPENDED, slot) or redis.call('ZSCORE', RETIRED, slot)
    or redis.call('ZSCORE', FAULTY, slot)) and true
end

-- Takes a number out of allocation, unless an operator has.
local function take_out(slot)
  local score = redis.call('ZSCORE', FREE, slot)
  if score then
    redis.call('ZREM', FREE, slot)
    redis.call('ZADD', FAULTY, score, slot)
  end
  redis.call('ZREM', RETURNS, slot)
end

-- Lets a faulty number be back at an instant.
local function return_at(slot, time)
  if redis.call('ZSCORE', FAULTY, slot) then
    redis.call('ZADD', RETURNS, time, slot)
  end
end
