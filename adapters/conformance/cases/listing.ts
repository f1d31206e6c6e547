/** Which runs are listed, and in which order. */
import type { RunScan } from '../../../src/store.ts';
import { equal } from '../assertions.ts';
import { type CaseGroup, group, type Place } from '../case.ts';
import { commit, creation, head, minute, owner, removal, runIds, turn } from '../fixtures.ts';
import { someRuns } from '../samples.ts';

/** Each scan gives these runs, each of which has a letter. */
async function lists({ store }: Place, ...scans: [Partial<RunScan>, string][]): Promise<void> {
  for (const [scan, ids] of scans) equal((await runIds(store, scan)).join(''), ids, JSON.stringify(scan));
}

export const listing: CaseGroup = group(
  'listing runs',
  (it) => {
    it('gives them by the time they started, then by id, and no more than the limit', (on) =>
      lists(on, [{}, 'fabcde'], [{ limit: 2 }, 'fa'], [{ limit: 0 }, '']));

    it('descending gives them the other way round', (on) =>
      lists(on, [{ descending: true }, 'edcbaf'], [{ descending: true, limit: 4 }, 'edcb']));

    it('by status gives those that have one of them', (on) =>
      lists(
        on,
        [{ status: ['running'] }, 'bd'],
        [{ status: ['done', 'running', 'failed'] }, 'abcd'],
        [{ status: ['done', 'running', 'failed'], descending: true, limit: 3 }, 'dcb'],
        [{ status: ['quarantined'] }, ''],
      ));

    it('by a status that is named twice gives each run once', (on) =>
      lists(
        on,
        [{ status: ['running', 'running'] }, 'bd'],
        [{ status: ['running', 'done', 'running'] }, 'abd'],
      ));

    it('by no status gives none', (on) => lists(on, [{ status: [] }, ''], [{ tag: 'x', status: [] }, '']));

    it('by machine gives those of the machine', (on) =>
      lists(
        on,
        [{ machine: 'order' }, 'cde'],
        [{ machine: 'order', status: ['idle', 'failed'] }, 'ce'],
        [{ machine: 'none' }, ''],
      ));

    it('by tag gives those that have it', (on) =>
      lists(
        on,
        [{ tag: 'x' }, 'fabc'],
        [{ tag: 'x', descending: true, limit: 2 }, 'cb'],
        [{ tag: 'y', status: ['running'] }, 'd'],
        [{ tag: 'none' }, ''],
      ));

    it('by the time they started has the first instant and not the last', (on) =>
      lists(
        on,
        [{ createdFrom: 1000, createdTo: 3000 }, 'abcd'],
        [{ createdFrom: 1000, createdTo: 1000 }, ''],
        [{ createdFrom: 1001 }, 'cde'],
        [{ createdTo: 1000 }, 'f'],
      ));

    it('by id gives that one', (on) =>
      lists(on, [{ run: 'c' }, 'c'], [{ run: 'none' }, ''], [{ run: '' }, '']));

    it('by several conditions gives those for which all of them hold', (on) =>
      lists(
        on,
        [{ tag: 'x', machine: 'refund', createdFrom: 1000 }, 'ab'],
        [{ run: 'c', tag: 'x', machine: 'order', status: ['failed'] }, 'c'],
        [{ run: 'c', tag: 'y' }, ''],
        [{ run: 'c', status: ['done'] }, ''],
        [{ run: 'c', createdTo: 2000 }, ''],
      ));

    it('after a run, there or gone, gives those behind it, and not itself', (on) =>
      lists(
        on,
        [{ after: { createdAt: 1000, run: 'a' } }, 'bcde'],
        [{ after: { createdAt: 1500, run: 'gone' } }, 'cde'],
        [{ after: { createdAt: 2000, run: 'c' }, status: ['running', 'idle'] }, 'de'],
        [{ after: { createdAt: 1000, run: 'a' }, tag: 'x' }, 'bc'],
        [{ after: { createdAt: 3000, run: 'e' } }, ''],
      ));

    it('descending after a run gives those before it', (on) =>
      lists(
        on,
        [{ after: { createdAt: 1000, run: 'a' }, descending: true }, 'f'],
        [{ after: { createdAt: 2000, run: 'd' }, descending: true, limit: 2 }, 'cb'],
        [{ after: { createdAt: 2000, run: 'd' }, descending: true, tag: 'x' }, 'cbaf'],
      ));

    it('of the free ones leaves out those whose owner has a lease', async (on) => {
      const { store, until } = on;
      await store.lease('owner-2', minute);
      const g = creation('g', { owner: 'owner-2', head: head({ createdAt: 4000 }) });
      await commit(store, g, { run: 'a', owner, fence: 1, release: true });
      await lists(on, [{ free: true }, 'a'], [{ free: true, run: 'a' }, 'a'], [{ free: true, run: 'b' }, '']);
      await store.lease(owner, 20);
      await until('the lease ends', async () =>
        (await runIds(store, { free: true, run: 'b' })).length === 1 ? true : undefined,
      );
      await lists(
        on,
        [{ free: true }, 'fabcde'],
        [{ free: true, status: ['running'], limit: 1 }, 'b'],
        [{ free: true, tag: 'x', descending: true, limit: 2 }, 'cb'],
      );
      await store.lease(owner, minute);
      await lists(on, [{ free: true }, 'a']);
      await store.lease('owner-2', 0);
      await lists(on, [{ free: true, descending: true, limit: 2 }, 'ga']);
    });

    it('by owner gives the runs that it holds', async (on) => {
      const { store } = on;
      await store.lease('owner-2', minute);
      await commit(store, turn('d', 2, { release: true }), turn('e', 2, { release: true }));
      equal(await store.acquire('e', 'owner-2'), { status: 'acquired', fence: 2 });
      await lists(
        on,
        [{ owner }, 'fabc'],
        [{ owner, tag: 'x', status: ['done', 'failed'] }, 'ac'],
        [{ owner: 'owner-2' }, 'e'],
        [{ owner: 'owner-2', run: 'a' }, ''],
        [{ owner: 'nobody' }, ''],
      );
      await store.lease(owner, 0);
      await lists(on, [{ owner }, ''], [{}, 'fabcde']);
    });

    it('of runs for which messages wait follows what comes and what is taken', async (on) => {
      const { store } = on;
      await lists(on, [{ undelivered: true }, '']);
      for (const run of ['d', 'a', 'b']) await store.enqueue(run, { id: '1', value: '' });
      await store.enqueue('a', { id: '2', value: '' });
      await lists(
        on,
        [{ undelivered: true }, 'abd'],
        [{ undelivered: true, descending: true, limit: 2 }, 'db'],
        [{ undelivered: true, after: { createdAt: 1000, run: 'a' } }, 'bd'],
        [{ undelivered: true, tag: 'x', owner }, 'ab'],
        [{ undelivered: true, status: ['running'] }, 'bd'],
        [{ undelivered: true, owner: 'nobody' }, ''],
        [{ undelivered: true, free: true }, ''],
        [{ undelivered: true, run: 'a' }, 'a'],
        [{ undelivered: true, run: 'c' }, ''],
      );
      await commit(store, turn('a', 2, { take: ['1'] }), turn('b', 2, { take: ['1'] }));
      await lists(on, [{ undelivered: true }, 'ad']);
      await commit(store, removal('d'));
      await lists(on, [{ undelivered: true }, 'a']);
    });

    it('page by page gives the same as at once, in both directions', async ({ store }) => {
      const several: RunScan['status'] = ['running', 'done', 'failed'];
      for (const scan of [{}, { tag: 'x' }, { status: several }, { machine: 'order' }]) {
        for (const descending of [false, true]) {
          const paged: string[] = [];
          for (let after: RunScan['after']; ;) {
            const [next] = await store.runs({ ...scan, descending, after, limit: 1 });
            if (next === undefined || paged.length > 9) break;
            paged.push(next.run);
            after = { createdAt: next.createdAt, run: next.run };
          }
          const about = JSON.stringify({ ...scan, descending });
          equal(paged, await runIds(store, { ...scan, descending }), about);
        }
      }
    });
  },
  { before: ({ store }) => commit(store, ...someRuns) },
);
