/**
 * Lists of runs.
 *
 * @module
 */
import { repeatable, type Script } from '../script.ts';
import { walk } from './walk.ts';

/** What is read of a run, in this order; head.ts knows it. */
const runFields = [
  'owner',
  'fence',
  'seq',
  'time',
  'machine',
  'version',
  'status',
  'due',
  'created',
  'at',
  'tags',
] as const;

/**
 * A run that fits, or nothing. Filters are the first nine arguments, each empty where it says nothing:
 * statuses, machine with `=`, tag with `=`, created from, created before, due to, owner with `=`,
 * undelivered, free.
 */
const fitting = String.raw`
local statuses
if ARGV[1] ~= '' then
  statuses = {}
  for _, status in ipairs(unpacked(ARGV[1], 'the list of statuses')) do statuses[status] = true end
end
local machine, tag, owner = string.sub(ARGV[2], 2), string.sub(ARGV[3], 2), string.sub(ARGV[7], 2)
local from, before, due = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local number = ARGV[7] ~= '' and call('HGET', P .. 'owners', owner)
local time = now()

local function isHeld(owner)
  local ends = owner ~= '' and call('ZSCORE', P .. 'leases', owner)
  return ends and tonumber(ends) > time
end

local function fits(run, row)
  local created = tonumber(row[9])
  if statuses and not statuses[row[7]] then return false end
  if ARGV[2] ~= '' and row[5] ~= machine then return false end
  if from and created < from or before and created >= before then return false end
  if due and not (row[8] ~= '' and tonumber(row[8]) <= due) then return false end
  if ARGV[7] ~= '' and not (number and row[1] == number and call('ZSCORE', P .. 'leases', number)) then
    return false
  end
  if ARGV[3] ~= '' and not call('ZSCORE', P .. 'tag:' .. tag, row[10] .. run) then return false end
  if ARGV[8] ~= '' and call('EXISTS', P .. 'queue:' .. run) == 0 then return false end
  return ARGV[9] == '' or not isHeld(row[1])
end

local function fitting(run)
  local row = call('HMGET', P .. 'run:' .. run, ${runFields.map((field) => `'${field}'`).join(', ')})
  if not row[2] then return nil end
  complete(P .. 'run:' .. run, row)
  unpacked(row[11], 'a list in the key ' .. P .. 'run:' .. run)
  if not fits(run, row) then return nil end
  local more = call('GET', P .. 'more:' .. run)
  if not more then error('DAMAGED the key ' .. P .. 'more:' .. run .. ' is missing', 0) end
  return { run, row, more }
end
`;

/** Arguments: filters, and what `walk` takes. A run that is damaged is left out: the others can be listed. */
export const runsScript: Script = repeatable(
  walk,
  fitting,
  String.raw`
return walk(10, function(run)
  local ok, row = pcall(fitting, run)
  return ok and row
end)
`,
);

/** Arguments: filters, run. Fails where the run is damaged. */
export const runScript: Script = repeatable(
  fitting,
  String.raw`
return { typed('run:' .. ARGV[10], 'hash') and fitting(ARGV[10]) or nil }
`,
);
