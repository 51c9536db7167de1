-- Put in front of the scripts that look for room in a block whose numbers are shared; behind Shared.lua.

local MOST_PER_READ = 512

-- The first open number, in their order, on which neither party is; their rest there counts. A peer that is not known is ''. Nobody is
-- paired with himself: he would be on the number twice.
local function first_without(holder, peer, aging)
  if holder == peer then
    return nil
  end
  local from, portion = 0, 16
  while true do
    local indexes = redis.call('ZRANGE', OPEN, from, from + portion - 1)
    if #indexes == 0 then
      return nil
    end
    local fields = {}
    for _, index in ipairs(indexes) do
      table.insert(fields, party(index, holder))
      table.insert(fields, party(index, peer ~= '' and peer or holder))
    end
    local entries = redis.call('HMGET', PARTIES, unpack(fields))
    for at, index in ipairs(indexes) do
      local one, other = entries[2 * at - 1], entries[2 * at]
      if not (one and struct.unpack('>I6', one) > now - aging) and not (other and struct.unpack('>I6', other) > now - aging) then
        return index
      end
    end
    from, portion = from + portion, math.min(2 * portion, MOST_PER_READ)
  end
end

-- The number to lease from; nil when there is none.
local function choose(holder, peer, aging)
  if paired then
    return first_without(holder, peer, aging)
  end
  return redis.call('ZRANGE', OPEN, 0, 0)[1]
end

-- From when on the block may have an open number, as text: 0 now, -1 as far as can be seen never.
local function open_from(aging)
  if redis.call('ZCARD', OPEN) > 0 then
    return '0'
  end
  local expires = redis.call('ZRANGE', FREE, 0, 0, 'WITHSCORES')[2]
  local rests = redis.call('ZRANGE', RESTING, 0, 0, 'WITHSCORES')[2]
  local back = redis.call('ZRANGE', RETURNS, 0, 0, 'WITHSCORES')[2]
  local first = math.min(
    expires and tonumber(expires) or math.huge, rests and tonumber(rests) + aging or math.huge, back and tonumber(back) or math.huge)
  return first == math.huge and '-1' or string.format('%.0f', math.max(first, 1))
end
