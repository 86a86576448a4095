-- Compares the stamp and removes stamp and stores together (O3).
-- KEYS: 1 the task's stamp, 2 the names of its stores. ARGV: the expected stamp, '' for none
local stamp = redis.call('GET', KEYS[1])
if stamp and stamp ~= ARGV[1] then return 'mismatch' end
for _, store in ipairs(redis.call('SMEMBERS', KEYS[2])) do redis.call('UNLINK', KEYS[2] .. ':' .. store) end
redis.call('UNLINK', KEYS[1], KEYS[2])
return 'wiped'
