-- replace: puts the proposed claim in the place of one that ended or was closed.
-- ARGV: 2 role, 3 request mark (32 bytes or empty), 4 old claim id, 5 1 when it ended, 6 proposed claim (22 bytes), 7 keep until
-- Answers in order of precedence {kind, claim, 1, report number, terms}: moved (the role's claim is another one, or the request is bound
-- and the old lease ended, or it is bound to a third claim; nothing is written), created.
local role, request, old, proposed = 'c' .. ARGV[2], ARGV[3], ARGV[4], ARGV[6]
local number, _, terms = report()
local standing = redis.call('HGET', LEDGER, role)
local claim = bound(request)
if not standing or id(standing) ~= old or (claim and (ARGV[5] == '1' or id(claim) ~= old)) then
  return {'moved', '', '1', number, terms}
end
redis.call('HSET', LEDGER, role, proposed)
bind(request, proposed)
keep(ARGV[7])
return {'created', proposed, '1', number, terms}
