-- claim: what a request is bound to, else the role's claim, else the proposed one.
-- ARGV: 2 role, 3 request mark (32 bytes or empty), 4 proposed claim (22 bytes or empty), 5 keep until, 6 forgotten claim id or empty
-- Answers in order of precedence {kind, claim, 1 when the content is the same, report number, terms}: bound, standing, created, none.
local role, request, proposed, forget = 'c' .. ARGV[2], ARGV[3], ARGV[4], ARGV[6]
local standing = redis.call('HGET', LEDGER, role)
local claim, content = bound(request)
if claim and forget ~= '' and id(claim) == forget and not (standing and id(standing) == forget) then
  redis.call('HDEL', LEDGER, 'q' .. request:sub(1, 16))
  claim = nil
end
local number, _, terms = report()
if claim then
  return {'bound', claim, content == request:sub(17, 32) and '1' or '0', number, terms}
end
if standing then
  return {'standing', standing, '1', number, terms}
end
if proposed == '' then
  return {'none', '', '1', number, terms}
end
redis.call('HSET', LEDGER, role, proposed)
bind(request, proposed)
keep(ARGV[5])
return {'created', proposed, '1', number, terms}
