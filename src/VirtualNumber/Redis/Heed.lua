-- Put behind Takeover.lua and the rest of the kind of block.

-- Where a server has taken over that may have forgotten changes, lets rest what those may have touched; once for each.
local function heed_takeover(which, aging, loss, most)
  if taken_over(which) then
    log('cautious', '', '', rest(aging, loss, most))
  end
end

