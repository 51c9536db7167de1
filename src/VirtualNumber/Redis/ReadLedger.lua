-- Reads a ledger. Answers {'there', report number, event, terms, claim of role 1, 2, 3}, or {'none'}.
if not exists then
  return {'none'}
end
return {'there', ledger.report, ledger.event, ledger.terms, unpack(ledger.claims)}
