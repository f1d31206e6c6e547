/** Stores that do one thing wrong: the suite finds each of them out, by a case whose name says what is wrong. */
import { afterAll, expect, test } from 'vitest';
import { caseGroups } from './case-groups.ts';
import { mutants } from './mutants/all.ts';
import { broken, type Mutant } from './mutants/mutant.ts';
import { sharedMemory } from './mutants/shared-memory.ts';
import { runCase, type StoreSource } from './run-case.ts';

const cases = caseGroups.flatMap((group) =>
  group.cases.map((one) => ({ ...one, label: `${group.name} ${one.name}` })),
);

/** What a store that never gets there is waited for, in milliseconds. */
const patience = 300;

function sourceOf(mutant: Pick<Mutant, 'breaks'>): StoreSource {
  const open = sharedMemory();
  return { createStore: (place) => broken(open(place), mutant), patience };
}

/** What a case says against a store. */
async function fault(one: (typeof cases)[number], source: StoreSource): Promise<string | undefined> {
  try {
    await runCase(one, source);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const firstCaught: string[] = [];

afterAll(() => {
  // oxlint-disable-next-line no-console -- what the suite is worth
  console.log(
    `${mutants.length} broken stores, and the first case that finds each out:\n${firstCaught.join('\n')}`,
  );
});

test('the store that is broken below passes every case before', async () => {
  const source = { ...sourceOf({ breaks: () => ({}) }), patience: 10_000 };
  for (const one of cases) expect(await fault(one, source), one.label).toBeUndefined();
}, 120_000);

test('no two cases have one name', () => {
  expect(new Set(cases.map(({ label }) => label)).size).toBe(cases.length);
});

test.each(mutants.map((mutant) => [mutant.name, mutant] as const))(
  'a store that %s is found out',
  async (_, mutant) => {
    const source = sourceOf(mutant);
    const named = cases.find(({ label }) => label === mutant.caughtBy);
    expect(named, `there is no case '${mutant.caughtBy}'`).toBeDefined();
    expect(await fault(named!, source), `'${mutant.caughtBy}' found nothing`).toBeDefined();
    for (const one of cases) {
      const said = one === named ? '' : await fault(one, source);
      if (said === undefined) continue;
      firstCaught.push(`  ${mutant.name.padEnd(66)} ${one.label}`);
      break;
    }
  },
);
