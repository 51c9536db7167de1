-- Reads a slot's record. ARGV: 3 slot. Answers {record}, or {} when it has none.
local packed = redis.call('HGET', ROUTES, ARGV[3])
return packed and {packed} or {}
