-- confirm: an operator has looked at a barred block and goes on with what Redis has; what forgotten changes may have touched rests first.
-- ARGV: 3 which bar it is, 4 aging ms, 5 possible loss ms, 6 by how much later a forgotten now may have been, ms, 7 forgotten leases that are
-- reckoned with
-- Answers {0}: it leases at once; the mark is told. Harmless to repeat: each bar is confirmed once.
if redis.call('HGET', META, 'confirmed') ~= ARGV[3] then
  log('confirmed', '', '', rest(tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])))
  redis.call('HSET', META, 'confirmed', ARGV[3], 'server', (server_ids()))
end
mark = mark or last_mark()
return {'0'}
