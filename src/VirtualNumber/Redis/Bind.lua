-- bind: binds a request to the standing claim, before its lease is answered to it.
-- ARGV: 2 request mark (32 bytes), 3 claim (20 bytes)
-- Answers 1, or 0 when it is bound to another claim.
local entry = bound(ARGV[2])
if entry then
  return id(entry.claim) == id(ARGV[3]) and 1 or 0
end
if exists then
  bind(ARGV[2], ARGV[3])
  save()
end
return 1
