-- decide: stores an event that is newer by (event time, rank) and may follow the present status.
-- ARGV: 2 status, 3 event time, 4 terms 'instant:final', 5 statuses that it may follow, as bits, 6 keep until
-- Answers {outcome, report number, event, terms, claim of role 1, 2, 3}: applied, repeated, older or afterTerminal, and what is stored.
local status, time = tonumber(ARGV[2]), tonumber(ARGV[3])
local number, event, terms = report()
local outcome = 'applied'
if event ~= '' then
  local stored_time, stored_status = event:match('^(-?%d+):(%d+)$')
  stored_time, stored_status = tonumber(stored_time), tonumber(stored_status)
  if time == stored_time and status == stored_status then
    outcome = 'repeated'
  elseif time < stored_time or (time == stored_time and status < stored_status) then
    outcome = 'older'
  elseif bit.band(tonumber(ARGV[5]), bit.lshift(1, stored_status)) == 0 then
    outcome = 'afterTerminal'
  end
end
if outcome == 'applied' then
  number, event, terms = tostring(tonumber(number) + 1), ARGV[3] .. ':' .. ARGV[2], ARGV[4]
  redis.call('HSET', LEDGER, 'n', number, 'e', event, 't', terms)
end
keep(ARGV[6])
local claims = redis.call('HMGET', LEDGER, 'c1', 'c2', 'c3')
return {outcome, number, event, terms, claims[1] or '', claims[2] or '', claims[3] or ''}
