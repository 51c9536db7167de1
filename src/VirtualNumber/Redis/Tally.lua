-- Counts an event within a window, unless the counter is barred.
-- KEYS: the counter. ARGV: 1 now, 2 the limit that bars it, 3 the window ms, 4 for how long it is barred ms (empty: until the window ends),
-- 5 how much longer than that the key is kept, ms: more than clocks differ
-- Answers {1 when it was counted, until when it is barred or -1}.
-- The counter is one string, big-endian: 1 when barred 1, count 4, end of the count or of the bar 6. The end decides, by the caller's clock;
-- the key's own expiry only sweeps.
local COUNTER = KEYS[1]
local FORM = '>BI4I6'
local now = tonumber(ARGV[1])
local barred, count, ends = 0, 0, now + tonumber(ARGV[3])
local stored = redis.call('GET', COUNTER)
if stored then
  local was_barred, counted, till = struct.unpack(FORM, stored)
  if till > now then
    barred, count, ends = was_barred, counted, till
  end
end
if barred == 1 then
  return {0, string.format('%.0f', ends)}
end
count = count + 1
if count >= tonumber(ARGV[2]) then
  barred = 1
  ends = ARGV[4] ~= '' and now + tonumber(ARGV[4]) or ends
end
redis.call('SET', COUNTER, struct.pack(FORM, barred, count, ends), 'PX', string.format('%.0f', ends - now + tonumber(ARGV[5])))
return {1, barred == 1 and string.format('%.0f', ends) or '-1'}
