/**
 * The cases of the W3C's suite that bare XState passes go the same way when the run is released and opened
 * anew after every event, on the memory store and on SQLite.
 */
import type { Proof } from '../proof.ts';
import { runBare, Unsupported } from './bare.ts';
import { isTimed, readCases, type Case } from './cases.ts';
import { inTurns } from './in-turns.ts';
import { inMemory, inSqlite, runReopened } from './reopened.ts';
import type { Window } from './sight.ts';

/** How many cases must count beside the refused one. Fewer, and it is this proof that is broken. */
const LEAST = 267;
/** Bare XState passes it with a function in its context: the run must be refused. */
const REFUSED = 'w3c-ecma/test453.txml';
/** Most of them only wait. */
const AT_ONCE = 24;

type Say = (line: string) => void;

export const proof: Proof = {
  name: 'scxml',
  // All cases, always: the count is how often a run is opened anew while its case waits for a delay.
  full: 50,
  async run(reopenings, say) {
    // Bare XState throws what nobody handles from a timer, which is no result.
    process.on('uncaughtException', (error) => say(`thrown from a timer: ${String(error)}`));
    const cases = readCases();
    const courses = await bareCourses(cases, say);
    say(`bare XState passes ${courses.size} of ${cases.length} cases`);
    const wrong = await wrongCases(courses, reopenings, say);
    const right = [...courses.keys()].filter((test) => !wrong.has(test));
    const same = right.filter(({ name }) => name !== REFUSED).length;
    return {
      passed: wrong.size === 0 && same >= LEAST && same < right.length,
      figure:
        `${same} cases as in bare XState, opened anew after every event, on memory and SQLite; ` +
        `${right.length - same} refused as it must be, ${wrong.size} wrong`,
    };
  },
};

async function bareCourses(cases: readonly Case[], say: Say): Promise<Map<Case, readonly Window[]>> {
  const courses = new Map<Case, readonly Window[]>();
  const reasons = new Map<string, number>();
  await twice(cases, async (test, isLast) => {
    try {
      courses.set(test, await runBare(test));
      return true;
    } catch (error) {
      if (!(error instanceof Unsupported)) throw error;
      if (isLast) reasons.set(error.message, (reasons.get(error.message) ?? 0) + 1);
      return false;
    }
  });
  for (const [reason, count] of reasons) say(`${count} cases do not count: ${reason}`);
  return courses;
}

/** The cases that go another way than they must. */
async function wrongCases(
  courses: Map<Case, readonly Window[]>,
  reopenings: number,
  say: Say,
): Promise<ReadonlySet<Case>> {
  const wrong = new Set(courses.keys());
  await twice([...courses.keys()], async (test, isLast) => {
    const faults = await faultsOf(test, courses.get(test)!, reopenings);
    if (isLast) for (const fault of faults) say(`${test.name}, ${fault}`);
    if (faults.length > 0) return false;
    wrong.delete(test);
    if (wrong.size % 50 === 0) say(`${wrong.size} cases to go`);
    return true;
  });
  return wrong;
}

/** What is wrong with the case, for each store. */
async function faultsOf(test: Case, windows: readonly Window[], reopenings: number): Promise<string[]> {
  const faults = [['memory', inMemory] as const, ['SQLite', inSqlite] as const].map(
    async ([store, shelves]) => {
      const result = await runReopened(test, windows, shelves, reopenings);
      const isExpected = result.kind === (test.name === REFUSED ? 'refused' : 'same');
      return isExpected ? [] : [`${store}: ${result.kind === 'different' ? result.why : result.kind}`];
    },
  );
  return (await Promise.all(faults)).flat();
}

/** Tries each case; what did not succeed though it waits for real time is tried again where less is going on. */
async function twice(
  cases: readonly Case[],
  attempt: (test: Case, isLast: boolean) => Promise<boolean>,
): Promise<void> {
  const succeeded = await inTurns(cases, AT_ONCE, (test) => attempt(test, !isTimed(test)));
  const again = cases.filter((test, at) => !succeeded[at] && isTimed(test));
  await inTurns(again, 4, (test) => attempt(test, true));
}
