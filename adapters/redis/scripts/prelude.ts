/**
 * What all scripts begin with, and how the store lies in the server.
 *
 * All keys begin with the store's prefix. Lists are sorted sets whose scores are all 0, so that Redis
 * orders them by their members: a number as 16 digits and then an id (order.ts).
 *
 * | key | is |
 * |---|---|
 * | `meta` | hash: which application and schema; the number of the last owner |
 * | `run:<id>` | hash: owner, fence, seq and time of the newest checkpoint, head; small, as Redis keeps small hashes in a third of the room |
 * | `more:<id>` | string: `more` of the head |
 * | `log:<id>` | hash: checkpoints by seq |
 * | `seqs:<id>` | sorted set: the seqs of the checkpoints, with a `b` behind those of bases |
 * | `rows:<id>`, `keys:<id>` | hash and list: rows, by kind, colon and key |
 * | `inbox:<id>`, `queue:<id>` | hash: messages by id; sorted set: their ids in the order of arrival |
 * | `status:<status>`, `machine:<id>`, `tag:<tag>`, `undelivered` | lists of runs, by `createdAt` |
 * | `due` | sorted set of runs, by the time when they are due |
 * | `questions` | hash: open questions by id |
 * | `open`, `open:machine:<id>`, `open:assignee:<id>`, `open:tag:<tag>`, `asked:<run>` | lists of questions, by `opened` |
 * | `owners`, `holders`, `leases` | hashes and sorted set: the number of an owner; its id and process, and the end of its lease, by number |
 * | `closed:<session>` | string: there when what still arrives from a lost connection is to do nothing |
 * | `tombstones` | sorted set: deleted runs, by the time from which their ids are free again |
 *
 * A number of an owner is never given out again: runs whose owner is gone from `leases` are free, and need
 * no update. None of these keys expires by itself but `closed`: whether a lease has ended is worked out when it is asked.
 *
 * @module
 */

/**
 * `typed` is called for each key before a script writes anything: Redis takes back nothing of a script
 * that fails half way, and of all that a write may fail of, only the type of a key is known to us alone.
 * Numbers are formatted, as Lua would write a time as `1.7e+12`.
 */
export const prelude: string = String.raw`
local P = KEYS[1]
local call = redis.call
if call('EXISTS', KEYS[2]) == 1 then
  return redis.error_reply('LATE this came over a connection that was lost before')
end

local function now()
  local time = call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function whole(number)
  return string.format('%.0f', number)
end

local function typed(name, kind)
  local key = P .. name
  local found = call('TYPE', key).ok
  if found ~= kind and found ~= 'none' then
    error('DAMAGED the key ' .. key .. ' is a ' .. found .. ' and should be a ' .. kind, 0)
  end
  return key
end

local function complete(key, fields)
  for i = 1, #fields do
    if not fields[i] then error('DAMAGED the key ' .. key .. ' lacks fields', 0) end
  end
end

local function reasonOf(problem)
  return type(problem) == 'table' and problem.err or problem
end

local function unpacked(list, place)
  local items, at = {}, 1
  while at <= #list do
    local _, colon, size = string.find(list, '^(%d+):', at)
    if not colon or colon + size > #list then error('DAMAGED ' .. place .. ' is cut short', 0) end
    at = colon + 1 + size
    items[#items + 1] = string.sub(list, colon + 1, at - 1)
  end
  return items
end

local function isBuried(run)
  local free = call('ZSCORE', P .. 'tombstones', run)
  return free and tonumber(free) > now()
end

local function missing(run)
  return isBuried(run) and 'deleted' or 'missing'
end
`;
