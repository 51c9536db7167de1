-- Reads a slot's record. ARGV: 3 slot. Answers {record}, or {} when it has none, suspended or not.
local packed = redis.call('HGET', ROUTES, ARGV[3])
return packed and packed ~= '' and {packed} or {}
