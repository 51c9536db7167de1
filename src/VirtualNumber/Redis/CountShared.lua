-- Counts a block whose numbers are shared, in places: each number has as many as the density. For a pair, also where its parties are.
-- ARGV: 3 aging ms, 4 digest of a pair's holder, 5 digest of its peer (empty: not asked about, or not known)
-- Answers {available, leased, aging, suspended, retired, draining, when the next place frees up or -1; numbers in stock, those with a place,
-- those of them without either party, all without either party, those with the holder, those with the peer, when neither party is on some
-- number any more or -1, faulty}. Places with a live lease of a faulty number count as leased; a number on probation is in stock once it is back. It changes nothing.
local aging, holder_digest, peer_digest = tonumber(ARGV[3]), ARGV[4], ARGV[5]
local rested = now - aging
local MOST_PER_READ = 500
local SOME = 100

-- The numbers, their live slots as of now, and their present ones: live, or not rested yet.
local numbers = {}
local packed = redis.call('HGETALL', NUMBERS)
for at = 1, #packed, 2 do
  local n = {}
  n.state, n.live, n.present = struct.unpack(NUMBER, packed[at + 1])
  numbers[packed[at]] = n
end
local next_place = math.huge
local returns = redis.call('ZRANGE', RETURNS, 0, -1, 'WITHSCORES')
for at = 1, #returns, 2 do
  local back = tonumber(returns[at + 1])
  if back <= now then
    numbers[returns[at]].state = IN_STOCK
  else
    next_place = math.min(next_place, back)
  end
end
local due = redis.call('ZRANGEBYSCORE', FREE, '-inf', now, 'WITHSCORES')
for at = 1, #due, 2 do
  local n = numbers[index_of(due[at])]
  n.live = n.live - 1
  if tonumber(due[at + 1]) <= rested then
    n.present = n.present - 1
  end
end
for _, slot in ipairs(redis.call('ZRANGEBYSCORE', RESTING, '-inf', rested)) do
  local n = numbers[index_of(slot)]
  n.present = n.present - 1
end

local available, leased, resting, suspended, retired, draining, faulty = 0, 0, 0, 0, 0, 0, 0
local in_stock, with_room = {}, 0
for index, n in pairs(numbers) do
  if n.state == SUSPENDED then
    suspended = suspended + density
  elseif n.state == RETIRED then
    retired, draining = retired + density, draining + n.live
  elseif n.state == FAULTY then
    leased, faulty = leased + n.live, faulty + density - n.live
  else
    n.available = math.max(0, math.min(density - n.live, slots - n.present))
    available, leased, resting = available + n.available, leased + n.live, resting + density - n.live - n.available
    with_room = with_room + (n.available > 0 and 1 or 0)
    table.insert(in_stock, index)
  end
end

-- The first of a walk in the order of the ends, some at a time, whose number is in stock and passes; its end.
local function first(some, passes)
  local from = 0
  repeat
    local slots_and_ends = some(from)
    for at = 1, #slots_and_ends, 2 do
      local n = numbers[index_of(slots_and_ends[at])]
      if n.state == IN_STOCK and passes(n) then
        return tonumber(slots_and_ends[at + 1])
      end
    end
    from = from + SOME
  until #slots_and_ends == 0
  return math.huge
end

-- A number that is as dense as it may be waits for one of its leases to end, any other for one of its slots to have rested.
if available > 0 then
  next_place = math.huge
else
  local function dense(n) return n.live >= density end
  local function sparse(n) return n.live < density end
  local expire = first(function(from) return redis.call('ZRANGEBYSCORE', FREE, '(' .. now, '+inf', 'WITHSCORES', 'LIMIT', from, SOME) end, dense)
  local ended = first(function(from) return redis.call('ZRANGEBYSCORE', FREE, '(' .. rested, now, 'WITHSCORES', 'LIMIT', from, SOME) end, sparse)
  local rest = first(function(from) return redis.call('ZRANGEBYSCORE', RESTING, '(' .. rested, '+inf', 'WITHSCORES', 'LIMIT', from, SOME) end, sparse)
  next_place = math.min(next_place, expire, ended + aging, rest + aging)
end

-- Until when a party is on a number of a portion; 0 where it is not.
local function ends_of(digest, from, upto)
  local fields, ends = {}, {}
  for at = from, upto do
    table.insert(fields, party(in_stock[at], digest))
  end
  for at, entry in ipairs(redis.call('HMGET', PARTIES, unpack(fields))) do
    local till = entry and struct.unpack('>I6', entry) or 0
    ends[at] = till > rested and till or 0
  end
  return ends
end

local fitting, unoccupied, of_holder, of_peer, next_both = 0, 0, 0, 0, math.huge
if holder_digest ~= '' then
  for from = 1, #in_stock, MOST_PER_READ do
    local upto = math.min(from + MOST_PER_READ - 1, #in_stock)
    local of_one = ends_of(holder_digest, from, upto)
    local of_other = peer_digest ~= '' and ends_of(peer_digest, from, upto) or {}
    for at = 1, upto - from + 1 do
      local one, other = of_one[at], of_other[at] or 0
      of_holder, of_peer = of_holder + (one > 0 and 1 or 0), of_peer + (other > 0 and 1 or 0)
      if one == 0 and other == 0 then
        unoccupied = unoccupied + 1
        fitting = fitting + (numbers[in_stock[from + at - 1]].available > 0 and 1 or 0)
      else
        next_both = math.min(next_both, math.max(one, other) + aging)
      end
    end
  end
end

local function instant(time)
  return time == math.huge and '-1' or string.format('%.0f', time)
end
return {
  available, leased, resting, suspended, retired, draining, instant(next_place),
  #in_stock, with_room, fitting, unoccupied, of_holder, of_peer, instant(unoccupied > 0 and math.huge or next_both), faulty,
}
