-- beat: notes the heart-beat of an instance of a gateway.
-- KEYS: the gateway. ARGV: 1 now, 2 the instance, 3 its calls in progress, 4 for how long a silent instance is kept beside others, ms, 5 the most
-- instances, 6 for how long the key is kept, ms
-- Answers 1, or 0 when a later one of the instance is known.
-- The gateway is a hash: instance -> time 6, calls in progress 4, big-endian. The key's expiry only sweeps; readers judge by the times.
local GATEWAY = KEYS[1]
local FORM = '>I6I4'
local now, instance = tonumber(ARGV[1]), ARGV[2]
local known = redis.call('HGET', GATEWAY, instance)
if known and struct.unpack('>I6', known) > now then
  return 0
end
redis.call('HSET', GATEWAY, instance, struct.pack(FORM, now, tonumber(ARGV[3])))

-- The others, the longest silent first: those that are too old go, and those that are too many.
local others, all = {}, redis.call('HGETALL', GATEWAY)
for at = 1, #all, 2 do
  if all[at] ~= instance then
    table.insert(others, {id = all[at], time = (struct.unpack('>I6', all[at + 1]))})
  end
end
table.sort(others, function(one, other)
  return one.time < other.time or (one.time == other.time and one.id < other.id)
end)
for place, other in ipairs(others) do
  if place <= #others + 1 - tonumber(ARGV[5]) or other.time <= now - tonumber(ARGV[4]) then
    redis.call('HDEL', GATEWAY, other.id)
  end
end
redis.call('PEXPIRE', GATEWAY, ARGV[6])
return 1
