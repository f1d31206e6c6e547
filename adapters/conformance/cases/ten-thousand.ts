/** Enough runs for pages. */
import type { RunCommit, RunScan, RunStatus, Store, StoredRun } from '../../../src/store.ts';
import { contains, equal } from '../assertions.ts';
import { type CaseGroup, group } from '../case.ts';
import { commit, creation, find, head, keysOf, puts, runIds } from '../fixtures.ts';

const count = 10_000;
const statuses: readonly RunStatus[] = ['running', 'waitingForInput', 'sleeping', 'idle', 'done'];

/** Some ten of them start at the same time, and few of them one after another. */
function nth(i: number): RunCommit {
  const status = statuses[i % statuses.length]!;
  const tags = [`ten-${i % 10}`, ...(i % 1000 === 7 ? ['rare'] : [])];
  const due = status === 'sleeping' ? { due: 1_700_000_000_000 + ((i * 31) % count) } : {};
  return creation(`run-${i}`, { head: head({ createdAt: 1000 + ((i * 7919) % 997), status, tags, ...due }) });
}

const all: readonly RunCommit[] = Array.from({ length: count }, (_, i) => nth(i));

/** The ids of those that hold, in the order of a scan. */
function expected(holds: (one: NonNullable<RunCommit['head']>) => boolean): string[] {
  return all
    .filter((one) => holds(one.head!))
    .toSorted((a, b) => a.head!.createdAt - b.head!.createdAt || (a.run < b.run ? -1 : 1))
    .map(({ run }) => run);
}

async function paged(store: Store, scan: Partial<RunScan>, limit: number): Promise<string[]> {
  const found: StoredRun[] = [];
  for (let after: RunScan['after']; found.length <= count;) {
    const page = await store.runs({ ...scan, after, limit });
    found.push(...page);
    if (page.length < limit) break;
    const { createdAt, run } = page.at(-1)!;
    after = { createdAt, run };
  }
  return found.map(({ run }) => run);
}

export const tenThousand: CaseGroup = group(
  'ten thousand runs',
  (it) => {
    it('are listed page by page, completely and in order, both ways', async ({ store }) => {
      const ids = expected(() => true);
      equal(await paged(store, {}, 1000), ids);
      equal(await paged(store, { descending: true }, 1700), ids.toReversed());
      equal(await runIds(store, { limit: 10 }), ids.slice(0, 10));
      equal(await runIds(store, { limit: 2 * count }), ids);
    });

    it('are found by status, by tag, by time and by message', async ({ store }) => {
      const sleeping = expected(({ status }) => status === 'sleeping');
      equal(await paged(store, { status: ['sleeping'] }, 300), sleeping);
      const tagged = expected(({ tags }) => tags.includes('ten-3'));
      equal(await paged(store, { tag: 'ten-3' }, 300), tagged);
      const rare = expected(({ tags }) => tags.includes('rare'));
      equal(await runIds(store, { tag: 'rare' }), rare);
      equal(await runIds(store, { tag: 'rare', descending: true, limit: 3 }), rare.toReversed().slice(0, 3));

      const byDue = all
        .filter(({ head: one }) => one?.due !== undefined)
        .toSorted((a, b) => a.head!.due! - b.head!.due!)
        .map(({ run }) => run);
      equal(await runIds(store, { dueTo: Date.UTC(2100), limit: 50 }), byDue.slice(0, 50));

      await store.enqueue('run-4321', { id: 'm', value: '' });
      equal(await runIds(store, { undelivered: true }), ['run-4321']);
      contains(await find(store, 'run-9999'), { seq: 1, status: 'done' });
      await commit(store, puts('run-77', 'step', 'k'));
      equal(await keysOf(store, 'run-77', 'step'), ['k']);
      equal(await keysOf(store, 'run-777', 'step'), []);
    });
  },
  {
    before: async ({ store }) => {
      for (let i = 0; i < count; i += 500) await commit(store, ...all.slice(i, i + 500));
    },
  },
);
