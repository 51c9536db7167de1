-- Reads a slot's record. ARGV: 3 slot. Answers {record, since when its number is faulty or empty}, or {} when it has
-- none, suspended or not.
local packed = redis.call('HGET', ROUTES, ARGV[3])
return packed and packed ~= '' and {packed, faulty_since(ARGV[3])} or {}
