-- extend: moves expire time and floor later, once per request, only while live, never past the cap.
-- ARGV: 3 slot, 4 epoch, 5 the request's mark (32 bytes), 6 span ms, 7 limit, 8 cap ms
-- Answers in order of precedence: {gone}, {repeated, record}, {other, record}, {ended, record}, {limit, record}, {done, record}.
local slot = ARGV[3]
local r, packed = holder(slot, ARGV[4])
if not r then
  return {'gone'}
end
local known = seen(r.extensions, ARGV[5])
if known then
  return {known, packed}
end
if not live(slot, r) then
  return {'ended', encode(r)}
end
if #r.extensions / 32 >= tonumber(ARGV[7]) then
  return {'limit', packed}
end
r.expire = math.min(r.expire + tonumber(ARGV[6]), r.lease + tonumber(ARGV[8]))
r.floor = r.expire
r.extensions = r.extensions .. ARGV[5]
packed = write(slot, r)
log('extended', slot, r.lease, 1)
return {'done', packed}
