/** Old checkpoints that are deleted while their run lives on. */
import { contains, equal } from '../assertions.ts';
import { type CaseGroup, group } from '../case.ts';
import {
  checkpoint,
  checkpointed,
  commit,
  find,
  historyOf,
  loaded,
  owner,
  statuses,
  turn,
} from '../fixtures.ts';

export const cuts: CaseGroup = group(
  'cutting history',
  (it) => {
    it('deletes all below the base that is named, and keeps that one', async ({ store }) => {
      await commit(store, { run: 'r', owner, fence: 1, dropBefore: 6 });
      equal(await historyOf(store, 'r'), [6, 7]);
      equal(await loaded(store, 'r'), [6, 7]);
      for (const seq of [1, 4, 5]) equal(await loaded(store, 'r', seq), [], `at ${seq}`);
      contains(await find(store, 'r'), { seq: 7, updatedAt: 2007 });
      equal(await statuses(store, turn('r', 8)), ['committed']);
    });

    it('from a seq on leaves what is before it, which can still be read', async ({ store }) => {
      await commit(store, { run: 'r', owner, fence: 1, dropFrom: 4, dropBefore: 6 });
      equal(await historyOf(store, 'r'), [1, 2, 3, 6, 7]);
      equal(await loaded(store, 'r', 3), [1, 2, 3]);
      equal(await loaded(store, 'r'), [6, 7]);
      await commit(store, { run: 'r', owner, fence: 1, dropBefore: 6 });
      equal(await historyOf(store, 'r'), [6, 7]);
    });

    it('goes in slices, from new to old', async ({ store }) => {
      for (const [dropFrom, dropBefore, left] of [
        [4, 6, [1, 2, 3, 6, 7]],
        [2, 4, [1, 6, 7]],
        [0, 2, [6, 7]],
      ] as const) {
        await commit(store, { run: 'r', owner, fence: 1, dropFrom, dropBefore });
        equal(await historyOf(store, 'r'), left);
      }
    });

    it('goes with the commit that writes the next base', async ({ store }) => {
      const base = checkpoint(8, { base: true });
      await commit(store, turn('r', 8, { checkpoints: [base], dropBefore: 8 }));
      equal(await store.load('r'), [base]);
      equal(await historyOf(store, 'r'), [8]);
      equal(await store.load('r', 2), []);
    });

    it('of nothing deletes nothing', async ({ store }) => {
      await commit(store, { run: 'r', owner, fence: 1, dropBefore: 1 });
      await commit(store, { run: 'r', owner, fence: 1, dropFrom: 6, dropBefore: 6 });
      equal(await historyOf(store, 'r'), [1, 2, 3, 4, 5, 6, 7]);
    });

    it('touches no other run', async ({ store }) => {
      for (const run of ['q', 's']) await checkpointed(store, run, { last: 2 });
      await commit(store, { run: 'r', owner, fence: 1, dropBefore: 6 });
      equal(await loaded(store, 'q'), [1, 2]);
      equal(await loaded(store, 's'), [1, 2]);
    });

    it('is fenced like any other write', async ({ store }) => {
      equal(await statuses(store, { run: 'r', owner, fence: 2, dropBefore: 6 }), ['fenced']);
      equal(await statuses(store, { run: 'r', owner, fence: 1, expect: 6, dropBefore: 6 }), ['conflict']);
      equal(await historyOf(store, 'r'), [1, 2, 3, 4, 5, 6, 7]);
    });
  },
  { before: ({ store }) => checkpointed(store, 'r', { last: 7, bases: [6] }) },
);
