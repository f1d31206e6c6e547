/**
 * Checkpoints of a run.
 *
 * @module
 */
import { repeatable, type Script } from '../script.ts';

/**
 * Arguments: run, the last seq or nothing. Answers seqs and rows from the newest base on, the newest row
 * first.
 */
export const loadScript: Script = repeatable(String.raw`
local run, last = ARGV[1], ARGV[2]
local log = typed('log:' .. run, 'hash')
local seqs = typed('seqs:' .. run, 'zset')
if last == '' then last = call('HGET', typed('run:' .. run, 'hash'), 'seq') end
local found = {}
if not last or not call('ZRANGEBYSCORE', seqs, last, last)[1] then return found end
local at, size = 0, 50
while true do
  local marks = call('ZREVRANGEBYSCORE', seqs, last, '-inf', 'LIMIT', whole(at), whole(size))
  for i = 1, #marks do
    local seq, base = string.match(marks[i], '^(%d+)(b?)$')
    if not seq then error('DAMAGED the key ' .. seqs .. ' holds something else than seqs', 0) end
    found[#found + 1] = seq
    found[#found + 1] = call('HGET', log, seq)
    if base == 'b' then return found end
  end
  if #marks < size then return found end
  at = at + size
end
`);

/**
 * Arguments: run, smallest and largest seq, `descending` or nothing, limit. Answers seqs, and rows whose
 * bodies are cut off and replaced by their sizes.
 */
export const historyScript: Script = repeatable(String.raw`
local run, from, to, limit = ARGV[1], ARGV[2], ARGV[3], ARGV[5]
local log = typed('log:' .. run, 'hash')
local seqs = typed('seqs:' .. run, 'zset')
local marks
if ARGV[4] == 'descending' then
  marks = call('ZREVRANGEBYSCORE', seqs, to, from, 'LIMIT', '0', limit)
else
  marks = call('ZRANGEBYSCORE', seqs, from, to, 'LIMIT', '0', limit)
end
local found = {}
for i = 1, #marks do
  local seq = string.match(marks[i], '^%d+') or marks[i]
  local row = call('HGET', log, seq)
  local _, colon, size = string.find(row or '', '^[01] %S+ (%d+):')
  -- Not nil: an answer ends there.
  found[3 * i - 2] = seq
  found[3 * i - 1] = colon and string.sub(row, 1, colon + size) or false
  found[3 * i] = colon and #row - colon - size or false
end
return found
`);
