-- suspend, restore, retire: moves slots between the sets of the stock; their score, the rest they have had, goes with them.
-- ARGV: 3 suspend, restore or retire; 4.. slots
-- Answers {changed, leased, latest expire time of the leased, or -1}.
-- Keeps: a slot is in exactly one of the sets; what is retired is not suspended; what an operator puts back is not faulty any more.
local change = ARGV[3]
local to = ({suspend = SUSPENDED, restore = FREE, retire = RETIRED})[change]
local from = ({suspend = {FREE, FAULTY}, restore = {SUSPENDED, RETIRED, FAULTY}, retire = {FREE, SUSPENDED, FAULTY}})[change]
local changed, leased, last = 0, 0, -1
for at = 4, #ARGV do
  local slot = ARGV[at]
  local packed = redis.call('HGET', ROUTES, slot)
  local r = packed and packed ~= '' and decode(packed)
  if r and r.ended == 0 and r.expire > now then
    leased, last = leased + 1, math.max(last, r.expire)
  end
  for _, set in ipairs(from) do
    local score = redis.call('ZSCORE', set, slot)
    if score then
      redis.call('ZREM', set, slot)
      redis.call('ZADD', to, score, slot)
      redis.call('ZREM', RETURNS, slot)
      changed = changed + 1
    end
  end
  if change == 'restore' then
    clear_fault(slot)
  end
  -- A look-up reads the record alone, so it must show the suspension.
  local suspended = redis.call('ZSCORE', SUSPENDED, slot) and 1 or 0
  if r and r.suspended ~= suspended then
    r.suspended = suspended
    redis.call('HSET', ROUTES, slot, encode(r))
  elseif not r and suspended == 1 then
    redis.call('HSET', ROUTES, slot, '')
  elseif not r and packed then
    redis.call('HDEL', ROUTES, slot)
  end
end
if changed > 0 then
  log(({suspend = 'suspended', restore = 'restored', retire = 'retired'})[change], '', '', changed)
end
return {changed, leased, last}
