/** Lists of checkpoints. */
import type { HistoryScan } from '../../../src/store.ts';
import { equal } from '../assertions.ts';
import { type CaseGroup, group, type Place } from '../case.ts';
import { checkpoint, checkpointed, commit, historyOf, turn } from '../fixtures.ts';

/** Each scan gives these seqs. */
async function lists({ store }: Place, ...scans: [HistoryScan, number[]][]): Promise<void> {
  for (const [scan, seqs] of scans) equal(await historyOf(store, 'r', scan), seqs, JSON.stringify(scan));
}

export const history: CaseGroup = group(
  'history',
  (it) => {
    it('goes from old to new, and has no more than is asked for', (on) =>
      lists(on, [{ limit: 99 }, [1, 2, 3, 4, 5, 6, 7, 8, 9]], [{ limit: 3 }, [1, 2, 3]], [{ limit: 0 }, []]));

    it('descending goes from new to old', (on) =>
      lists(
        on,
        [{ limit: 3, descending: true }, [9, 8, 7]],
        [{ limit: 2, from: 3, to: 5, descending: true }, [5, 4]],
      ));

    it('of a range has both its ends', (on) =>
      lists(
        on,
        [{ limit: 99, from: 3, to: 5 }, [3, 4, 5]],
        [{ limit: 99, from: 5, to: 5 }, [5]],
        [{ limit: 99, from: 9, to: 99 }, [9]],
        [{ limit: 99, to: 2 }, [1, 2]],
        [{ limit: 1, from: -5 }, [1]],
      ));

    it('of a range with nothing in it is empty', (on) =>
      lists(
        on,
        [{ limit: 99, from: 10 }, []],
        [{ limit: 99, from: 5, to: 4 }, []],
        [{ limit: 99, to: 0 }, []],
      ));

    it('tells all but the body, and its size', async ({ store }) => {
      const { body, ...rest } = checkpoint(4, { base: true });
      const [listed] = await store.history('r', { from: 4, limit: 1 });
      // What is stored may be longer than the text: sealed, say.
      const { bytes = 0 } = listed ?? {};
      equal(listed, { ...rest, bytes: Math.max(bytes, body.length) });
    });

    it('leaves out the seqs that were left out', async (on) => {
      await commit(on.store, turn('r', 20, { expect: 9 }));
      await lists(on, [{ limit: 99, from: 8 }, [8, 9, 20]]);
    });

    it('of a run that is not there is empty', async ({ store }) => {
      equal(await store.history('missing', { limit: 9 }), []);
    });

    it('page by page is the same as at once', async ({ store }) => {
      const paged: number[] = [];
      for (let from = 0; ;) {
        const page = await historyOf(store, 'r', { from, limit: 2 });
        paged.push(...page);
        if (page.length < 2) break;
        from = page[1]! + 1;
      }
      equal(paged, await historyOf(store, 'r'));
    });
  },
  { before: ({ store }) => checkpointed(store, 'r', { last: 9, bases: [4, 8] }) },
);
