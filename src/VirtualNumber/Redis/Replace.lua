-- replace: puts the proposed claim in the place of one that ended or was closed.
-- ARGV: 2 role, 3 request mark (32 bytes or empty), 4 old claim id, 5 1 when it ended, 6 proposed claim (20 bytes), 7 keep until
-- Answers in order of precedence {kind, claim, 1, report number, terms}: moved (the role's claim is another one, or the request is bound
-- and the old lease ended, or it is bound to a third claim; nothing is written), created.
local role, request, old, proposed = tonumber(ARGV[2]), ARGV[3], ARGV[4], ARGV[6]
local entry = bound(request)
if id(ledger.claims[role]) ~= old or (entry and (ARGV[5] == '1' or id(entry.claim) ~= old)) then
  return {'moved', '', 1, ledger.report, ledger.terms}
end
ledger.claims[role] = proposed
bind(request, proposed)
keep(ARGV[7])
save()
return {'created', proposed, 1, ledger.report, ledger.terms}
