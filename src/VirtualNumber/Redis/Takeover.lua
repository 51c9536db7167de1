-- Put in front of the takes, of what lets a party join a pair, of what fills a block and of what confirms it: whether another server answers for the block than when it was
-- asked last, or the same one after a restart. Redis tells the two apart: each time somebody becomes a master he gets a replication id of his
-- own, and a replica that was promoted keeps the one of the master before, up to whose end it has all, as a second one. After a mere
-- restart there is no second one, as long as the data is read from the append-only file.
-- A block that has moved to a server that once was promoted finds a second id there too, but not that of the server that it came from.

local function server_ids()
  local about = redis.call('INFO', 'replication')
  return string.match(about, 'master_replid:(%x+)'), string.match(about, 'master_replid2:(%x+)')
end

