-- end push: removes a push that was taken, or says when to try again, or parks it. Where one is taken that had been refused, the webhook is
-- back, and all that wait for a retry are due.
-- ARGV: 2 the push, 3 under which claim it was sent, 4 why it was not taken; 0: it was, 5 when to try again ms; empty: it is parked
-- Answers 1, or 0 where it is gone, was claimed again since, or was tried before its time, which spends no retry. A repeat is answered 0 and
-- changes nothing.
local id = ARGV[2]
local failures, claims, made, _, events = read_push(id)
if not failures then
  return 0
end
local retry = redis.call('ZSCORE', RETRIES, id)
if ARGV[4] == '0' then
  if retry then
    local waiting = redis.call('ZRANGE', RETRIES, 0, -1, 'WITHSCORES')
    for at = 1, #waiting, 2 do
      -- Those on their way have another time: when their claim ends.
      if redis.call('ZSCORE', DUE, waiting[at]) == waiting[at + 1] then
        redis.call('ZADD', DUE, now, waiting[at])
      end
    end
  end
  redis.call('ZREM', RETRIES, id)
  redis.call('HDEL', PUSHES, id)
  redis.call('ZREM', DUE, id)
  redis.call('ZREM', PARKED, id)
  return 1
end
if claims ~= tonumber(ARGV[3]) or not redis.call('ZSCORE', DUE, id) then
  return 0
end
if retry and tonumber(retry) > tonumber(now) then
  write_push(id, failures, claims + 1, made, tonumber(ARGV[4]), events)
  redis.call('ZADD', DUE, retry, id)
  return 0
end
-- Another claim, so that a repeat of this is none.
write_push(id, failures + 1, claims + 1, made, tonumber(ARGV[4]), events)
if ARGV[5] ~= '' then
  redis.call('ZADD', DUE, ARGV[5], id)
  redis.call('ZADD', RETRIES, ARGV[5], id)
else
  redis.call('ZREM', RETRIES, id)
  redis.call('ZREM', DUE, id)
  redis.call('ZADD', PARKED, now, id)
end
return 1
