-- Put in front of every script on a delivery's ledger. KEYS are always: the ledger. ARGV[1] is now.
-- The ledger is one string, big-endian, LedgerFormat.cs has the parts that are answered:
--   version 1, instant until which it is kept 6, report number 4
--   if there was a report: event (time 6, status 1), terms (instant 6, final 1)
--   count 1, and for each role that has one: role 1, claim 20
--   count 1, and the requests, oldest first: request digest 16, content digest 16, the role 1 whose claim it is bound to, or 0 and the claim 20
-- A claim is its id 10, block 4, claim time 6.

local LEDGER = KEYS[1]
local now = tonumber(ARGV[1])
local VERSION = 1
local MOST_REQUESTS = 16

local ledger = {keep = 0, report = 0, event = '', terms = '', claims = {'', '', ''}, requests = {}}
local exists = false

local function read(packed)
  local version, keep, report = struct.unpack('>BI6I4', packed)
  if version ~= VERSION then
    error({err = 'VNFORM a ledger has the form ' .. version .. ', not ' .. VERSION})
  end
  -- One whose time is over is gone, swept or not.
  if keep <= now then
    return
  end
  exists, ledger.keep, ledger.report = true, keep, report
  local at = 12
  local function take(length)
    at = at + length
    return packed:sub(at - length, at - 1)
  end
  if report > 0 then
    ledger.event, ledger.terms = take(7), take(7)
  end
  for _ = 1, take(1):byte() do
    local role = take(1):byte()
    ledger.claims[role] = take(20)
  end
  for _ = 1, take(1):byte() do
    local request, content, role = take(16), take(16), take(1):byte()
    table.insert(ledger.requests, {request = request, content = content, claim = role == 0 and take(20) or ledger.claims[role]})
  end
end

-- Writes the ledger. The key's own expiry only sweeps, counted from now, so that the clock of Redis does not matter.
local function save()
  local parts, claims, roles = {struct.pack('>BI6I4', VERSION, ledger.keep, ledger.report), ledger.event, ledger.terms}, {}, {}
  for role, claim in ipairs(ledger.claims) do
    if claim ~= '' then
      table.insert(claims, string.char(role) .. claim)
      roles[claim] = role
    end
  end
  table.insert(parts, string.char(#claims))
  table.insert(parts, table.concat(claims))
  table.insert(parts, string.char(#ledger.requests))
  for _, bound in ipairs(ledger.requests) do
    local role = roles[bound.claim]
    table.insert(parts, bound.request .. bound.content .. (role and string.char(role) or '\0' .. bound.claim))
  end
  if ledger.keep > now then
    redis.call('SET', LEDGER, table.concat(parts), 'PX', string.format('%.0f', ledger.keep - now))
  else
    redis.call('DEL', LEDGER)
  end
end

-- Kept at least until the given instant by the callers' clocks.
local function keep(until_time)
  ledger.keep = math.max(ledger.keep, tonumber(until_time))
end

-- What a request (its digest 16, its content 16; empty: none) is bound to, and its place.
local function bound(request)
  for place, entry in ipairs(ledger.requests) do
    if entry.request == request:sub(1, 16) then
      return entry, place
    end
  end
end

-- Binds a request to a claim; the oldest binding makes room.
local function bind(request, claim)
  if request == '' then
    return
  end
  local _, place = bound(request)
  if place then
    table.remove(ledger.requests, place)
  elseif #ledger.requests >= MOST_REQUESTS then
    table.remove(ledger.requests, 1)
  end
  table.insert(ledger.requests, {request = request:sub(1, 16), content = request:sub(17, 32), claim = claim})
end

local function id(claim)
  return claim:sub(1, 10)
end

local stored = redis.call('GET', LEDGER)
if stored then
  read(stored)
end
