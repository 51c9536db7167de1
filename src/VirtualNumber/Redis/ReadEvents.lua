-- read events: what a tenant's stream has after a position.
-- KEYS: the stream, the positions. ARGV: 1 the position; empty: nothing is read, 2 the most events
-- Answers {the last that was taken out or empty, the last there is or was or empty, then for each event its id and itself}.
local STREAM, POSITIONS = unpack(KEYS)
local cut = redis.call('HGET', POSITIONS, 'cut') or ''
local last = redis.call('XREVRANGE', STREAM, '+', '-', 'COUNT', 1)[1]
local answer = {cut, last and last[1] or cut}
if ARGV[1] ~= '' then
  for _, entry in ipairs(redis.call('XRANGE', STREAM, '(' .. ARGV[1], '+', 'COUNT', ARGV[2])) do
    table.insert(answer, entry[1])
    table.insert(answer, entry[2][2])
  end
end
return answer
