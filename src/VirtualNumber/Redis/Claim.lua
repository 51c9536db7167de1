-- claim: what a request is bound to, else the role's claim, else the proposed one.
-- ARGV: 2 role, 3 request mark (32 bytes or empty), 4 proposed claim (20 bytes or empty), 5 keep until, 6 forgotten claim id or empty
-- Answers in order of precedence {kind, claim, 1 when the content is the same, report number, terms}: bound, standing, created, none.
local role, request, proposed, forget = tonumber(ARGV[2]), ARGV[3], ARGV[4], ARGV[6]
local standing = ledger.claims[role]
local entry, place = bound(request)
local forgotten = entry and id(entry.claim) == forget and id(standing) ~= forget
if forgotten then
  table.remove(ledger.requests, place)
  entry = nil
end
local kind, claim, same = 'none', '', 1
if entry then
  kind, claim, same = 'bound', entry.claim, entry.content == request:sub(17, 32) and 1 or 0
elseif standing ~= '' then
  kind, claim = 'standing', standing
elseif proposed ~= '' then
  kind, claim = 'created', proposed
  ledger.claims[role] = proposed
  bind(request, proposed)
  keep(ARGV[5])
end
if forgotten or kind == 'created' then
  save()
end
return {kind, claim, same, ledger.report, ledger.terms}
