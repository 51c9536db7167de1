-- Adds numbers to a block whose numbers are shared, and makes the block where it is new. Runs without Shared.lua's look for lost data,
-- which it would be.
-- KEYS: meta, free, routes, claims, closed, log, resting, numbers, open, parties, left. ARGV: 1 now, 2 length of the log, 3 which block it
-- is, 4 first index, 5 count, 6 1 when the registry says that the block was filled before, 7 extension or pair, 8 density, 9 slots per number
-- Answers how many numbers are new. Harmless to repeat: a number that is there stays as it is. A block that was filled and has no meta is
-- not made anew: its numbers may be leased or aging.
local META, _, _, _, _, LOG, _, NUMBERS, OPEN = unpack(KEYS)
if ARGV[6] == '1' and redis.call('EXISTS', META) == 0 then
  return redis.error_reply('VNLOST the block has lost its data')
end
-- A fail-over may lose the end of the registry and keep a block that it names; another block gets the id, and must not get the leases.
redis.call('HSETNX', META, 'block', ARGV[3])
if redis.call('HGET', META, 'block') ~= ARGV[3] then
  return redis.error_reply('VNOTHER the keys of this block hold another block, which the registry has lost')
end
redis.call('HSET', META, 'mode', ARGV[7], 'density', ARGV[8], 'slots', ARGV[9])
local first, count, added = tonumber(ARGV[4]), tonumber(ARGV[5]), 0
for figure = first, first + count - 1 do
  local index = string.format('%05d', figure)
  -- In stock, without a lease; open (Shared.lua has both).
  if redis.call('HSETNX', NUMBERS, index, struct.pack('>BI2I2', 0, 0, 0)) == 1 then
    redis.call('ZADD', OPEN, ARGV[7] == 'pair' and figure or 0, index)
    added = added + 1
  end
end
if added > 0 then
  redis.call('XADD', LOG, 'MAXLEN', '~', ARGV[2], '*', 'k', 'stocked', 's', '', 'e', '', 't', ARGV[1], 'c', added)
end
return added
