-- The number of entries of every store, read together with the stamp. Gives the stamp, then name and number of each.
-- KEYS: 1 the task's stamp, 2 the names of its stores
local answer = { redis.call('GET', KEYS[1]) }
for _, store in ipairs(redis.call('SMEMBERS', KEYS[2])) do
  answer[#answer + 1] = store
  answer[#answer + 1] = redis.call('HLEN', KEYS[2] .. ':' .. store)
end
return answer
