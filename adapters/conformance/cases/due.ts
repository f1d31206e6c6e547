/** Runs that wait for a time. */
import type { RunScan } from '../../../src/store.ts';
import { equal } from '../assertions.ts';
import { type CaseGroup, group, type Place } from '../case.ts';
import { commit, head, removal, runIds, turn } from '../fixtures.ts';
import { someRuns } from '../samples.ts';

const times: Record<string, number | undefined> = { a: 50, b: 40, c: 40, d: undefined, e: 60 };

async function lists({ store }: Place, ...scans: [Partial<RunScan>, string][]): Promise<void> {
  for (const [scan, ids] of scans) equal((await runIds(store, scan)).join(''), ids, JSON.stringify(scan));
}

export const due: CaseGroup = group(
  'listing what is due',
  (it) => {
    it('gives the runs whose time has come, at that instant too', (on) =>
      lists(on, [{ dueTo: 39 }, ''], [{ dueTo: 40 }, 'bc'], [{ dueTo: 50 }, 'bca']));

    it('gives them by that time, then by id', (on) =>
      lists(
        on,
        [{ dueTo: 60 }, 'bcae'],
        [{ dueTo: 60, limit: 3 }, 'bca'],
        [{ dueTo: 60, descending: true }, 'eacb'],
        [{ dueTo: 60, descending: true, limit: 2 }, 'ea'],
      ));

    it('gives those for which the other conditions hold as well', (on) =>
      lists(
        on,
        [{ dueTo: 60, tag: 'x' }, 'bca'],
        [{ dueTo: 60, status: ['idle', 'done'] }, 'ae'],
        [{ dueTo: 60, machine: 'order', createdTo: 3000 }, 'c'],
        [{ dueTo: 60, run: 'a' }, 'a'],
        [{ dueTo: 49, run: 'a' }, ''],
        [{ dueTo: 60, run: 'd' }, ''],
        [{ dueTo: 60, owner: 'nobody' }, ''],
        [{ dueTo: 60, free: true }, ''],
      ));

    it('follows each commit, and each removal', async (on) => {
      const { store } = on;
      await commit(store, turn('b', 3, { head: head({ due: 100 }) }), turn('c', 3, { head: head() }));
      await lists(on, [{ dueTo: 99 }, 'ae']);
      await commit(store, turn('c', 4, { head: head({ due: 1, status: 'sleeping' }) }));
      await lists(on, [{ dueTo: 100 }, 'caeb']);
      await commit(store, removal('c'));
      await lists(on, [{ dueTo: 100 }, 'aeb']);
    });

    it('leaves a time where a commit says nothing of it', async (on) => {
      await commit(on.store, turn('a', 3), turn('b', 3));
      await lists(on, [{ dueTo: 60 }, 'bcae']);
    });

    it('knows times of any size', async (on) => {
      const far = Date.UTC(9999, 11, 31);
      await commit(on.store, turn('a', 3, { head: head({ due: far }) }));
      await commit(on.store, turn('b', 3, { head: head({ due: 0 }) }));
      await lists(on, [{ dueTo: 0 }, 'b'], [{ dueTo: far - 1 }, 'bce'], [{ dueTo: far }, 'bcea']);
      equal((await on.store.runs({ run: 'a', limit: 1 }))[0]?.due, far);
    });
  },
  {
    before: async ({ store }) => {
      await commit(store, ...someRuns);
      const changes = someRuns.map(({ run, head: first }) =>
        turn(run, 2, { head: { ...first!, due: times[run] } }),
      );
      await commit(store, ...changes);
    },
  },
);
