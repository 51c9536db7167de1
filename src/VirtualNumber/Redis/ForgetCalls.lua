-- Put behind Direct.lua or Shared.lua in front of Reclaim.

-- Removes the records of calls that are due, the oldest first, at most so many; answers how many.
local function forget_calls(most)
  local due = most > 0 and redis.call('ZRANGEBYSCORE', CALLS_DUE, '-inf', now, 'LIMIT', 0, most) or {}
  for _, call in ipairs(due) do
    redis.call('ZREM', CALLS_DUE, call)
    redis.call('HDEL', CALLS, call)
  end
  return #due
end
