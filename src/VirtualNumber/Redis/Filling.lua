-- Put in front of the scripts that fill a block. They run without the look for lost data of all others, which a new block would be: a block
-- that was filled and has no meta is not made anew, since its numbers may be leased or aging.
local META = KEYS[1]
local LOG = KEYS[6]
if ARGV[6] == '1' and redis.call('EXISTS', META) == 0 then
  return redis.error_reply('VNLOST the block has lost its data')
end
-- A fail-over may lose the end of the registry and keep a block that it names; another block gets the id, and must not get the leases.
redis.call('HSETNX', META, 'block', ARGV[3])
if redis.call('HGET', META, 'block') ~= ARGV[3] then
  return redis.error_reply('VNOTHER the keys of this block hold another block, which the registry has lost')
end

-- Whoever takes from it first asks whether that server is still the one that answers (Heed.lua).
redis.call('HSETNX', META, 'server', (server_ids()))

-- Answers how many are new, once that is logged.
local function stocked(added)
  if added > 0 then
    mark = redis.call('XADD', LOG, 'MAXLEN', '~', ARGV[2], '*', 'k', 'stocked', 's', '', 'e', '', 't', ARGV[1], 'c', added)
  end
  return added
end

