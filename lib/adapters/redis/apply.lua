-- One call of APPLY (E6): all of it happens, or nothing.
-- KEYS: 1 the task's stamp, 2 the names of its stores; a store is the hash KEYS[2]:<name>, in the same slot
-- ARGV: expected stamp, '' for none | new stamp | 1 to replace everything, else 0 | number n of landed stamps | n stamps | runs of changes:
--       store | number of pairs | key, value, key, value …   or   store | minus the number of keys | key, key …
local CHUNK = 2000 -- what unpack() takes at once has a limit
local stamp = redis.call('GET', KEYS[1])
local landed = tonumber(ARGV[4])
if stamp then
  for i = 5, 4 + landed do
    if ARGV[i] == stamp then return 'landed' end
  end
end
if (stamp or '') ~= ARGV[1] then return 'mismatch' end
redis.call('SET', KEYS[1], ARGV[2]) -- before any entry: whoever reads a half-written call reads its dirty stamp
if ARGV[3] == '1' then
  for _, store in ipairs(redis.call('SMEMBERS', KEYS[2])) do redis.call('UNLINK', KEYS[2] .. ':' .. store) end
  redis.call('UNLINK', KEYS[2])
end
local function each(command, hash, first, last)
  for from = first, last, CHUNK do redis.call(command, hash, unpack(ARGV, from, math.min(last, from + CHUNK - 1))) end
end
local at = 5 + landed
while at <= #ARGV do
  local store, n = ARGV[at], tonumber(ARGV[at + 1])
  local hash, first = KEYS[2] .. ':' .. store, at + 2
  if n > 0 then
    redis.call('SADD', KEYS[2], store)
    each('HSET', hash, first, first + 2 * n - 1)
    at = first + 2 * n
  else
    each('HDEL', hash, first, first - n - 1)
    at = first - n
    if redis.call('EXISTS', hash) == 0 then redis.call('SREM', KEYS[2], store) end
  end
end
return 'applied'
