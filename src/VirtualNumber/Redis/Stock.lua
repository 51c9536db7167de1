-- Adds slots to a block, and makes the block where it is new. Runs without Record.lua's look for lost data, which it would be.
-- KEYS: meta, free, routes, claims, closed, log, suspended, retired. ARGV: 1 now, 2 length of the log, 3 which block it is, 4 first slot, 5 count,
-- 6 1 when the registry says that the block was filled before
-- Answers how many slots are new. Harmless to repeat: a slot that is in any set stays as it is. A block that was filled and has no meta
-- is not made anew: its numbers may be leased or aging.
local META, FREE, _, _, _, LOG, SUSPENDED, RETIRED = unpack(KEYS)
if ARGV[6] == '1' and redis.call('EXISTS', META) == 0 then
  return redis.error_reply('VNLOST the block has lost its data')
end
-- A fail-over may lose the end of the registry and keep a block that it names; another block gets the id, and must not get the leases.
redis.call('HSETNX', META, 'block', ARGV[3])
if redis.call('HGET', META, 'block') ~= ARGV[3] then
  return redis.error_reply('VNOTHER the keys of this block hold another block, which the registry has lost')
end
local first, count, added = tonumber(ARGV[4]), tonumber(ARGV[5]), 0
for index = first, first + count - 1 do
  local slot = string.format('%05d', index)
  if not redis.call('ZSCORE', SUSPENDED, slot) and not redis.call('ZSCORE', RETIRED, slot) then
    added = added + redis.call('ZADD', FREE, 'NX', 0, slot)
  end
end
if added > 0 then
  redis.call('XADD', LOG, 'MAXLEN', '~', ARGV[2], '*', 'k', 'stocked', 's', '', 'e', '', 't', ARGV[1], 'c', added)
end
return added
