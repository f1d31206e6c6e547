/** What a run is restored from. */
import { equal } from '../assertions.ts';
import { type CaseGroup, group } from '../case.ts';
import { checkpoint, checkpointed, commit, loaded, turn } from '../fixtures.ts';

export const load: CaseGroup = group(
  'loading',
  (it) => {
    it('gives the newest checkpoint, from its base on', async ({ store }) => {
      const base = checkpoint(8, { base: true });
      equal(await store.load('r'), [base, checkpoint(9)]);
    });

    it('at a seq gives the rows from its base up to it', async ({ store }) => {
      equal(await loaded(store, 'r', 9), [8, 9], 'at 9');
      equal(await loaded(store, 'r', 7), [4, 5, 6, 7], 'at 7');
      equal(await loaded(store, 'r', 3), [1, 2, 3], 'at 3');
    });

    it('at a base gives that alone', async ({ store }) => {
      for (const seq of [1, 4, 8]) equal(await loaded(store, 'r', seq), [seq], `at ${seq}`);
    });

    it('at a seq that no checkpoint has gives nothing', async ({ store }) => {
      await commit(store, turn('r', 20, { expect: 9 }));
      for (const seq of [0, -1, 10, 19, 21]) equal(await loaded(store, 'r', seq), [], `at ${seq}`);
      equal(await loaded(store, 'r', 20), [8, 9, 20], 'at 20');
    });

    it('a run that is not there gives nothing', async ({ store }) => {
      equal(await store.load('missing'), []);
      equal(await store.load('missing', 1), []);
    });

    it('gives no rows of another run', async ({ store }) => {
      for (const run of ['q', 's', 'r/', 'R']) await checkpointed(store, run, { last: 3 });
      equal(await loaded(store, 'r'), [8, 9]);
      equal(await loaded(store, 's'), [1, 2, 3]);
    });
  },
  { before: ({ store }) => checkpointed(store, 'r', { last: 9, bases: [4, 8] }) },
);
