-- Appends changes to the registry, if nobody else has since the caller read it.
-- KEYS: the registry. ARGV: 1 the length that the caller has read, 2.. changes
-- Answers 1, or 0 when the registry is longer by now and nothing was appended. A repeat after a lost answer appends nothing.
if redis.call('LLEN', KEYS[1]) ~= tonumber(ARGV[1]) then
  return 0
end
redis.call('RPUSH', KEYS[1], unpack(ARGV, 2))
return 1
