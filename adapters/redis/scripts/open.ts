/**
 * Makes the store, or tells that it is there.
 *
 * @module
 */
import { repeatable, type Script } from '../script.ts';

/** Arguments: the version of the schema. Answers with the application and the version that are there. */
export const openScript: Script = repeatable(String.raw`
local key = P .. 'meta'
local found = call('TYPE', key).ok
if found == 'none' then
  call('HSET', key, 'application', 'savepoint', 'version', ARGV[1])
elseif found ~= 'hash' then
  return {}
end
return call('HMGET', key, 'application', 'version')
`);
