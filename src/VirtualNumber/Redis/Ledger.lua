-- Put in front of every script on a delivery's ledger. KEYS are always: the ledger. ARGV[1] is now.
-- Fields: n report number; e 'event time:status' and t 'instant:final' of the latest event; c<role> the claim of a role, 22 bytes
-- (claim id 10, block 4, claim time 8); q<request digest> = sequence 4, content digest 16, claim 22, at most 16 of them; s their sequence; k the instant until which the ledger is kept.

local LEDGER = KEYS[1]
local now = tonumber(ARGV[1])
local MOST_REQUESTS = 16

local function report()
  local all = redis.call('HMGET', LEDGER, 'n', 'e', 't')
  return all[1] or '0', all[2] or '', all[3] or ''
end

-- Kept at least until the given instant by the callers' clocks. The key's own expiry only sweeps, counted from now, so that the clock of
-- Redis does not matter.
local function keep(until_time)
  local standing = tonumber(redis.call('HGET', LEDGER, 'k') or '0')
  if tonumber(until_time) > standing then
    redis.call('HSET', LEDGER, 'k', until_time)
    redis.call('PEXPIRE', LEDGER, string.format('%.0f', tonumber(until_time) - now))
  end
end

-- A ledger whose time is over is gone, swept or not.
local standing = redis.call('HGET', LEDGER, 'k')
if standing and tonumber(standing) <= now then
  redis.call('DEL', LEDGER)
end

-- What a request is bound to: its claim and the digest of its content.
local function bound(request)
  if request == '' then
    return nil
  end
  local value = redis.call('HGET', LEDGER, 'q' .. request:sub(1, 16))
  if not value then
    return nil
  end
  return value:sub(21, 42), value:sub(5, 20)
end

-- Binds a request (its digest 16, its content 16) to a claim; the oldest binding makes room.
local function bind(request, claim)
  if request == '' then
    return
  end
  local sequence = redis.call('HINCRBY', LEDGER, 's', 1)
  redis.call('HSET', LEDGER, 'q' .. request:sub(1, 16), struct.pack('>I4', sequence) .. request:sub(17, 32) .. claim)
  local oldest, oldest_sequence, count = nil, nil, 0
  local all = redis.call('HGETALL', LEDGER)
  for at = 1, #all, 2 do
    if all[at]:sub(1, 1) == 'q' then
      count = count + 1
      local found = struct.unpack('>I4', all[at + 1])
      if not oldest or found < oldest_sequence then
        oldest, oldest_sequence = all[at], found
      end
    end
  end
  if count > MOST_REQUESTS then
    redis.call('HDEL', LEDGER, oldest)
  end
end

local function id(claim)
  return claim:sub(1, 10)
end
