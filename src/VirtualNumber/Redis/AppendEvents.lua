-- append: appends events of one block to its tenant's stream, each once, and takes out what is too old or too much.
-- KEYS: the stream, the positions. ARGV: 1 the block, 2 up to where its log was forwarded; empty: nothing was, 3 up to where it is then,
-- 4 events from before this ms are taken out, 5 so many are kept at most, 6 the most to take out, 7.. the events
-- Answers up to where the block's log is forwarded: another position than the third argument's means that nothing was appended, but by
-- somebody else. A repeat after a lost answer appends nothing and is answered as the first was.
local STREAM, POSITIONS = unpack(KEYS)
local known = redis.call('HGET', POSITIONS, ARGV[1]) or ''
if known ~= ARGV[2] then
  return known
end
for at = 7, #ARGV do
  redis.call('XADD', STREAM, '*', 'e', ARGV[at])
end
redis.call('HSET', POSITIONS, ARGV[1], ARGV[3])

local old, excess = tonumber(ARGV[4]), redis.call('XLEN', STREAM) - tonumber(ARGV[5])
local function goes(entry, at)
  return at <= excess or tonumber(entry[1]:match('^%d+')) < old
end
local first = redis.call('XRANGE', STREAM, '-', '+', 'COUNT', 1)[1]
if first and goes(first, 1) then
  local cut = 0
  local oldest = redis.call('XRANGE', STREAM, '-', '+', 'COUNT', ARGV[6])
  while oldest[cut + 1] and goes(oldest[cut + 1], cut + 1) do
    cut = cut + 1
  end
  redis.call('HSET', POSITIONS, 'cut', oldest[cut][1])
  redis.call('XTRIM', STREAM, 'MAXLEN', redis.call('XLEN', STREAM) - cut)
end
return ARGV[3]
