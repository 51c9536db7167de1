-- confirm, where numbers are shared: an operator has looked at a barred block and goes on with what Redis has.
-- ARGV: 3 which bar it is, 4 aging ms, 5 possible loss ms, 6 by how much later a forgotten now may have been, ms, 7 1 when it may lease at once: no lease was forgotten
-- Answers {from when on it leases, or 0: at once}; the mark is told. Harmless to repeat: each bar is confirmed once.
if redis.call('HGET', META, 'confirmed') ~= ARGV[3] then
  if ARGV[7] == '1' then
    leases_from = 0
    redis.call('HDEL', META, 'leases')
  else
    rest(tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]))
  end
  log('confirmed', '', '', 0)
  redis.call('HSET', META, 'confirmed', ARGV[3], 'server', (server_ids()))
end
mark = mark or last_mark()
return {string.format('%.0f', leases_from)}
