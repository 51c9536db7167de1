-- Counts a block. ARGV: 3 aging ms
-- Answers {available, leased, aging, suspended, retired, draining, lowest score in stock or -1}.
local rested = now - tonumber(ARGV[3])
local first = redis.call('ZRANGE', FREE, 0, 0, 'WITHSCORES')
local available = redis.call('ZCOUNT', FREE, '-inf', rested)
local leased = redis.call('ZCOUNT', FREE, '(' .. now, '+inf')
return {
  available,
  leased,
  redis.call('ZCARD', FREE) - available - leased,
  redis.call('ZCARD', SUSPENDED),
  redis.call('ZCARD', RETIRED),
  redis.call('ZCOUNT', RETIRED, '(' .. now, '+inf'),
  first[2] or '-1',
}
