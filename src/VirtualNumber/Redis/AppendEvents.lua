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
-- Mostly few go, so few are read; more only where all of those go.
local cut, last, after = 0, nil, '-'
for _, step in ipairs({1, 16, ARGV[6] - 17}) do
  local oldest = redis.call('XRANGE', STREAM, after, '+', 'COUNT', step)
  local gone = 0
  while oldest[gone + 1] and goes(oldest[gone + 1], cut + 1) do
    gone, cut = gone + 1, cut + 1
    last = oldest[gone][1]
  end
  if gone < step then
    break
  end
  after = '(' .. last
end
if cut > 0 then
  redis.call('HSET', POSITIONS, 'cut', last)
  redis.call('XTRIM', STREAM, 'MAXLEN', redis.call('XLEN', STREAM) - cut)
end
return ARGV[3]
