-- Put in front of what asks, or writes down, which server answers for a block. Each time somebody becomes a master he gets a replication id of
-- his own, and a replica that was promoted keeps the one of the master before, up to whose end it has all, as a second one. After a mere
-- restart there is no second one, as long as the data is read from the append-only file.
-- A block that has moved to a server that once was promoted finds a second id there too, but not that of the server that it came from.

local function server_ids()
  local about = redis.call('INFO', 'replication')
  return string.match(about, 'master_replid:(%x+)'), string.match(about, 'master_replid2:(%x+)')
end

