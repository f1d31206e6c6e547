import fc from 'fast-check';
import { InvalidArgumentError } from 'savepoint';
import { expect, test } from 'vitest';
import { childPath } from '../xstate/actor-path.ts';
import { parseQuestionId, questionId } from './ids.ts';

const first = { state: undefined, times: 1 };

test.each([
  ['r-42/approval', { run: 'r-42', actor: 'approval', ...first }],
  ['r-42/approval#2', { run: 'r-42', actor: 'approval', state: undefined, times: 2 }],
  ['r-42:refund.review', { run: 'r-42', actor: '', state: 'refund.review', times: 1 }],
  ['r-42:refund.review#13', { run: 'r-42', actor: '', state: 'refund.review', times: 13 }],
  ['r-42/team/ann:ask', { run: 'r-42', actor: 'team/ann', state: 'ask', times: 1 }],
  ['shop%2F7%3Aeu%23%25/a%2Fb:x%3Ay', { run: 'shop/7:eu#%', actor: 'a%2Fb', state: 'x:y', times: 1 }],
  ['Küche 7/✓', { run: 'Küche 7', actor: '✓', ...first }],
])('the question %s has one id', (id, place) => {
  expect(questionId(place)).toBe(id);
  expect(parseQuestionId(id)).toEqual(place);
});

const named = fc
  .string({ unit: fc.oneof(fc.constantFrom('%', '/', ':', '#', '2', 'F'), fc.string({ unit: 'binary' })) })
  .filter((id) => id !== '' && !/[\0\p{Surrogate}]/u.test(id));

test('every id is read as what it was made of, and no two questions share one', () => {
  const place = fc
    .record({
      run: named,
      ids: fc.array(named, { maxLength: 4 }),
      state: fc.option(named, { nil: undefined }),
      times: fc.integer({ min: 1, max: 999 }),
    })
    .filter(({ ids, state }) => ids.length > 0 || state !== undefined)
    .map(({ ids, ...rest }) => ({ ...rest, actor: ids.reduce(childPath, '') }));
  fc.assert(
    fc.property(place, (it) => {
      expect(parseQuestionId(questionId(it))).toEqual(it);
    }),
  );
});

test('a text that is read as an id is written the same way', () => {
  const text = fc.string({ unit: fc.constantFrom('a', '/', ':', '#', '%', '2', '5', 'F', '1', '0') });
  const check = (id: string): void => {
    let place;
    try {
      place = parseQuestionId(id);
    } catch (error) {
      expect(error).toBeInstanceOf(InvalidArgumentError);
      return;
    }
    expect(questionId(place)).toBe(id);
  };
  fc.assert(fc.property(text, check), { numRuns: 2000 });
});

test.each([
  ['', 'is not written like one'],
  ['r-42', 'names no actor and no state'],
  ['r-42#2', 'names no actor and no state'],
  ['/approval', 'is not written like one'],
  ['r-42/', 'is not written like one'],
  ['r-42//approval', 'is not written like one'],
  ['r-42:', 'is not written like one'],
  ['r-42:a:b', 'is not written like one'],
  ['r-42/approval#', 'is not written like one'],
  ['r-42/approval#0', 'is not written like one'],
  ['r-42/approval#1', 'is not written like one'],
  ['r-42/approval#02', 'is not written like one'],
  ['r-42/approval#two', 'is not written like one'],
  ['r-42/approval%', 'has a % that encodes none'],
  ['r-42/approval%ZZ', 'has a % that encodes none'],
  ['r-42/%61pproval', 'has a % that encodes none'],
  ['r-42/a%2fb', 'has a % that encodes none'],
  ['r-42/a\0', 'holds a NUL'],
  ['r-42/a\uD800', 'not well-formed'],
  [`${'r'.repeat(2000)}/approval`, 'run id has 2000 characters'],
])('%j is refused as the id of a question', (id, why) => {
  expect(() => parseQuestionId(id)).toThrow(InvalidArgumentError);
  expect(() => parseQuestionId(id)).toThrow(why);
});

test('a question without an actor, a state or a right count gets no id', () => {
  expect(() => questionId({ run: 'r-42', actor: '' })).toThrow(InvalidArgumentError);
  expect(() => questionId({ run: '', actor: 'approval' })).toThrow(InvalidArgumentError);
  for (const times of [0, -1, 1.5, NaN, 1e21])
    expect(() => questionId({ run: 'r-42', actor: 'approval', times })).toThrow(InvalidArgumentError);
});
