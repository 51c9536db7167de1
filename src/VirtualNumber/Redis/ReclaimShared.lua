-- reclaim, where numbers are shared: writes down expiries, removes records whose rest is over, parties that left and have rested,
-- closed claims and calls whose time is over. Safe from any number of instances at once; nothing waits for it.
-- ARGV: 3 the most to change, 4 aging ms, 5 which changes of the server count: any, takeover or empty, 6 possible loss ms, 7 by how much later
-- a forgotten now may have been, ms, 8 forgotten leases that are reckoned with: all
-- Answers {expired, removed, 1 when there may be more, from when on it leases or 0}.
local most = tonumber(ARGV[3])
local expired, removed = tidy(most, tonumber(ARGV[4]))
for _, claim in ipairs(redis.call('ZRANGEBYSCORE', CLOSED, '-inf', now, 'LIMIT', 0, most - expired - removed)) do
  redis.call('ZREM', CLOSED, claim)
  removed = removed + 1
end
removed = removed + forget_calls(most - expired - removed)
-- A block that nobody leases from notices a takeover here, before the server changes once more.
heed_takeover(ARGV[5], tonumber(ARGV[4]), tonumber(ARGV[6]), tonumber(ARGV[7]))
-- Whoever comes by learns how far the block has come, also one who does nothing but look-ups.
mark = mark or last_mark()
return {expired, removed, expired + removed >= most and 1 or 0, string.format('%.0f', leases_from)}
