-- decide: stores an event that is newer by (event time, rank) and may follow the present status.
-- ARGV: 2 event (7 bytes), 3 its terms (7 bytes), 4 statuses that it may follow, as bits, 5 keep until
-- Answers {outcome, report number, event, terms, claim of role 1, 2, 3}: applied, repeated, older or afterTerminal, and what is stored.
local time, status = struct.unpack('>i6B', ARGV[2])
local outcome = 'applied'
if ledger.event ~= '' then
  local stored_time, stored_status = struct.unpack('>i6B', ledger.event)
  if time == stored_time and status == stored_status then
    outcome = 'repeated'
  elseif time < stored_time or (time == stored_time and status < stored_status) then
    outcome = 'older'
  elseif bit.band(tonumber(ARGV[4]), bit.lshift(1, stored_status)) == 0 then
    outcome = 'afterTerminal'
  end
end
if outcome == 'applied' then
  ledger.report, ledger.event, ledger.terms = ledger.report + 1, ARGV[2], ARGV[3]
end
keep(ARGV[5])
save()
return {outcome, ledger.report, ledger.event, ledger.terms, unpack(ledger.claims)}
