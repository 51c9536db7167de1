-- claim pushes: makes pushes of the events behind the webhook's position, and claims those that are due. While all places are taken none is
-- made; while half of them are, by pushes that were refused, only full ones. Where events wait and no push is due within a minute, the one
-- that would be first is due in a minute: it asks whether the webhook is back.
-- ARGV: 2 the webhook's name among the positions, 3 the most that are neither taken nor parked, 4 the most that are parked, 5 the most
-- events of a push, 6 the most to make and to claim, 7 for how long they are claimed ms, 8 the event that tells of lost ones
-- Answers {how many are due or claimed, how many are parked, 1 where events wait for room, 1 where events were lost, then for each push that was
-- claimed its id and itself}. A repeat after a lost answer claims others; those of the first are claimed again when their time is over.
local function is_later(one, other)
  local one_time, one_number = one:match('^(%d+)-(%d+)$')
  local other_time, other_number = other:match('^(%d+)-(%d+)$')
  if one_time ~= other_time then
    return tonumber(one_time) > tonumber(other_time)
  end
  return tonumber(one_number) > tonumber(other_number)
end

local PROBED_WITHIN = 60000
local most = tonumber(ARGV[6])
local cut = redis.call('HGET', POSITIONS, 'cut') or '0-0'
local known = redis.call('HGET', POSITIONS, ARGV[2])
local from = known
if not from then
  local last = redis.call('XREVRANGE', STREAM, '+', '-', 'COUNT', 1)[1]
  from = last and last[1] or cut
end
local lost, made = 0, 0
while made < most and redis.call('ZCARD', DUE) < tonumber(ARGV[3]) and redis.call('ZCARD', PARKED) < tonumber(ARGV[4]) do
  local events = {}
  if is_later(cut, from) then
    lost, from = 1, cut
    -- In the place of what changed: up to where all is gone, so that it is an event of its own.
    local time, number = cut:match('^(%d+)-(%d+)$')
    table.insert(events, ARGV[8]:sub(1, 6) .. struct.pack('>I6I4', tonumber(time), tonumber(number)) .. ARGV[8]:sub(17))
  end
  local room = tonumber(ARGV[5]) - #events
  -- With a COUNT of 0 Redis answers nil.
  local page = room > 0 and redis.call('XRANGE', STREAM, '(' .. from, '+', 'COUNT', room) or {}
  -- Once half of the places are taken by what was refused, a place is for a full push only.
  if #events + #page == 0 or (#page < room and redis.call('ZCARD', RETRIES) * 2 >= tonumber(ARGV[3]) and lost == 0) then
    break
  end
  for _, entry in ipairs(page) do
    table.insert(events, entry[2][2])
    from = entry[1]
  end
  local id = id_of(from)
  write_push(id, 0, 0, now, 0, table.concat(events))
  redis.call('ZADD', DUE, now, id)
  made = made + 1
end
if from ~= known then
  redis.call('HSET', POSITIONS, ARGV[2], from)
end

local waiting = redis.call('XRANGE', STREAM, '(' .. from, '+', 'COUNT', 1)[1]
if waiting and redis.call('ZCOUNT', DUE, '-inf', now + PROBED_WITHIN) == 0 then
  -- All wait for a later retry: the first of them asks in a minute whether the webhook is back.
  local probe = redis.call('ZRANGE', DUE, 0, 0)[1]
  if probe then
    redis.call('ZADD', DUE, now + PROBED_WITHIN, probe)
  end
end
local answer = {redis.call('ZCARD', DUE), redis.call('ZCARD', PARKED), waiting and 1 or 0, lost}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', DUE, '-inf', now, 'LIMIT', 0, most)) do
  local failures, claims, time, fault, events = read_push(id)
  redis.call('ZADD', DUE, now + tonumber(ARGV[7]), id)
  table.insert(answer, id)
  table.insert(answer, write_push(id, failures, claims + 1, time, fault, events))
end
return answer
