/** Enough runs for pages. */
import type { Head, RunCommit, RunScan, RunStatus, Store, StoredRun } from '../../../src/store.ts';
import { contains, equal } from '../assertions.ts';
import { type CaseGroup, group } from '../case.ts';
import { commit, creation, find, head, keysOf, puts, runIds } from '../fixtures.ts';

const statuses: readonly RunStatus[] = ['running', 'waitingForInput', 'sleeping', 'idle', 'done'];
const someTime = 1_700_000_000_000;

/** Some of them start at the same time, and few of them one after another. */
function nth(i: number): RunCommit & { readonly head: Head } {
  const status = statuses[i % statuses.length]!;
  const tags = [`ten-${i % 10}`, ...(i % 250 === 7 ? ['rare'] : [])];
  const due = status === 'sleeping' ? someTime + ((i * 31) % 1999) : undefined;
  const first = head({ createdAt: 1000 + ((i * 7919) % 997), status, tags, due });
  return { ...creation(`run-${i}`), head: first };
}

type Expected = (holds: (one: Head) => boolean, time?: (one: Head) => number) => string[];

/** Creates so many runs, and tells the ids of those that hold, by a time and then by id. */
async function created(store: Store, count: number): Promise<Expected> {
  const all = Array.from({ length: count }, (_, i) => nth(i));
  for (let i = 0; i < count; i += 500) await commit(store, ...all.slice(i, i + 500));
  return (holds, time = ({ createdAt }) => createdAt) =>
    all
      .filter((one) => holds(one.head))
      .sort((a, b) => time(a.head) - time(b.head) || (a.run < b.run ? -1 : 1))
      .map(({ run }) => run);
}

async function paged(store: Store, scan: Partial<RunScan>, limit: number): Promise<string[]> {
  const found: StoredRun[] = [];
  for (let after: RunScan['after']; ;) {
    const page = await store.runs({ ...scan, after, limit });
    found.push(...page);
    if (page.length < limit || found.length > 10_000) break;
    const { createdAt, run } = page.at(-1)!;
    after = { createdAt, run };
  }
  return found.map(({ run }) => run);
}

export const manyRuns: CaseGroup = group('many runs', (it) => {
  it('are listed page by page, completely and in order, both ways, where they are ten thousand', async ({
    store,
  }) => {
    const expected = await created(store, 10_000);
    const ids = expected(() => true);
    equal(await paged(store, {}, 1000), ids);
    equal(await paged(store, { descending: true }, 1700), ids.toReversed());
    equal(await runIds(store, { limit: 10 }), ids.slice(0, 10));
    equal(await runIds(store, { limit: 20_000 }), ids);
  });

  it('are found by status, by tag, by time and by message', async ({ store }) => {
    const expected = await created(store, 2000);
    const sleeping = expected(({ status }) => status === 'sleeping');
    equal(await paged(store, { status: ['sleeping'] }, 150), sleeping);
    const tagged = expected(({ tags }) => tags.includes('ten-3'));
    equal(await paged(store, { tag: 'ten-3' }, 150), tagged);
    const rare = expected(({ tags }) => tags.includes('rare'));
    equal(await runIds(store, { tag: 'rare' }), rare);
    equal(await runIds(store, { tag: 'rare', descending: true, limit: 3 }), rare.toReversed().slice(0, 3));

    const due = expected(
      (one) => (one.due ?? Infinity) <= someTime + 1000,
      (one) => one.due!,
    );
    equal(await runIds(store, { dueTo: someTime + 1000, limit: 999 }), due);
    equal(await runIds(store, { dueTo: someTime + 1000, limit: 10 }), due.slice(0, 10));

    await store.enqueue('run-1321', { id: 'm', value: '' });
    equal(await runIds(store, { undelivered: true }), ['run-1321']);
    contains(await find(store, 'run-1999'), { seq: 1, status: 'done' });
    await commit(store, puts('run-77', 'step', 'k'));
    equal(await keysOf(store, 'run-77', 'step'), ['k']);
    equal(await keysOf(store, 'run-777', 'step'), []);
  });
});
