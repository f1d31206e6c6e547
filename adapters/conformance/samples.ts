/**
 * What several cases write.
 *
 * @module
 */
import type { RunCommit, RunStatus } from '../../src/store.ts';
import { creation, head, question, turn } from './fixtures.ts';

/** Ids that a store may stumble over. */
export const oddIds: readonly string[] = [
  'Ünïcödé',
  '日本',
  '👩‍👩‍👧',
  "'; DROP TABLE runs; --",
  '%_*?',
  ' ',
  '\n',
  '\0',
  'a\0b',
  '\uffff',
  '__proto__',
  '../../etc/passwd',
  'C:\\con',
  'a'.repeat(500),
];

/** Two runs with two questions each, one run with one; three questions open at the same time. */
export const someQuestions: readonly RunCommit[] = [
  creation('r', {
    ask: [
      question('r/b', { assignee: 'ann', tags: ['x', 'y'], opened: 2000 }),
      question('r/a', { assignee: 'bob', tags: ['x'], opened: 2000 }),
    ],
  }),
  creation('s', {
    ask: [
      question('s/1', { machine: 'order', assignee: 'ann', opened: 1000 }),
      question('s/2', { machine: 'order', tags: ['y', 'x'], opened: 3000 }),
    ],
  }),
  creation('t'),
  turn('t', 2, { ask: [question('t/1', { tags: ['x'], opened: 2000 })] }),
];

/** Six runs of two machines, some of them started at the same time. */
export const someRuns: readonly RunCommit[] = (
  [
    ['b', 1000, 'running', 'refund', ['x']],
    ['a', 1000, 'done', 'refund', ['x', 'y']],
    ['e', 3000, 'idle', 'order', []],
    ['d', 2000, 'running', 'order', ['y']],
    ['c', 2000, 'failed', 'order', ['x']],
    ['f', 500, 'waitingForInput', 'refund', ['x']],
  ] satisfies [string, number, RunStatus, string, string[]][]
).map(([id, createdAt, status, machine, tags]) =>
  creation(id, { head: head({ createdAt, status, machine, tags }) }),
);
