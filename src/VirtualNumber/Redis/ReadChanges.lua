-- read changes: what the block's log has after a position. What was forwarded goes out of the log here, but for the latest.
-- KEYS: those of the block.
-- ARGV: 1 now, 2 length of the log, 3 the position, up to which all is forwarded; empty: nothing is, 4 the most entries,
-- 5 how many forwarded entries the log keeps
-- Answers {1 where entries after the position may be missing, then for each entry its id, kind, slot, epoch, time}.
local LOG = KEYS[6]
local after, most = ARGV[3], tonumber(ARGV[4])
local entries = redis.call('XRANGE', LOG, after == '' and '-' or '(' .. after, '+', 'COUNT', most)
local lacks
if after == '' then
  -- A block's first change is that it is stocked.
  lacks = entries[1] and entries[1][2][2] ~= 'stocked'
else
  lacks = #redis.call('XRANGE', LOG, after, after) == 0
end
if #entries < most and not lacks then
  redis.call('XTRIM', LOG, 'MAXLEN', '~', tonumber(ARGV[5]) + #entries)
end
local answer = {lacks and 1 or 0}
for _, entry in ipairs(entries) do
  -- Record.lua writes them in this order: kind, slot, epoch, time, count.
  local fields = entry[2]
  for _, value in ipairs({entry[1], fields[2], fields[4], fields[6], fields[8]}) do
    table.insert(answer, value)
  end
end
return answer
