/**
 * Lists of open questions.
 *
 * @module
 */
import { repeatable, type Script } from '../script.ts';
import { walk } from './walk.ts';

/** Filters are the first four arguments, each with `=` or empty: run, machine, assignee, tag. */
const fitting = String.raw`
local function asked(at)
  return ARGV[at] ~= '' and string.sub(ARGV[at], 2)
end
local run, machine, assignee, tag = asked(1), asked(2), asked(3), asked(4)

local function fitting(id)
  local packed = call('HGET', P .. 'questions', id)
  if not packed then return nil end
  local place = "the question '" .. id .. "' in the key " .. P .. 'questions'
  local question = unpacked(packed, place)
  if #question ~= 7 then error('DAMAGED ' .. place .. ' is no question', 0) end
  unpacked(question[4], place)
  if run and question[1] ~= run then return nil end
  if machine and question[2] ~= machine then return nil end
  if assignee and question[3] ~= '=' .. assignee then return nil end
  if tag and not call('ZSCORE', P .. 'open:tag:' .. tag, question[6] .. id) then return nil end
  return { id, packed }
end
`;

/** Arguments: filters, and what `walk` takes. A question that is damaged is left out. */
export const questionsScript: Script = repeatable(
  walk,
  fitting,
  String.raw`
return walk(5, function(id)
  local ok, row = pcall(fitting, id)
  return ok and row
end)
`,
);

/** Arguments: filters, id. Fails where the question is damaged. */
export const questionScript: Script = repeatable(
  fitting,
  String.raw`
return { typed('questions', 'hash') and fitting(ARGV[5]) or nil }
`,
);
