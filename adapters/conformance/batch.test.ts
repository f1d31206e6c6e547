import { describe, expect, test } from 'vitest';
import {
  checkpoint,
  commit,
  creation,
  find,
  head,
  loaded,
  rowOf,
  statuses,
  turn,
  removal,
} from './fixtures.ts';
import { onEachStore } from './stores.ts';

onEachStore((on) => {
  describe('a batch', () => {
    test('of no commits has no outcomes', async () => {
      expect(await on.store.commit([])).toEqual([]);
    });

    test.each([3, 100])(
      'of %i has an outcome for each run, in order, and none takes others down',
      async (n) => {
        const ids = Array.from({ length: n }, (_, i) => `r${i}`);
        await commit(on.store, ...ids.map((id) => creation(id)));
        const batch = ids.map((id) => turn(id, 2));
        batch[0] = turn('r0', 2, { expect: 7 });
        batch[1] = turn('r1', 2, { fence: 9, head: head({ machine: 'x' }) });
        batch.push(creation('r2'), creation('new'), turn('missing', 2));
        const committed = ids.slice(2).map(() => 'committed');
        expect(await statuses(on.store, ...batch)).toEqual([
          'conflict',
          'fenced',
          ...committed,
          'exists',
          'committed',
          'fenced',
        ]);
        expect(await loaded(on.store, 'r0')).toEqual([1]);
        expect((await find(on.store, 'r1'))?.machine).toBe('refund');
        for (const id of ids.slice(2)) expect(await loaded(on.store, id)).toEqual([1, 2]);
        expect(await loaded(on.store, 'new')).toEqual([1]);
      },
    );

    test.each([3, 100])('of %i in which one cannot be stored writes the others', async (n) => {
      const ids = Array.from({ length: n }, (_, i) => `r${i}`);
      await commit(on.store, ...ids.map((id) => creation(id)));
      const batch = ids.map((id) => turn(id, 2, id === 'r1' ? { head: head({ machine: 'changed' }) } : {}));
      const put = [{ kind: 'event', key: 'e', value: '' }] as const;
      batch[1] = turn('r1', 2, {
        checkpoints: [checkpoint(2), checkpoint(2)],
        put,
        head: head({ machine: 'x' }),
      });
      const outcomes = await on.store.commit([...batch, creation('new')]);
      expect(outcomes[1]).toMatchObject({ status: 'failed', retry: false });
      expect(outcomes.filter((outcome) => outcome.status === 'committed')).toHaveLength(n);
      expect(await loaded(on.store, 'r1')).toEqual([1]);
      expect(await rowOf(on.store, 'r1', 'event', 'e')).toBeUndefined();
      expect(await find(on.store, 'r1')).toMatchObject({ machine: 'refund', seq: 1 });
      expect(await statuses(on.store, turn('r1', 2), turn('r2', 3), turn('new', 2))).toEqual([
        'committed',
        'committed',
        'committed',
      ]);
    });

    test('may hold a run twice: the second finds what the first wrote', async () => {
      expect(await statuses(on.store, creation('r'), turn('r', 2), turn('r', 2), turn('r', 3))).toEqual([
        'committed',
        'committed',
        'conflict',
        'committed',
      ]);
    });

    test('and single commits, in any mixture, are one history', async () => {
      const others = Array.from({ length: 20 }, (_, i) => `other-${i}`);
      await commit(on.store, creation('r'), ...others.map((id) => creation(id)));
      for (let seq = 2; seq <= 40; seq++) {
        const base = seq % 16 === 0;
        const own = turn('r', seq, { checkpoints: [checkpoint(seq, { base })] });
        if (seq % 3 === 0) await commit(on.store, own);
        else await commit(on.store, ...others.map((id) => turn(id, seq, { expect: undefined })), own);
      }
      expect(await loaded(on.store, 'r')).toEqual([32, 33, 34, 35, 36, 37, 38, 39, 40]);
      expect(await loaded(on.store, 'r', 20)).toEqual([16, 17, 18, 19, 20]);
      expect(await find(on.store, 'r')).toMatchObject({ seq: 40, updatedAt: 2040 });
      const history = await on.store.history('r', { from: 10, to: 30, descending: true, limit: 5 });
      expect(history.map((row) => row.seq)).toEqual([30, 29, 28, 27, 26]);
      expect(await statuses(on.store, turn('r', 40))).toEqual(['conflict']);
      await commit(on.store, turn('r', 41, { dropBefore: 32 }));
      expect((await on.store.history('r', { limit: 99 })).map((row) => row.seq)[0]).toBe(32);
      await commit(on.store, removal('r'));
      expect(await on.store.load('r')).toEqual([]);
    });
  });
});
