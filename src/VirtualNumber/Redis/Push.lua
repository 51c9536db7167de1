-- Put in front of the scripts on a webhook's pushes. Those that are neither taken nor parked are in DUE, by when they may be claimed, the
-- parked ones in PARKED, by when that was; those that were refused and are not parked also in RETRIES, by when their next try is by the
-- schedule: a try before that spends none. All of them are in PUSHES by their ids, which are made of positions in the stream: of their last
-- events.
-- A push is packed as (PushFormat.cs has the same): version 1, failures 1, claims 4, made at 6, last fault 2, then its events.
-- KEYS are always: the stream, the positions, the pushes, those that are due, those that are parked, the retries. ARGV[1] is now.
local STREAM, POSITIONS, PUSHES, DUE, PARKED, RETRIES = unpack(KEYS)
local now = ARGV[1]
local FORM, VERSION = '>BBI4I6I2', 1
local HEADER = 14

-- The id of a push up to a position, as long as any other: where pushes are due at one time, the order of texts is that of the stream.
local function id_of(position)
  local time, number = position:match('^(%d+)-(%d+)$')
  return time .. '-' .. ('0'):rep(10 - #number) .. number
end

-- Failures, claims, when it was made, its last fault and its events; nothing where it is gone.
local function read_push(id)
  local packed = redis.call('HGET', PUSHES, id)
  if packed then
    local _, failures, claims, made, fault = struct.unpack(FORM, packed)
    return failures, claims, made, fault, packed:sub(HEADER + 1)
  end
end

-- Writes a push; answers it packed.
local function write_push(id, failures, claims, made, fault, events)
  local packed = struct.pack(FORM, VERSION, math.min(failures, 255), claims, made, fault) .. events
  redis.call('HSET', PUSHES, id, packed)
  return packed
end
