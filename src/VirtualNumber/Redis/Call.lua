-- Put in front of the scripts on records of calls: how one is packed (CallFormat.cs has the same table). They are beside the block's
-- state, so these scripts tell no mark and look for none: what is lost with an older Redis is lost.
-- KEYS begin with: meta, calls, callsdue. calls holds call digest 16 -> record, callsdue call digest -> when it is removed, ms.
-- ARGV begins with: 1 now, 2 the call's digest, 3 slot, 4 epoch or 0, 5 where it came from (packed), 6 for how long it is kept ms, 7 the most
-- records that are kept, 8 the most that go for one that comes.

local META, CALLS, CALLS_DUE = unpack(KEYS)
local now, call, slot, epoch, source = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]

local VERSION = 1
local HEADER = '>BBI6I4I6B'
local EVENTS_AT, EVENT = 20, 12

-- A block without its meta has lost its data; nothing is recorded where nothing is known.
if redis.call('EXISTS', META) == 0 then
  return redis.error_reply('VNLOST the block has lost its data')
end

-- The call's record; nil when there is none.
local function find()
  local packed = redis.call('HGET', CALLS, call)
  if not packed then
    return nil
  end
  local r = {}
  local version, count
  version, r.outcome, r.start, r.slot, r.epoch, count = struct.unpack(HEADER, packed)
  if version ~= VERSION then
    error({err = 'VNFORM a record of a call has the form ' .. version .. ', which is not known'})
  end
  local source_at = EVENTS_AT + EVENT * count
  r.events, r.source = packed:sub(EVENTS_AT, source_at - 1), packed:sub(source_at)
  return r
end

-- Whether the record is of another lease than the one that is asked for.
local function is_of_other_lease(r)
  return r.epoch ~= 0 and epoch ~= 0 and (r.slot ~= slot or r.epoch ~= epoch)
end

-- Writes the record; what is due is due from its start on. Where there are too many then, the oldest go.
local function keep(r, new)
  local packed = struct.pack(HEADER, VERSION, r.outcome, r.start, r.slot, r.epoch, #r.events / EVENT) .. r.events .. r.source
  redis.call('HSET', CALLS, call, packed)
  if not new then
    return
  end
  redis.call('ZADD', CALLS_DUE, string.format('%.0f', r.start + tonumber(ARGV[6])), call)
  local over = math.min(redis.call('ZCARD', CALLS_DUE) - tonumber(ARGV[7]), tonumber(ARGV[8]))
  for _, oldest in ipairs(over > 0 and redis.call('ZRANGE', CALLS_DUE, 0, over - 1) or {}) do
    redis.call('ZREM', CALLS_DUE, oldest)
    redis.call('HDEL', CALLS, oldest)
  end
end

