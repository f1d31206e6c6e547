/**
 * Messages that wait for runs.
 *
 * @module
 */
import { once, repeatable, type Script } from '../script.ts';

/**
 * Arguments: the channel, who tells, run, id, value, and the key of a row or nothing. Answers a word, and
 * behind `known` the value.
 */
export const enqueueScript: Script = once(String.raw`
local run, id, value, row = ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local key = typed('run:' .. run, 'hash')
if call('EXISTS', key) == 0 then return { missing(run) } end
local place = call('HGET', key, 'at')
complete(key, { place })
local inbox = typed('inbox:' .. run, 'hash')
local queue = typed('queue:' .. run, 'zset')
local known = call('HGET', inbox, id) or row ~= '' and call('HGET', typed('rows:' .. run, 'hash'), row)
if known then return { 'known', known } end
local undelivered = typed('undelivered', 'zset')
local last = call('ZRANGE', queue, -1, -1, 'WITHSCORES')[2] or 0
call('HSET', inbox, id, value)
call('ZADD', queue, whole(last + 1), id)
call('ZADD', undelivered, '0', place .. run)
redis.pcall('PUBLISH', ARGV[1], ARGV[2] .. #run .. ':' .. run)
return { 'queued' }
`);

/**
 * Arguments: run, key or nothing, prefix, `after` or nothing, limit; `=` before key and `after`. Answers
 * ids and values in the order of arrival.
 */
export const messagesScript: Script = repeatable(String.raw`
local run, key, prefix, after, limit = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local inbox = typed('inbox:' .. run, 'hash')
local queue = typed('queue:' .. run, 'zset')
local behind = after ~= '' and call('ZSCORE', queue, string.sub(after, 2)) or 0
local found = {}
local function add(id)
  found[#found + 1] = id
  found[#found + 1] = call('HGET', inbox, id)
end
if key ~= '' then
  key = string.sub(key, 2)
  local place = call('ZSCORE', queue, key)
  if place and tonumber(place) > tonumber(behind) and string.sub(key, 1, #prefix) == prefix and limit > 0 then
    add(key)
  end
  return found
end
local at, size = 0, math.min(limit, 500)
while #found < limit * 2 do
  local ids = call('ZRANGEBYSCORE', queue, '(' .. behind, '+inf', 'LIMIT', whole(at), whole(size))
  for i = 1, #ids do
    if #found < limit * 2 and string.sub(ids[i], 1, #prefix) == prefix then add(ids[i]) end
  end
  if #ids < size then break end
  at = at + size
end
return found
`);
