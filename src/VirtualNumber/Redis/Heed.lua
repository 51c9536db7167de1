-- Put behind Takeover.lua and the rest of the kind of block.

-- Where a server has taken over that may have forgotten changes, lets rest what those may have touched; once for each.
-- Which changes of the server count: 'any', 'takeover' where a replica was promoted, or '' for none.
local function heed_takeover(which, aging, loss, slack, most)
  if which == '' then
    return
  end
  local server, before = server_ids()
  local known = redis.call('HGET', KEYS[1], 'server')
  if known == server then
    return
  end
  if known and (which == 'any' or known == before) then
    log('cautious', '', '', rest(aging, loss, slack, most))
  end
  -- Ticked off last: what fails above is tried again by the next one.
  redis.call('HSET', KEYS[1], 'server', server)
end

