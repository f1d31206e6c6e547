import { beforeEach, describe, expect, test } from 'vitest';
import { checkpoint, commit, creation, loaded, rowOf, turn } from './fixtures.ts';
import { onEachStore } from './stores.ts';

onEachStore((on) => {
  describe('loading', () => {
    beforeEach(async () => {
      await commit(on.store, creation('r'));
      for (let seq = 2; seq <= 9; seq++) {
        await commit(
          on.store,
          turn('r', seq, { checkpoints: [checkpoint(seq, { base: seq === 4 || seq === 8 })] }),
        );
      }
    });

    test.each([
      [undefined, [8, 9]],
      [9, [8, 9]],
      [8, [8]],
      [7, [4, 5, 6, 7]],
      [4, [4]],
      [3, [1, 2, 3]],
      [1, [1]],
      [0, []],
      [10, []],
    ])('at %s gives the rows from its base on', async (at, seqs) => {
      expect(await loaded(on.store, 'r', at)).toEqual(seqs);
    });

    test('a run that is not there gives nothing', async () => {
      expect(await on.store.load('missing')).toEqual([]);
      expect(await on.store.load('missing', 1)).toEqual([]);
      expect(await rowOf(on.store, 'missing', 'event', 'e')).toBeUndefined();
    });

    test.each([
      [{ limit: 3 }, [1, 2, 3]],
      [{ limit: 3, descending: true }, [9, 8, 7]],
      [{ limit: 99, from: 3, to: 5 }, [3, 4, 5]],
      [{ limit: 2, from: 3, to: 5, descending: true }, [5, 4]],
      [{ limit: 99, from: 9, to: 99 }, [9]],
      [{ limit: 99, from: 10 }, []],
      [{ limit: 99, from: 5, to: 4 }, []],
    ])('history with %o gives %o', async (scan, seqs) => {
      expect((await on.store.history('r', scan)).map((row) => row.seq)).toEqual(seqs);
    });

    test('history tells all but the body, and its size', async () => {
      const { body, ...rest } = checkpoint(4, { base: true });
      expect(await on.store.history('r', { from: 4, limit: 1 })).toEqual([{ ...rest, bytes: body.length }]);
    });
  });
});
