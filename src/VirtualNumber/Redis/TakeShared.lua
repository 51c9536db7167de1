-- take, where numbers are shared: decides a claim once: it takes a slot, or is closed.
-- ARGV: 3 claim id, 4 claim time, 5 take window ms, 6 closed kept ms, 7 aging ms, 8 the record, packed, its lease time = now, 9
-- which changes of the server count: any, takeover or empty, 10 possible loss ms, 11 by how much later a forgotten now may have been, ms, 12 forgotten leases
-- that are reckoned with, 13 how much is tidied up at a time, 14 slots within a number, in order of preference, 2 bytes each, 15 which of all others if none of those is free
-- Answers in order of precedence: {live, slot, record} or {ended, slot, record} for a claim that holds a slot; {closed}; {over}: the
-- expire time is not in the future; {resting, until when}: leases may have been forgotten; {full, when a number may be open or -1}; {taken, slot, record, when a number may be open or -1}.
-- Keeps: one slot per claim; a slot is not taken while it has a record, and it keeps that for its rest; at most so many live leases on a
-- number as the density says; a party is on a number at most once, its rest there included; what is not taken is closed.

-- A free slot of a number that has one.
local function free_slot(index)
  local first = tonumber(index) * slots
  for at = 1, #ARGV[14], 2 do
    local slot = string.format('%09d', first + struct.unpack('>I2', ARGV[14], at))
    if redis.call('HEXISTS', ROUTES, slot) == 0 then
      return slot
    end
  end
  local skip = tonumber(ARGV[15]) % (slots - read_number(index).present)
  for part = 0, slots - 1 do
    local slot = string.format('%09d', first + part)
    if redis.call('HEXISTS', ROUTES, slot) == 0 then
      if skip == 0 then
        return slot
      end
      skip = skip - 1
    end
  end
end

heed_takeover(ARGV[9], aging, tonumber(ARGV[10]), tonumber(ARGV[11]))
if leases_from > now then
  return refuse('resting', string.format('%.0f', leases_from))
end

local most, index = tonumber(ARGV[13])
repeat
  local expired, removed = tidy(most, aging)
  index = choose(record.number, record.peer, aging)
until index or expired + removed < most
if not index then
  return refuse('full', open_from(aging))
end

local slot = free_slot(index)
local packed = write(slot, record)
redis.call('HSET', CLAIMS, claim, slot)
log('leased', slot, record.lease, 1)
return {'taken', slot, packed, open_from(aging)}
