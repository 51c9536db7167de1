-- Adds slots to a block, and makes the block where it is new.
-- KEYS: meta, free, routes, claims, closed, log, suspended, retired, faulty, returns, health, calls, callsdue. ARGV: 1 now, 2 length of the log, 3 which block it is, 4 first slot,
-- 5 count, 6 1 when the registry says that the block was filled before and must be there, 7 when the last lease on what is new ended; 0: there was none
-- Answers how many slots are new. Harmless to repeat: a slot that is in any set stays as it is.
local _, FREE, _, _, _, _, SUSPENDED, RETIRED, FAULTY = unpack(KEYS)
local first, count, added = tonumber(ARGV[4]), tonumber(ARGV[5]), 0
for index = first, first + count - 1 do
  local slot = string.format('%05d', index)
  if not (redis.call('ZSCORE', SUSPENDED, slot) or redis.call('ZSCORE', RETIRED, slot) or redis.call('ZSCORE', FAULTY, slot)) then
    added = added + redis.call('ZADD', FREE, 'NX', ARGV[7], slot)
  end
end
return stocked(added)
