-- retry pushes: parked pushes are due now, and their failures forgotten.
-- ARGV: 2 the most, 3.. which; none: those that were parked first
-- Answers how many. A repeat changes nothing.
local ids = #ARGV > 2 and {unpack(ARGV, 3)} or redis.call('ZRANGE', PARKED, 0, tonumber(ARGV[2]) - 1)
local count = 0
for _, id in ipairs(ids) do
  if redis.call('ZREM', PARKED, id) == 1 then
    local _, claims, made, fault, events = read_push(id)
    write_push(id, 0, claims, made, fault, events)
    redis.call('ZADD', DUE, now, id)
    count = count + 1
  end
end
return count
