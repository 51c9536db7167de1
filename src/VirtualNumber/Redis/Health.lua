-- health: notes what a gateway says of a number, by the time at which it found that. A faulty one leaves allocation; one that is well again is
-- back after its probation.
-- ARGV: 3 index of the number, 4 faulty or well, 5 event time, 6 cause, 7 probation ms
-- Answers {what became of it: absent (the number is not filled yet), older, repeated, unchanged (well, and never was faulty) or done; 1 faulty, 2 well;
-- time of the latest report that counts; when the number is back or -1}.
-- Keeps: an older or repeated report changes nothing; at one time faulty outranks well; what an operator has taken out stays out.
local index, health, event = ARGV[3], ARGV[4] == 'faulty' and FAULT or WELL, tonumber(ARGV[5])

local function answer(outcome)
  local report = read_report(index)
  return {outcome, report and report.health or WELL, string.format('%.0f', report and report.event or 0), redis.call('ZSCORE', RETURNS, index) or '-1'}
end

if not is_stocked(index) then
  return {'absent'}
end
local known = read_report(index)
if known and (event < known.event or (event == known.event and health > known.health)) then
  return answer('older')
end
if known and event == known.event and health == known.health then
  return answer('repeated')
end
if not known and health == WELL then
  return answer('unchanged')
end

if health == FAULT then
  save_report(index, FAULT, event, known and known.health == FAULT and known.since or event, ARGV[6])
  take_out(index)
else
  -- Well while well already: the probation goes on as it began.
  if known.health == FAULT then
    return_at(index, event + tonumber(ARGV[7]))
  end
  save_report(index, WELL, event, 0, '')
end
log(ARGV[4], '', '', 1)
return answer('done')
