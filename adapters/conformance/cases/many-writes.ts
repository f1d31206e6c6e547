/** The same rows, again and again. */
import { equal } from '../assertions.ts';
import { type CaseGroup, group } from '../case.ts';
import { commit, creation, owner, puts, rowKinds } from '../fixtures.ts';

export const manyWrites: CaseGroup = group('many writes', (it) => {
  it('of rows leave the last ones written, however often', async ({ store }) => {
    await commit(store, creation('r'));
    const others = Array.from({ length: 4 }, (_, i) => `other-${i}`);
    await commit(store, ...others.map((id) => creation(id)));
    for (const kind of rowKinds) {
      await commit(store, puts('r', kind, 'kept'));
      // A journal grows; of the other kinds it is enough to see that they are written over.
      const count = kind === 'step' ? 3000 : 300;
      for (let i = 0; i < count; i += 150) {
        const own = Array.from({ length: 150 }, (_, j) => ({
          run: 'r',
          owner,
          fence: 1,
          put: [{ kind, key: `k${j % 3}`, value: String(i + j) }],
        }));
        await commit(store, ...own.slice(0, 149), ...others.map((id) => puts(id, kind, 'k')));
        await commit(store, ...own.slice(149));
      }
      const newest = [0, 1, 2].map((i) => ({ key: `k${i}`, value: String(count - 3 + i) }));
      const kept = { key: 'kept', value: 'value of kept' };
      equal(await store.rows('r', kind, {}), [...newest, kept], kind);
    }
  });
});
