/**
 * How lists of runs and of questions are read.
 *
 * @module
 */

/**
 * Walks through one of several groups of lists: the one with the fewest members. Each list is read until
 * so many members were found, or until so many were looked at: the server does nothing else meanwhile, so
 * that a list of which little is wanted is read in several calls.
 *
 * Arguments from `at` on: limit, `descending` or nothing, how many to look at, and for each group the
 * number of its lists, and of each its name, minimum and maximum, and how many to pass over. Answers which
 * group it was, and for each of its lists `done` or nothing, the minimum (the maximum, if descending) and
 * the number to go on with, and what `examine` made of the members that were found.
 */
export const walk: string = String.raw`
local function walk(at, examine)
  local limit, descending, left = tonumber(ARGV[at]), ARGV[at + 1] == 'descending', tonumber(ARGV[at + 2])
  at = at + 3
  local chosen, fewest, group, count = nil, math.huge, 0, 0
  while at <= #ARGV do
    local lists, members = tonumber(ARGV[at]), 0
    for i = 0, lists - 1 do members = members + call('ZCARD', typed(ARGV[at + 1 + 4 * i], 'zset')) end
    count = count + 1
    if members < fewest then chosen, fewest, group = at, members, count end
    at = at + 1 + 4 * lists
  end
  local answer = { group }
  for i = 0, ARGV[chosen] - 1 do
    local first = chosen + 1 + 4 * i
    local name, min, max, offset = ARGV[first], ARGV[first + 1], ARGV[first + 2], tonumber(ARGV[first + 3])
    -- The one list that is not by time and id: its members are ids, and their scores are times.
    local isDue = name == 'due'
    local command = (descending and 'ZREVRANGEBY' or 'ZRANGEBY') .. (isDue and 'SCORE' or 'LEX')
    if descending then min, max = max, min end
    local found, done, size = {}, '', math.min(limit, 500)
    while #found < limit and left > 0 and done == '' do
      local members = call(command, P .. name, min, max, 'LIMIT', whole(offset), whole(size))
      for j = 1, #members do
        local row = #found < limit and examine(isDue and members[j] or string.sub(members[j], 17), members[j])
        if row then found[#found + 1] = row end
      end
      left = left - #members
      if isDue then offset = offset + #members elseif #members > 0 then min = '(' .. members[#members] end
      if #members < size then done = 'done' end
      size = 500
    end
    if #found >= limit then done = 'done' end
    answer[#answer + 1] = { done, min, whole(offset), found }
  end
  return answer
end
`;
