-- Adds numbers to a block whose numbers are shared, and makes the block where it is new.
-- KEYS: meta, free, routes, claims, closed, log, resting, numbers, open, parties, left, returns, health, calls, callsdue. ARGV: 1 now, 2 length of the log,
-- 3 which block it is, 4 first index, 5 count, 6 1 when the registry says that the block was filled before and must be there, 7 extension or pair, 8 density, 9 slots per number
-- Answers how many numbers are new. Harmless to repeat: a number that is there stays as it is.
local _, _, _, _, _, _, _, NUMBERS, OPEN = unpack(KEYS)
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
return stocked(added)
