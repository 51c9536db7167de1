-- Finds a claim's record. ARGV: 3 claim id. Answers {slot, record, since when its number is faulty or empty}, or {} when the block
-- does not have it.
local slot = redis.call('HGET', CLAIMS, ARGV[3])
if not slot then
  return {}
end
return {slot, redis.call('HGET', ROUTES, slot), faulty_since(slot)}
