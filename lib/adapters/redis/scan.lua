-- Some entries of a store, read together with the stamp; at least one unless none is left. Gives the stamp, the next cursor ('0': that was all), keys and values.
-- KEYS: 1 the task's stamp, 2 the names of its stores. ARGV: store | cursor | about how many
local cursor, found = ARGV[2], nil
repeat
  local page = redis.call('HSCAN', KEYS[2] .. ':' .. ARGV[1], cursor, 'COUNT', ARGV[3])
  cursor, found = page[1], page[2]
until #found > 0 or cursor == '0'
return { redis.call('GET', KEYS[1]), cursor, found }
