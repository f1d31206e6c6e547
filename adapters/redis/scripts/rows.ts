/**
 * Rows of a run.
 *
 * @module
 */
import { repeatable, type Script } from '../script.ts';

/** Arguments: run, key with its kind. Answers the value, or nothing. */
export const rowScript: Script = repeatable(String.raw`
return call('HGET', typed('rows:' .. ARGV[1], 'hash'), ARGV[2])
`);

/** Arguments: run, where to begin and to end, limit. Answers keys with their kinds, and values. */
export const rowsScript: Script = repeatable(String.raw`
local rows = typed('rows:' .. ARGV[1], 'hash')
local keys = call('ZRANGEBYLEX', typed('keys:' .. ARGV[1], 'zset'), ARGV[2], ARGV[3], 'LIMIT', '0', ARGV[4])
local found = {}
for i = 1, #keys do
  found[2 * i - 1] = keys[i]
  found[2 * i] = call('HGET', rows, keys[i])
end
return found
`);
