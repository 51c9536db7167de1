-- resolve, in pair mode: finds the record of the lease on which a party of a number is, or was and has not rested since.
-- ARGV: 3 index of the number, 4 digest of the party, 5 aging ms
-- Answers {slot, record}, or {} when there is none. The caller judges whether it lives and the party is still on it.
local entry = redis.call('HGET', PARTIES, party(ARGV[3], ARGV[4]))
if not entry then
  return {}
end
local ends, figure = struct.unpack(ENTRY, entry)
local slot = string.format('%09d', figure)
local packed = ends > now - tonumber(ARGV[5]) and redis.call('HGET', ROUTES, slot)
if not packed then
  return {}
end
return {slot, packed}
