-- end push: removes a push that was taken, or says when to try again, or parks it.
-- ARGV: 2 the push, 3 under which claim it was sent, 4 why it was not taken; 0: it was, 5 when to try again ms; empty: it is parked
-- Answers 1, or 0 where it is gone or was claimed again since. A repeat is answered 0 and changes nothing.
local id = ARGV[2]
local failures, claims, made, _, events = read_push(id)
if not failures then
  return 0
end
if ARGV[4] == '0' then
  redis.call('HDEL', PUSHES, id)
  redis.call('ZREM', DUE, id)
  redis.call('ZREM', PARKED, id)
  return 1
end
if claims ~= tonumber(ARGV[3]) or not redis.call('ZSCORE', DUE, id) then
  return 0
end
-- Another claim, so that a repeat of this is none.
write_push(id, failures + 1, claims + 1, made, tonumber(ARGV[4]), events)
if ARGV[5] ~= '' then
  redis.call('ZADD', DUE, ARGV[5], id)
else
  redis.call('ZREM', DUE, id)
  redis.call('ZADD', PARKED, now, id)
end
return 1
