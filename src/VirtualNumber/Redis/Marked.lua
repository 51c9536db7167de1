-- Put around every script on a block. It looks first whether the block is still what its caller has seen of it: a Redis that comes back
-- older has forgotten changes that were acknowledged. And it tells how far the block has come, with the script's own answer.
-- Every state change writes an entry to the block's log, so the id of the last entry is the block's mark.
-- The last argument, which the numbers of the other files leave out, is the last mark that the caller has seen, or empty.
-- An error of what follows is answered as it is, anything else as {mark, answer}; the mark is that of the last change by this script, or the
-- one it looked up to tell it, or nil.
-- Other entries than the one that was seen may be there: somebody who had seen less wrote on. A log that was cut past it tells nothing.
local seen_mark = table.remove(ARGV)
local mark = false

-- The id of the log's last entry; false where there is none.
local function last_mark()
  local entry = redis.call('XREVRANGE', KEYS[6], '+', '-', 'COUNT', 1)[1]
  -- Never nil: that would end the answer before it begins.
  return entry and entry[1] or false
end

local function is_later(one, other)
  local pattern = '^(%d+)-(%d+)$'
  local one_time, one_number = one:match(pattern)
  local other_time, other_number = other:match(pattern)
  if one_time ~= other_time then
    return tonumber(one_time) > tonumber(other_time)
  end
  return tonumber(one_number) > tonumber(other_number)
end

local function is_older()
  if seen_mark == '' or #redis.call('XRANGE', KEYS[6], seen_mark, seen_mark) > 0 then
    return false
  end
  -- One that has lost its data says so itself.
  if redis.call('EXISTS', KEYS[1]) == 0 then
    return false
  end
  local first = redis.call('XRANGE', KEYS[6], '-', '+', 'COUNT', 1)[1]
  return not first or not is_later(first[1], seen_mark)
end

-- Script.cs closes it behind the last file.
local function marked(body)
  if is_older() then
    return redis.error_reply('VNOLDER the block has forgotten changes that were seen in it')
  end
  local answer = body()
  if type(answer) == 'table' and answer.err then
    return answer
  end
  return {mark, answer}
end

return marked(function()
