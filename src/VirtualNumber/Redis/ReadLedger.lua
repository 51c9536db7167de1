-- Reads a ledger. Answers {1, report number, event, terms, claim of role 1, 2, 3}, or {0} when there is none.
if redis.call('EXISTS', LEDGER) == 0 then
  return {0}
end
local number, event, terms = report()
local claims = redis.call('HMGET', LEDGER, 'c1', 'c2', 'c3')
return {1, number, event, terms, claims[1] or '', claims[2] or '', claims[3] or ''}
