-- Put behind Record.lua in front of every script on a block whose numbers are shared: a slot is a number's index times the slots per
-- number, plus an extension (extension mode) or a figure that nobody is told (pair mode); nine digits. Indexes are five digits.
-- KEYS are always: meta, free, routes, claims, closed, log, resting, numbers, open, parties, left, returns, health, calls, callsdue. They hold:
--   meta     mode, density and slots per number, which never change; from when on it leases, where Redis may have forgotten leases
--   free     slot -> expire time of every record whose end is not written down; the others are in
--   resting  slot -> end
--   numbers  index -> state 1 (0 in stock, 1 suspended, 2 retired, 3 faulty), its slots in free 2, its slots in free and in resting 2
--   open     index of every number that may be leased from -> what they are taken in the order of: in extension mode how many of its slots
--            are in use, in pair mode the index
--   parties  pair mode: index 2 and party digest 16 -> end 6, slot 4 of the last lease on which the party is or was there
--   left     pair mode: the same field -> end, for those whom a reassignment put off their lease: no record leads to them any more
--   returns  index of every faulty number whose probation runs -> when it is back; by the time alone it is in stock from then on, and whoever
--            takes or tidies up puts it there
--   health   what gateways said of a number (Faults.lua)
-- A slot without a record is free, and nothing stands for it.

local RESTING = KEYS[7]
local NUMBERS = KEYS[8]
local OPEN = KEYS[9]
local PARTIES = KEYS[10]
local LEFT = KEYS[11]
local RETURNS = KEYS[12]
local HEALTH = KEYS[13]
local CALLS = KEYS[14]
local CALLS_DUE = KEYS[15]

local IN_STOCK, SUSPENDED, RETIRED, FAULTY = 0, 1, 2, 3
local NUMBER = '>BI2I2'
local ENTRY = '>I6I4'

local mode, density, slots, leases_from = unpack(redis.call('HMGET', META, 'mode', 'density', 'slots', 'leases'))
-- A block without its meta has lost its data; it is never taken for an empty one.
if not mode then
  return redis.error_reply('VNLOST the block has lost its data')
end
density, slots = tonumber(density), tonumber(slots)
-- From when on it may lease, where leases may have been forgotten; 0: at any time.
leases_from = tonumber(leases_from or 0)
local paired = mode == 'pair'

local function index_of(slot)
  return string.format('%05d', math.floor(tonumber(slot) / slots))
end

local function read_number(index)
  local n = {}
  n.state, n.live, n.present = struct.unpack(NUMBER, redis.call('HGET', NUMBERS, index))
  return n
end

-- Writes a number; open follows from it.
local function save_number(index, n)
  redis.call('HSET', NUMBERS, index, struct.pack(NUMBER, n.state, n.live, n.present))
  if n.state == IN_STOCK and n.live < density and n.present < slots then
    redis.call('ZADD', OPEN, paired and index or n.present, index)
  else
    redis.call('ZREM', OPEN, index)
  end
end

-- Puts faulty numbers back whose probation is over, at most so many. Answers how many.
local function readmit(most)
  local due = redis.call('ZRANGEBYSCORE', RETURNS, '-inf', now, 'LIMIT', 0, most)
  for _, index in ipairs(due) do
    redis.call('ZREM', RETURNS, index)
    local n = read_number(index)
    n.state = IN_STOCK
    save_number(index, n)
  end
  return #due
end

-- Whether a number is here at all.
local function is_stocked(index)
  return redis.call('HEXISTS', NUMBERS, index) == 1
end

-- Takes a number out of allocation, unless an operator has.
local function take_out(index)
  local n = read_number(index)
  if n.state == IN_STOCK then
    n.state = FAULTY
    save_number(index, n)
  end
  redis.call('ZREM', RETURNS, index)
end

-- Lets a faulty number be back at an instant.
local function return_at(index, time)
  if read_number(index).state == FAULTY then
    redis.call('ZADD', RETURNS, time, index)
  end
end

local function count(slot, live, present)
  local index = index_of(slot)
  local n = read_number(index)
  n.live, n.present = n.live + live, n.present + present
  save_number(index, n)
end

-- The field of a party on a number.
local function party(index, digest)
  return struct.pack('>I2', tonumber(index)) .. digest
end

local function parties_of(r)
  return r.peer == '' and {r.number} or {r.number, r.peer}
end

-- The end is the expire time, wherever it is kept; what it adds to or takes from its number is counted.
function write(slot, r)
  local packed = encode(r)
  redis.call('HSET', ROUTES, slot, packed)
  if r.ended ~= 0 then
    redis.call('ZREM', FREE, slot)
    redis.call('ZADD', RESTING, r.expire, slot)
    count(slot, -1, 0)
  elseif redis.call('ZADD', FREE, r.expire, slot) == 1 then
    count(slot, 1, 1)
  end
  -- An expiry that is written down moves no end. It may be late, and a party on another lease there by then.
  if paired and r.ended ~= EXPIRED then
    for _, digest in ipairs(parties_of(r)) do
      local field = party(index_of(slot), digest)
      redis.call('HSET', PARTIES, field, struct.pack(ENTRY, r.expire, tonumber(slot)))
      redis.call('ZREM', LEFT, field)
    end
  end
  return packed
end
