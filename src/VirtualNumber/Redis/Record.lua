-- Put in front of every script on a block: how a record is packed (RecordFormat.cs has the same table), and the judgements that all
-- of them share. KEYS are always: meta, free, routes, claims, closed, log, suspended, retired. ARGV[1] is now, ARGV[2] the length at
-- which the log is cut. Instants are whole milliseconds since 1970-01-01 UTC; slots are five digits, so that equal scores sort by slot.

local META, FREE, ROUTES, CLAIMS, CLOSED, LOG, SUSPENDED, RETIRED = unpack(KEYS)
local now = tonumber(ARGV[1])
local log_length = ARGV[2]

-- A block without its meta has lost its data; it is never taken for an empty one.
if redis.call('EXISTS', META) == 0 then
  return redis.error_reply('VNLOST the block has lost its data')
end

-- A suspended slot without a record has an empty one, so that a look-up, which reads nothing else, sees the suspension.
local HEADER = '>BBBBI8I8I8I4'

local function marks(record, at)
  local last = at + 32 * record:byte(at)
  return record:sub(at + 1, last), last + 1
end

local function decode(packed)
  local r = {}
  r.version, r.role, r.ended, r.suspended, r.lease, r.expire, r.floor, r.report = struct.unpack(HEADER, packed)
  r.claim = packed:sub(33, 42)
  r.fixed = packed:sub(43, 58) -- delivery digest
  r.number = packed:sub(59, 74)
  r.leased = packed:sub(75, 90)
  local sealed_end = 91 + packed:byte(91)
  r.sealed = packed:sub(92, sealed_end)
  local at
  r.extensions, at = marks(packed, sealed_end + 1)
  r.reassignments = marks(packed, at)
  return r
end

local function encode(r)
  return struct.pack(HEADER, r.version, r.role, r.ended, r.suspended, r.lease, r.expire, r.floor, r.report)
    .. r.claim .. r.fixed .. r.number .. r.leased
    .. string.char(#r.sealed) .. r.sealed
    .. string.char(#r.extensions / 32) .. r.extensions
    .. string.char(#r.reassignments / 32) .. r.reassignments
end

local function log(kind, slot, lease, count)
  redis.call('XADD', LOG, 'MAXLEN', '~', log_length, '*', 'k', kind, 's', slot, 'e', lease, 't', now, 'c', count)
end

-- Writes a slot's record; its score is its expire time, in whichever set the slot is.
local function write(slot, r)
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

-- Whoever acts on an expire time that has passed writes the end down (ended 2: expired); no clock that is behind can revive it.
local function live(slot, r)
  if r.ended ~= 0 then
    return false
  end
  if r.expire > now then
    return true
  end
  r.ended = 2
  write(slot, r)
  log('expired', slot, r.lease, 1)
  return false
end

-- Closes a claim until the given instant; not if that has passed.
local function close(claim, until_time)
  if tonumber(until_time) > now then
    redis.call('ZADD', CLOSED, 'NX', until_time, claim)
  end
end

-- The record of a holder; nil when it is gone or of another holder.
local function holder(slot, lease)
  local packed = redis.call('HGET', ROUTES, slot)
  if not packed or packed == '' then
    return nil
  end
  local r = decode(packed)
  if r.lease ~= tonumber(lease) then
    return nil
  end
  return r, packed
end

-- Whether a request is among the marks: nil, 'repeated', or 'other' when its content differs.
local function seen(all, mark)
  for at = 1, #all, 32 do
    if all:sub(at, at + 15) == mark:sub(1, 16) then
      return all:sub(at + 16, at + 31) == mark:sub(17, 32) and 'repeated' or 'other'
    end
  end
  return nil
end
