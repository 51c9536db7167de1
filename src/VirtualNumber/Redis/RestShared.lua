-- Put behind Shared.lua in front of what has to reckon with forgotten changes.

-- Nobody can tell which extensions or parties a forgotten lease holds, so the block leases nothing until all that may have been forgotten has
-- rested. Answers how many slots that touches: none, the rest is the block's.
local function rest(aging, loss, slack)
  leases_from = math.max(leases_from, now + aging + loss + slack)
  redis.call('HSET', META, 'leases', string.format('%.0f', leases_from))
  return 0
end
