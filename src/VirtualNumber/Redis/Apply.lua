-- apply: sets the expire time of a claim's lease to what a report means.
-- ARGV: 3 claim id, 4 claim time, 5 closed kept ms, 6 report number, 7 instant of the terms, 8 1 when final, 9 cap ms
-- Answers in order of precedence: {unknown} (the claim is closed), {ended, slot, record}, {already, slot, record}, {set, slot, record}.
-- Keeps: an older report changes nothing; never below the floor unless final; never before now; never past the cap.
local slot = redis.call('HGET', CLAIMS, ARGV[3])
if not slot then
  close(ARGV[3], tonumber(ARGV[4]) + tonumber(ARGV[5]))
  return {'unknown'}
end
local packed = redis.call('HGET', ROUTES, slot)
local r = decode(packed)
if not live(slot, r) then
  return {'ended', slot, encode(r)}
end
local report = tonumber(ARGV[6])
if report <= r.report then
  return {'already', slot, packed}
end
local expire = tonumber(ARGV[7])
if ARGV[8] ~= '1' then
  expire = math.max(expire, r.floor)
end
r.expire = math.min(math.max(expire, now), r.lease + tonumber(ARGV[9]))
r.report = report
write(slot, r)
log('reported', slot, r.lease, 1)
-- A report that ends the lease now ends it for every clock: an instance that is behind must not route or extend it.
live(slot, r)
return {'set', slot, encode(r)}
