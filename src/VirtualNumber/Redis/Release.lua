-- release: ends a lease now; its rest runs from now.
-- ARGV: 3 slot, 4 epoch
-- Answers in order of precedence: {gone}, {ended, record} (it stays as it is), {done, record}.
local slot = ARGV[3]
local r = holder(slot, ARGV[4])
if not r then
  return {'gone'}
end
if not live(slot, r) then
  return {'ended', encode(r)}
end
r.ended, r.expire = RELEASED, now
local packed = write(slot, r)
log('released', slot, r.lease, 1)
return {'done', packed}
