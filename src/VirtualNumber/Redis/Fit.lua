-- Looks whether a block whose numbers are shared has room.
-- ARGV: 3 aging ms, 4 digest of a pair's holder, 5 digest of its peer, empty when it is not known (both empty in extension mode)
-- Answers {1 when a take may succeed now, when a number may be open or -1}, or {0, until when} and a third where the block leases nothing
-- since leases may have been forgotten. It changes nothing: where something is due and not tidied up,
-- it may be that, which the take finds out.
local aging = tonumber(ARGV[3])
if leases_from > now then
  return {0, string.format('%.0f', leases_from), 1}
end
local due = redis.call('ZCOUNT', FREE, '-inf', now) + redis.call('ZCOUNT', RESTING, '-inf', now - aging)
  + redis.call('ZCOUNT', RETURNS, '-inf', now) > 0
return {(due or choose(ARGV[4], ARGV[5], aging)) and 1 or 0, open_from(aging)}
