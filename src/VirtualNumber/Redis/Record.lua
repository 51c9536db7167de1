-- Put in front of every script on a block: how a record is packed (RecordFormat.cs has the same table), and the judgements that all
-- of them share. What differs by the kind of block, its other keys and what the writing of a record does besides, is in Direct.lua or
-- Shared.lua, which comes next. ARGV[1] is now, ARGV[2] the length at which the log is cut. Instants are whole milliseconds since
-- 1970-01-01 UTC; slots are digits of one width, so that equal scores sort by slot.

local META, FREE, ROUTES, CLAIMS, CLOSED, LOG = unpack(KEYS)
local now = tonumber(ARGV[1])
local log_length = ARGV[2]

-- The forms of a record: 1 and 3 with one party, 2 and 4 with two; 3 and 4 have call rules.
local FIRST, PAIRED, LAST = 1, 2, 4
local HEADER = '>BBBBI6I6I4'
local RELEASED, EXPIRED = 1, 2

-- Writes a slot's record and whatever goes with it; answers it packed.
local write

-- The request marks that start at a place, after their count; before them what is there only if there is any mark.
local function marks(record, at, before)
  local count = record:byte(at)
  if count == 0 then
    return '', at + 1
  end
  local first = at + 1 + before
  return record:sub(first, first + 32 * count - 1), first + 32 * count, record:sub(at + 1, first - 1)
end

local function is_paired(r)
  return r.version == PAIRED or r.version == LAST
end

local function decode(packed)
  local r = {}
  r.version, r.role, r.ended, r.suspended, r.lease, r.expire, r.report = struct.unpack(HEADER, packed)
  if r.version < FIRST or r.version > LAST then
    error({err = 'VNFORM a record has the form ' .. r.version .. ', which is not known'})
  end
  r.claim = packed:sub(21, 30)
  r.delivery = packed:sub(31, 46)
  r.number = packed:sub(47, 62)
  local at = 64 + packed:byte(63)
  r.sealed = packed:sub(64, at - 1)
  local floor, leased
  r.extensions, at, floor = marks(packed, at, 6)
  r.floor = floor and struct.unpack('>I6', floor) or 0
  if not is_paired(r) then
    r.reassignments, at, leased = marks(packed, at, 16)
    r.leased = leased or r.number
    r.rules = packed:sub(at)
    return r
  end
  local moved
  r.leased = packed:sub(at, at + 15)
  r.reassignments, at = marks(packed, at + 16, 0)
  r.direction, moved = packed:byte(at, at + 1)
  r.before_move = packed:sub(at + 2, at + 1 + 6 * moved)
  at = at + 2 + 6 * moved
  local known = packed:byte(at)
  r.peer = packed:sub(at + 1, at + 16 * known)
  at = at + 1 + 16 * known
  r.sealed_peer = packed:sub(at + 1, at + packed:byte(at))
  r.rules = packed:sub(at + 1 + packed:byte(at))
  return r
end

local function encode(r)
  local extended, reassigned = r.extensions ~= '', r.reassignments ~= ''
  local common = struct.pack(HEADER, r.version, r.role, r.ended, r.suspended, r.lease, r.expire, r.report)
    .. r.claim .. r.delivery .. r.number
    .. string.char(#r.sealed) .. r.sealed
    .. string.char(#r.extensions / 32) .. (extended and struct.pack('>I6', r.floor) or '') .. r.extensions
  if not is_paired(r) then
    return common .. string.char(#r.reassignments / 32) .. (reassigned and r.leased or '') .. r.reassignments .. r.rules
  end
  return common .. r.leased .. string.char(#r.reassignments / 32) .. r.reassignments
    .. string.char(r.direction, #r.before_move / 6) .. r.before_move
    .. string.char(#r.peer / 16) .. r.peer
    .. string.char(#r.sealed_peer) .. r.sealed_peer .. r.rules
end

local function log(kind, slot, lease, count)
  mark = redis.call('XADD', LOG, 'MAXLEN', '~', log_length, '*', 'k', kind, 's', slot, 'e', lease, 't', now, 'c', count)
end

-- Whoever acts on an expire time that has passed writes the end down; no clock that is behind can revive it.
local function live(slot, r)
  if r.ended ~= 0 then
    return false
  end
  if r.expire > now then
    return true
  end
  r.ended = EXPIRED
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

-- The record of a holder; nil when it is gone or of another holder. Empty: only that the slot is suspended (Direct.lua).
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
