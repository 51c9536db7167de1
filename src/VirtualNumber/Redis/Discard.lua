-- Throws away what stands in a block's place and is another block, which an operator has confirmed.
-- KEYS: all of the block. ARGV: 1 now, 2 length of the log, 3 which block it is
-- Answers {}. Harmless to repeat, and where the block itself stands there.
local identity = redis.call('HGET', KEYS[1], 'block')
if identity and identity ~= ARGV[3] then
  redis.call('DEL', unpack(KEYS))
end
return {}
