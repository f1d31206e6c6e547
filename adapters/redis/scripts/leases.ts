/**
 * Owners and their leases.
 *
 * @module
 */
import { repeatable, type Script } from '../script.ts';

const owners = String.raw`
local function drop(number)
  local holder = call('HGET', P .. 'holders', number)
  if holder then
    local owner = unpacked(holder, 'a holder in the key ' .. P .. 'holders')[1]
    if call('HGET', P .. 'owners', owner) == number then call('HDEL', P .. 'owners', owner) end
  end
  call('HDEL', P .. 'holders', number)
  call('ZREM', P .. 'leases', number)
end
`;

/**
 * Arguments: owner, milliseconds, holder, the milliseconds after which an expired owner is forgotten.
 * Answers 1 where the owner is new.
 */
export const leaseScript: Script = repeatable(
  owners,
  String.raw`
local owner, ms, holder = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local leases = typed('leases', 'zset')
local owners = typed('owners', 'hash')
local holders = typed('holders', 'hash')
local number = call('HGET', owners, owner)
if ms <= 0 then
  if number then drop(number) end
  return 0
end
local ends = whole(now() + ms)
if number and call('ZSCORE', leases, number) then
  call('HSET', holders, number, holder)
  call('ZADD', leases, ends, number)
  return 0
end
for _, old in ipairs(call('ZRANGEBYSCORE', leases, '-inf', whole(now() - ARGV[4]), 'LIMIT', '0', '100')) do
  drop(old)
end
number = tostring(call('HINCRBY', typed('meta', 'hash'), 'owners', 1))
call('HSET', owners, owner, number)
call('HSET', holders, number, holder)
call('ZADD', leases, ends, number)
return 1
`,
);

/** Arguments: numbers of owners that are gone. */
export const dropOwnersScript: Script = repeatable(
  owners,
  String.raw`
for i = 1, #ARGV do drop(ARGV[i]) end
`,
);

/** Answers the numbers of all owners, each with its holder. */
export const holdersScript: Script = repeatable(String.raw`
return call('HGETALL', typed('holders', 'hash'))
`);

/**
 * Arguments: run, owner, the number of an owner that is gone, or nothing. Answers `acquired` with the
 * fence, `held` with the end of the lease, the holder and its number, or a word alone.
 */
export const acquireScript: Script = repeatable(String.raw`
local run, gone = ARGV[1], ARGV[3]
local mine = call('HGET', P .. 'owners', ARGV[2])
if not mine or not call('ZSCORE', P .. 'leases', mine) then return { 'stranger' } end
local key = typed('run:' .. run, 'hash')
if call('EXISTS', key) == 0 then return { missing(run) } end
local current = call('HMGET', key, 'owner', 'fence')
complete(key, current)
local owner = current[1]
if owner ~= '' and owner ~= mine and owner ~= gone then
  local ends = call('ZSCORE', P .. 'leases', owner)
  if ends and tonumber(ends) > now() then
    return { 'held', whole(ends), call('HGET', P .. 'holders', owner), owner }
  end
end
call('HSET', key, 'owner', mine)
return { 'acquired', tostring(call('HINCRBY', key, 'fence', 1)) }
`);
