/** Messages that a commit delivers. */
import { equal } from '../assertions.ts';
import { type CaseGroup, group } from '../case.ts';
import { commit, creation, keysOf, leave, owner, statuses, turn } from '../fixtures.ts';

export const taking: CaseGroup = group(
  'a commit that takes messages',
  (it) => {
    it('leaves the others of the run, in their order, and those of other runs', async ({ store }) => {
      await commit(store, turn('r', 2, { take: ['b', 'none'] }));
      equal(await keysOf(store, 'r', 'inbox'), ['a', 'c']);
      await commit(store, { run: 'r', owner, fence: 1, take: ['c', 'a'] });
      equal(await keysOf(store, 'r', 'inbox'), []);
      equal(await keysOf(store, 's', 'inbox'), ['a']);
    });

    it('makes room for a message with the same id, behind those that wait', async ({ store }) => {
      await commit(store, turn('r', 2, { take: ['c'] }));
      await leave(store, 'r', 'd');
      await commit(store, turn('r', 3, { take: ['a'] }));
      await leave(store, 'r', 'a', 'c');
      equal(await keysOf(store, 'r', 'inbox'), ['b', 'd', 'a', 'c']);
    });

    it('leaves them all where it is refused', async ({ store }) => {
      equal(await statuses(store, turn('r', 2, { take: ['a'], fence: 9 })), ['fenced']);
      equal(await statuses(store, turn('r', 9, { take: ['a'] })), ['conflict']);
      equal(await keysOf(store, 'r', 'inbox'), ['a', 'b', 'c']);
    });
  },
  {
    before: async ({ store }) => {
      await commit(store, creation('r'), creation('s'));
      await leave(store, 'r', 'a', 'b', 'c');
      await leave(store, 's', 'a');
    },
  },
);
