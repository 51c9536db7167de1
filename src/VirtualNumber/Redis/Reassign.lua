-- reassign: binds another real number, once per request, only while live. Pairs have ReassignPair.lua.
-- ARGV: 3 slot, 4 epoch, 5 the request's mark (32 bytes), 6 sealed number, 7 its digest (16 bytes; both empty: stays), 8 how many marks are kept
-- Answers in order of precedence: {gone}, {repeated, record}, {other, record}, {ended, record}, {done, record}.
local slot = ARGV[3]
local r, packed = holder(slot, ARGV[4])
if not r then
  return {'gone'}
end
local known = seen(r.reassignments, ARGV[5])
if known then
  return {known, packed}
end
if not live(slot, r) then
  return {'ended', encode(r)}
end
if ARGV[7] ~= '' then
  r.sealed, r.number = ARGV[6], ARGV[7]
end
r.reassignments = (r.reassignments .. ARGV[5]):sub(-32 * tonumber(ARGV[8]))
packed = write(slot, r)
log('reassigned', slot, r.lease, 1)
return {'done', packed}
