-- bind: binds a request to the standing claim, before its lease is answered to it.
-- ARGV: 2 request mark (32 bytes), 3 claim (22 bytes)
-- Answers 1, or 0 when it is bound to another claim.
local claim = bound(ARGV[2])
if claim then
  return id(claim) == id(ARGV[3]) and 1 or 0
end
if redis.call('EXISTS', LEDGER) == 1 then
  bind(ARGV[2], ARGV[3])
end
return 1
