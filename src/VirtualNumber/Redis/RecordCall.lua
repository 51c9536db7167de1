-- record call: writes what a look-up came to into the record of its call; one that is to be connected is counted, or refused where its
-- caller was connected by this lease as often as may be.
-- KEYS: meta, calls, callsdue, what was connected of late. That is instant 6 and call digest 16 of each call, in the order in which they came.
-- ARGV: 9 what the look-up came to, 10 what it comes to when it is too frequent, 11 limits: count 2 and time ms 6 of each; empty: none,
-- 12 how many calls are remembered, 13 for how long, ms, 14 how much longer the key is kept, ms: more than clocks differ, 15 for how long a
-- call that was connected is the same call, ms
-- Answers 1 when it is recorded as it came, 0 when it is too frequent. A repeat is harmless: while it is the same call, a call is counted once.
local FREQUENCY = KEYS[4]
local CONNECTED, LIMIT = '>I6c16', '>I2I6'
local outcome = tonumber(ARGV[9])

-- Whether the call may be connected; then it is counted, unless it was before.
local function count()
  local longest, same, connected, recent = tonumber(ARGV[13]), tonumber(ARGV[15]), redis.call('GET', FREQUENCY) or '', {}
  for at = 1, #connected, 22 do
    local time, known = struct.unpack(CONNECTED, connected, at)
    if time > now - longest then
      if known == call and time > now - same then
        return true
      end
      table.insert(recent, {time = time, packed = connected:sub(at, at + 21)})
    end
  end
  for at = 1, #ARGV[11], 8 do
    local most, within = struct.unpack(LIMIT, ARGV[11], at)
    local met = 0
    for _, known in ipairs(recent) do
      met = met + (known.time > now - within and 1 or 0)
    end
    if met >= most then
      return false
    end
  end
  local kept = {}
  for at = math.max(1, #recent - tonumber(ARGV[12]) + 2), #recent do
    table.insert(kept, recent[at].packed)
  end
  local packed = table.concat(kept) .. struct.pack(CONNECTED, now, call)
  redis.call('SET', FREQUENCY, packed, 'PX', string.format('%.0f', longest + tonumber(ARGV[14])))
  return true
end

local through = ARGV[11] == '' or count()
local r = find()
local new = not r or is_of_other_lease(r)
if new then
  r = {start = now, slot = 0, epoch = 0, events = ''}
end
-- A look-up that reaches no lease tells nothing of the call that did.
if epoch ~= 0 or r.epoch == 0 then
  r.slot, r.epoch = slot, epoch
  r.outcome, r.source = through and outcome or tonumber(ARGV[10]), source
  keep(r, new)
end
return through and 1 or 0
