-- reassign, in pair mode: binds other real numbers, once per request, only while live, if whoever joins is not on the number; or ends the
-- lease for that, if it is to.
-- ARGV: 3 slot, 4 epoch, 5 the request's mark (32 bytes), 6 how many marks are kept, 7 aging ms, 8 the holder's sealed number, 9 its digest
-- (16 bytes), 10 the peer's sealed number, 11 its digest (both empty: stays), 12 1 to end the lease where somebody cannot join,
-- 13 which changes of the server count: any, takeover or empty, 14 possible loss ms, 15 by how
-- much later a forgotten now may have been, ms
-- Answers in order of precedence: {gone}, {moved, record} (the repeat of what ended it), {repeated, record}, {other, record},
-- {ended, record}, {busy, record} (nothing is changed), {moved, record}, {done, record}.
-- Keeps: a party is on a number at most once, its rest there included; who leaves rests there from now on. Where leases may have been
-- forgotten nobody can tell who is on a number, so nobody joins.
local slot, aging = ARGV[3], tonumber(ARGV[7])
local r, packed = holder(slot, ARGV[4])
if not r then
  return {'gone'}
end
local known = seen(r.reassignments, ARGV[5])
if known then
  local last = known == 'repeated' and r.before_move ~= '' and r.reassignments:sub(-32) == ARGV[5]
  return {last and 'moved' or known, packed}
end
if not live(slot, r) then
  return {'ended', encode(r)}
end

heed_takeover(ARGV[13], aging, tonumber(ARGV[14]), tonumber(ARGV[15]))

local index = index_of(slot)
local number, peer = ARGV[9] ~= '' and ARGV[9] or r.number, ARGV[11] ~= '' and ARGV[11] or r.peer

local function is_on(digest)
  local entry = redis.call('HGET', PARTIES, party(index, digest))
  return entry and struct.unpack('>I6', entry) > now - aging
end

local busy = number == peer
for _, digest in ipairs({number, peer}) do
  if digest ~= '' and digest ~= r.number and digest ~= r.peer and (leases_from > now or is_on(digest)) then
    busy = true
  end
end
if busy and ARGV[12] ~= '1' then
  return {'busy', packed}
end

r.reassignments = (r.reassignments .. ARGV[5]):sub(-32 * tonumber(ARGV[6]))
if busy then
  -- On another number the lease goes on until then.
  r.before_move = struct.pack('>I6', r.expire)
  r.ended, r.expire = RELEASED, now
  packed = write(slot, r)
  log('released', slot, r.lease, 1)
  return {'moved', packed}
end
for _, digest in ipairs(parties_of(r)) do
  if digest ~= number and digest ~= peer then
    local field = party(index, digest)
    redis.call('HSET', PARTIES, field, struct.pack(ENTRY, now, tonumber(slot)))
    redis.call('ZADD', LEFT, now, field)
  end
end
if ARGV[9] ~= '' then
  r.sealed, r.number = ARGV[8], ARGV[9]
end
if ARGV[11] ~= '' then
  r.sealed_peer, r.peer = ARGV[10], ARGV[11]
end
packed = write(slot, r)
log('reassigned', slot, r.lease, 1)
return {'done', packed}
