-- Put in front of the takes, behind what their kind of block needs: what a claim that has been decided answers, and what closes one before
-- anything is chosen. Whatever comes next has a claim to decide, and the record to write.
local claim, claim_time, aging = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[7])

-- Closes the claim.
local function refuse(outcome, detail)
  close(claim, claim_time + tonumber(ARGV[6]))
  return {outcome, detail}
end

local taken = redis.call('HGET', CLAIMS, claim)
if taken then
  local r = decode(redis.call('HGET', ROUTES, taken))
  local outcome = live(taken, r) and 'live' or 'ended'
  return {outcome, taken, encode(r)}
end
if redis.call('ZSCORE', CLOSED, claim) then
  return {'closed'}
end
-- Long ago over, where the caller asks another pool than the claim's: then no clock is behind enough.
if now > claim_time + tonumber(ARGV[5]) then
  return refuse('closed')
end
local record = decode(ARGV[8])
if record.expire <= now then
  return refuse('over')
end
