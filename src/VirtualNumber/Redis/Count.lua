-- Counts a block. ARGV: 3 aging ms
-- Answers {available, leased, aging, suspended, retired, draining, lowest score in stock or -1, faulty}. A faulty one with a live
-- lease counts as leased; one on probation has at least the score with which it will be available when it is back.
local aging = tonumber(ARGV[3])
local rested = now - aging
local lowest = redis.call('ZRANGE', FREE, 0, 0, 'WITHSCORES')[2]
local first = lowest and tonumber(lowest) or math.huge
local available = redis.call('ZCOUNT', FREE, '-inf', rested)
local leased = redis.call('ZCOUNT', FREE, '(' .. now, '+inf')
local resting = redis.call('ZCARD', FREE) - available - leased
local leased_faulty = redis.call('ZCOUNT', FAULTY, '(' .. now, '+inf')
local faulty = redis.call('ZCARD', FAULTY) - leased_faulty
leased = leased + leased_faulty

local returns = redis.call('ZRANGE', RETURNS, 0, -1, 'WITHSCORES')
for at = 1, #returns, 2 do
  local score, back = tonumber(redis.call('ZSCORE', FAULTY, returns[at])), tonumber(returns[at + 1])
  first = math.min(first, math.max(score, back - aging))
  -- Back already, by the time.
  if back <= now and score <= now then
    faulty = faulty - 1
    if score <= rested then
      available = available + 1
    else
      resting = resting + 1
    end
  end
end
return {
  available,
  leased,
  resting,
  redis.call('ZCARD', SUSPENDED),
  redis.call('ZCARD', RETIRED),
  redis.call('ZCOUNT', RETIRED, '(' .. now, '+inf'),
  first == math.huge and '-1' or string.format('%.0f', first),
  faulty,
}
