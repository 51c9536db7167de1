-- report call events: adds to the record of a call what it has not, all of it or nothing, and makes the record where there is none.
-- KEYS: meta, calls, callsdue. ARGV: 9 events (12 bytes each), 10 how many a call has at most
-- Answers in order of precedence: {'other'}: the call is another lease's; {'many'}: it would have too many events; {'added', how many were not
-- known, how many it has}.
-- What is told again is known by all but the SIP status, which comes last.
local r = find()
if r and is_of_other_lease(r) then
  return {'other'}
end
local new = not r
r = r or {outcome = 0, start = now, events = '', source = source}
local known, before = {}, #r.events / EVENT
local function name(events, at)
  return events:sub(at, at + EVENT - 3)
end

for at = 1, #r.events, EVENT do
  known[name(r.events, at)] = true
end
local added = {}
for at = 1, #ARGV[9], EVENT do
  if not known[name(ARGV[9], at)] then
    known[name(ARGV[9], at)] = true
    table.insert(added, ARGV[9]:sub(at, at + EVENT - 1))
  end
end
if before + #added > tonumber(ARGV[10]) then
  return {'many'}
end
r.slot, r.epoch, r.events = slot, epoch, r.events .. table.concat(added)
keep(r, new)
return {'added', #added, before + #added}
