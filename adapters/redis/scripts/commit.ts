/**
 * Writes a batch: atomic for each run, an outcome for each run.
 *
 * @module
 */
import { once, type Script } from '../script.ts';

/**
 * Arguments: the channel, who tells, and then for each commit the number of its arguments, run, owner,
 * fence, `expect` or nothing, mode, and what it holds, each a letter with its arguments (commits.ts).
 *
 * Each commit is planned first: all that may refuse it is checked, and each write is noted. Only then are
 * the writes carried out, none of which can fail: the server checks its memory and its disk before the first
 * write of a script, and never after it.
 *
 * Answers a letter for each commit, and then what some of these have to say more.
 */
export const commitScript: Script = once(String.raw`
local arity = { C = 4, X = 2, H = 8, D = 1, P = 2, T = 1, L = 1, A = 2, U = 1, R = 0, B = 1, F = 1 }
local time = now()
local owners, lists, told, extras = {}, {}, {}, {}

local function ownerOf(id)
  if owners[id] == nil then
    local number = call('HGET', P .. 'owners', id)
    owners[id] = number and call('ZSCORE', P .. 'leases', number) and number
  end
  return owners[id]
end

-- The key of a list of the whole store: its type is looked up once in a script.
local function list(name)
  lists[name] = lists[name] or typed(name, 'zset')
  return lists[name]
end

local function tagLists(place, packed)
  local names = unpacked(packed, 'a list of tags')
  for i = 1, #names do names[i] = list(place .. names[i]) end
  return names
end

-- The lists that a question is in, and its member there.
local function questionLists(id, question)
  local run, machine, assignee = question[1], question[2], question[3]
  local names = tagLists('open:tag:', question[4])
  names[#names + 1] = list('open')
  names[#names + 1] = typed('asked:' .. run, 'zset')
  names[#names + 1] = list('open:machine:' .. machine)
  if assignee ~= '' then names[#names + 1] = list('open:assignee:' .. string.sub(assignee, 2)) end
  return names, question[6] .. id
end

local function questionOf(id, asked)
  local packed = asked[id]
  if packed == nil then packed = call('HGET', typed('questions', 'hash'), id) end
  return packed and unpacked(packed, "the question '" .. id .. "' in the key " .. P .. 'questions')
end

local function planClosing(plan, id, question)
  local names, member = questionLists(id, question)
  for i = 1, #names do plan[#plan + 1] = { 'ZREM', names[i], member } end
  plan[#plan + 1] = { 'HDEL', P .. 'questions', id }
end

local function planHead(plan, run, at, exists)
  local key = P .. 'run:' .. run
  local machine, version, status, due = ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4]
  local created, place, tags, more = ARGV[at + 5], ARGV[at + 6], ARGV[at + 7], ARGV[at + 8]
  local old = exists and call('HMGET', key, 'machine', 'status', 'due', 'at', 'tags', 'created')
    or { false, false, '', place, '', created }
  if exists then complete(key, old) end
  created, place = old[6], old[4]
  local member = place .. run
  if old[5] ~= tags or not exists then
    for _, name in ipairs(tagLists('tag:', old[5])) do plan[#plan + 1] = { 'ZREM', name, member } end
    for _, name in ipairs(tagLists('tag:', tags)) do plan[#plan + 1] = { 'ZADD', name, '0', member } end
  end
  local function move(name, from, to)
    if from == to then return end
    if from then plan[#plan + 1] = { 'ZREM', list(name .. from), member } end
    plan[#plan + 1] = { 'ZADD', list(name .. to), '0', member }
  end
  move('machine:', old[1], machine)
  move('status:', old[2], status)
  if due ~= old[3] then
    plan[#plan + 1] = due == '' and { 'ZREM', list('due'), run } or { 'ZADD', list('due'), due, run }
  end
  plan[#plan + 1] = { 'HSET', key, 'machine', machine, 'version', version, 'status', status, 'due', due,
    'created', created, 'at', place, 'tags', tags }
  plan[#plan + 1] = { 'SET', typed('more:' .. run, 'string'), more }
end

local function planDrop(plan, run, from, before)
  local seqs = call('ZRANGEBYSCORE', P .. 'seqs:' .. run, from, '(' .. before)
  for i = 1, #seqs, 1000 do
    local fields = { 'HDEL', P .. 'log:' .. run }
    for j = i, math.min(i + 999, #seqs) do fields[#fields + 1] = string.match(seqs[j], '^%d+') end
    plan[#plan + 1] = fields
  end
  if #seqs > 0 then plan[#plan + 1] = { 'ZREMRANGEBYSCORE', P .. 'seqs:' .. run, from, '(' .. before } end
end

local function planRemoval(plan, run, ms)
  local old = call('HMGET', P .. 'run:' .. run, 'machine', 'status', 'at', 'tags')
  complete(P .. 'run:' .. run, old)
  local member = old[3] .. run
  for _, name in ipairs(tagLists('tag:', old[4])) do plan[#plan + 1] = { 'ZREM', name, member } end
  for _, name in ipairs({ 'machine:' .. old[1], 'status:' .. old[2], 'undelivered' }) do
    plan[#plan + 1] = { 'ZREM', list(name), member }
  end
  plan[#plan + 1] = { 'ZREM', list('due'), run }
  for _, asked in ipairs(call('ZRANGE', typed('asked:' .. run, 'zset'), 0, -1)) do
    local id = string.sub(asked, 17)
    local question = questionOf(id, {})
    if question then planClosing(plan, id, question) end
  end
  for _, name in ipairs({ 'run:', 'more:', 'log:', 'seqs:', 'rows:', 'keys:', 'inbox:', 'queue:', 'asked:' }) do
    plan[#plan + 1] = { 'UNLINK', P .. name .. run }
  end
  local graves = list('tombstones')
  local old = call('ZRANGEBYSCORE', graves, '-inf', whole(time), 'LIMIT', '0', '100')
  if #old > 0 then plan[#plan + 1] = { 'ZREM', graves, unpack(old) } end
  plan[#plan + 1] = { 'ZADD', graves, whole(time + ms), run }
end

local function failed(reason)
  extras[#extras + 1] = reason
  return 'F'
end

local function commit(at, last)
  local run, owner, fence, expect, mode = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4]
  local first = at + 5
  local key = P .. 'run:' .. run
  local number = ownerOf(owner)
  local creates = mode == 'create'
  local newest = '0'
  if creates then
    if call('EXISTS', key) == 1 or isBuried(run) then return 'e' end
    if not number then return 'f' end
  else
    local current = call('HMGET', key, 'owner', 'fence', 'seq')
    if not number or current[1] ~= number or current[2] ~= fence then return 'f' end
    complete(key, current)
    newest = current[3]
  end
  if expect ~= '' and expect ~= newest then return 'x' end

  at = first
  while at <= last do
    local letter = ARGV[at]
    if letter == 'U' then
      local value = call('HGET', P .. 'inbox:' .. run, ARGV[at + 1])
      if value then
        extras[#extras + 1] = ARGV[at + 1]
        extras[#extras + 1] = value
        return 't'
      end
    end
    at = at + 1 + arity[letter]
  end

  local plan, asked = {}, {}
  local tells, takes = mode ~= '', false
  if creates then
    plan[1] = { 'HSET', key, 'owner', number, 'fence', fence, 'seq', '0', 'time', '' }
    plan[2] = { 'ZREM', list('tombstones'), run }
  end
  local log, seqs, rows, keys
  local seq, written = newest, nil
  at = first
  while at <= last do
    local letter = ARGV[at]
    if letter == 'C' then
      log = log or typed('log:' .. run, 'hash')
      seqs = seqs or typed('seqs:' .. run, 'zset')
      if expect == '' and tonumber(ARGV[at + 1]) <= tonumber(seq) then
        return failed('checkpoint ' .. ARGV[at + 1] .. ' does not follow ' .. seq)
      end
      seq, written = ARGV[at + 1], ARGV[at + 2]
      plan[#plan + 1] = { 'HSET', log, seq, ARGV[at + 4] }
      plan[#plan + 1] = { 'ZADD', seqs, seq, seq .. ARGV[at + 3] }
      tells = true
    elseif letter == 'P' then
      rows = rows or typed('rows:' .. run, 'hash')
      keys = keys or typed('keys:' .. run, 'zset')
      plan[#plan + 1] = { 'HSET', rows, ARGV[at + 1], ARGV[at + 2] }
      plan[#plan + 1] = { 'ZADD', keys, '0', ARGV[at + 1] }
    elseif letter == 'D' then
      rows = rows or typed('rows:' .. run, 'hash')
      keys = keys or typed('keys:' .. run, 'zset')
      plan[#plan + 1] = { 'HDEL', rows, ARGV[at + 1] }
      plan[#plan + 1] = { 'ZREM', keys, ARGV[at + 1] }
    elseif letter == 'H' then
      planHead(plan, run, at, not creates)
      tells = true
    elseif letter == 'X' then
      typed('log:' .. run, 'hash')
      typed('seqs:' .. run, 'zset')
      planDrop(plan, run, ARGV[at + 1], ARGV[at + 2])
    elseif letter == 'T' then
      plan[#plan + 1] = { 'HDEL', typed('inbox:' .. run, 'hash'), ARGV[at + 1] }
      plan[#plan + 1] = { 'ZREM', typed('queue:' .. run, 'zset'), ARGV[at + 1] }
      takes = true
    elseif letter == 'L' then
      local question = questionOf(ARGV[at + 1], asked)
      if question and question[1] == run then planClosing(plan, ARGV[at + 1], question) end
    elseif letter == 'A' then
      local id = ARGV[at + 1]
      local question = questionOf(id, asked)
      if question and question[1] ~= run then
        return failed("its question '" .. id .. "' is open in run '" .. question[1] .. "'")
      end
      if question then planClosing(plan, id, question) end
      local names, member = questionLists(id, unpacked(ARGV[at + 2]))
      for i = 1, #names do plan[#plan + 1] = { 'ZADD', names[i], '0', member } end
      plan[#plan + 1] = { 'HSET', P .. 'questions', id, ARGV[at + 2] }
      asked[id] = ARGV[at + 2]
    elseif letter == 'R' then
      plan[#plan + 1] = { 'HSET', key, 'owner', '' }
      tells = true
    elseif letter == 'B' then
      planRemoval(plan, run, ARGV[at + 1])
    elseif letter == 'F' then
      return failed(ARGV[at + 1])
    end
    at = at + 1 + arity[letter]
  end
  if written then plan[#plan + 1] = { 'HSET', key, 'seq', seq, 'time', written } end
  local undelivered = takes and list('undelivered')
  local place = takes and call('HGET', key, 'at')

  for i = 1, #plan do call(unpack(plan[i])) end
  if takes and place and call('EXISTS', P .. 'queue:' .. run) == 0 then
    call('ZREM', undelivered, place .. run)
  end
  if tells then told[#told + 1] = #run .. ':' .. run end
  return 'c'
end

local at, letters = 3, {}
while at <= #ARGV do
  local last = at + ARGV[at]
  local ok, outcome = pcall(commit, at + 1, last)
  letters[#letters + 1] = ok and outcome or failed(reasonOf(outcome))
  at = last + 1
end
if #told > 0 then redis.pcall('PUBLISH', ARGV[1], ARGV[2] .. table.concat(told)) end
return { table.concat(letters), extras }
`);
