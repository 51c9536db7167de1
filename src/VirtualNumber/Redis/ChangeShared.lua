-- suspend, restore, retire, where numbers are shared.
-- ARGV: 3 suspend, restore or retire; 4.. indexes of numbers
-- Answers {changed numbers, their live leases and those of the others that were named, latest expire time of those, or -1}.
-- Keeps: what is retired is not suspended; what an operator puts back is not faulty any more; a record shows whether its number is suspended, since a look-up may read nothing else.
local MOST_PER_READ = 1000
local change = ARGV[3]
local to = ({suspend = SUSPENDED, restore = IN_STOCK, retire = RETIRED})[change]
local changed, leased, last = 0, 0, -1

-- The numbers that have records, and of each whether it is suspended from now on.
local suspended, used = {}, {}
for at = 4, #ARGV do
  local index = ARGV[at]
  -- One that is in the registry and not yet here is not leased, and cannot be changed yet.
  local n = redis.call('HEXISTS', NUMBERS, index) == 1 and read_number(index)
  if n and n.state ~= to and not (change == 'suspend' and n.state == RETIRED) then
    n.state = to
    save_number(index, n)
    redis.call('ZREM', RETURNS, index)
    changed = changed + 1
  end
  if n and change == 'restore' then
    clear_fault(index)
  end
  if n and n.present > 0 then
    suspended[index] = n.state == SUSPENDED and 1 or 0
    table.insert(used, index)
  end
end

-- Where their records may be: all slots that they have, or all records that there are, whichever is less.
local places = {}
if #used * slots < redis.call('ZCARD', FREE) + redis.call('ZCARD', RESTING) then
  for _, index in ipairs(used) do
    for part = 0, slots - 1 do
      table.insert(places, string.format('%09d', tonumber(index) * slots + part))
    end
  end
elseif #used > 0 then
  for _, all in ipairs({redis.call('ZRANGE', FREE, 0, -1), redis.call('ZRANGE', RESTING, 0, -1)}) do
    for _, slot in ipairs(all) do
      if suspended[index_of(slot)] then
        table.insert(places, slot)
      end
    end
  end
end

for from = 1, #places, MOST_PER_READ do
  local upto = math.min(from + MOST_PER_READ - 1, #places)
  for at, packed in ipairs(redis.call('HMGET', ROUTES, unpack(places, from, upto))) do
    if packed then
      local slot, r = places[from + at - 1], decode(packed)
      if r.ended == 0 and r.expire > now then
        leased, last = leased + 1, math.max(last, r.expire)
      end
      if r.suspended ~= suspended[index_of(slot)] then
        r.suspended = suspended[index_of(slot)]
        redis.call('HSET', ROUTES, slot, encode(r))
      end
    end
  end
end
if changed > 0 then
  log(({suspend = 'suspended', restore = 'restored', retire = 'retired'})[change], '', '', changed)
end
return {changed, leased, last}
