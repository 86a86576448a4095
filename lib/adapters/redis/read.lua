-- Values of keys, read together with the stamp (E2). Gives the stamp, then chunks of values.
-- KEYS: 1 the task's stamp, 2 the names of its stores. ARGV: store | keys …
local CHUNK = 2000
local answer = { redis.call('GET', KEYS[1]) }
for from = 2, #ARGV, CHUNK do
  answer[#answer + 1] = redis.call('HMGET', KEYS[2] .. ':' .. ARGV[1], unpack(ARGV, from, math.min(#ARGV, from + CHUNK - 1)))
end
return answer
