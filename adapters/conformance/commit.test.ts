import { describe, expect, test } from 'vitest';
import type { RunScan } from '../../src/store.ts';
import {
  checkpoint,
  commit,
  creation,
  find,
  head,
  keysOf,
  question,
  questionIds,
  loaded,
  minute,
  owner,
  rowOf,
  statuses,
  turn,
} from './fixtures.ts';
import { onEachStore } from './stores.ts';

onEachStore((on) => {
  describe('a commit', () => {
    test('is there afterwards with all that it holds', async () => {
      await commit(
        on.store,
        creation('r', {
          head: head({ version: '2', due: 5000, tags: ['a', 'b'], more: '{"x":1}' }),
          put: [{ kind: 'event', key: 'e', value: 'receipt' }],
        }),
      );
      expect(await find(on.store, 'r')).toEqual({
        ...head({ version: '2', due: 5000, tags: ['a', 'b'], more: '{"x":1}' }),
        run: 'r',
        seq: 1,
        updatedAt: 2001,
        fence: 1,
      });
      expect(await on.store.load('r')).toEqual([checkpoint(1, { base: true })]);
      expect(await rowOf(on.store, 'r', 'event', 'e')).toBe('receipt');
    });

    test('of a checkpoint alone moves seq and updatedAt, and leaves the head', async () => {
      await commit(on.store, creation('r', { head: head({ due: 9 }) }));
      await commit(on.store, turn('r', 2));
      expect(await find(on.store, 'r')).toMatchObject({ seq: 2, updatedAt: 2002, due: 9, status: 'running' });
    });

    test('with a head replaces all of the old one', async () => {
      await commit(on.store, creation('r', { head: head({ due: 9, version: '1', tags: ['a', 'b'] }) }));
      const next = head({ status: 'done', machine: 'other', tags: ['b', 'c'], more: 'more' });
      await commit(on.store, turn('r', 2, { head: next }));
      expect(await find(on.store, 'r')).toEqual({ ...next, run: 'r', seq: 2, updatedAt: 2002, fence: 1 });
      const ids = async (scan: Partial<RunScan>): Promise<number> =>
        (await on.store.runs({ limit: 9, ...scan })).length;
      expect(await ids({ tag: 'a' })).toBe(0);
      expect(await ids({ tag: 'b' })).toBe(1);
      expect(await ids({ tag: 'c' })).toBe(1);
      expect(await ids({ status: ['running'] })).toBe(0);
      expect(await ids({ status: ['done'], machine: 'other' })).toBe(1);
    });

    test('may hold several checkpoints, and seqs that leave some out', async () => {
      await commit(on.store, creation('r'));
      await commit(on.store, turn('r', 2, { checkpoints: [checkpoint(2), checkpoint(3), checkpoint(7)] }));
      expect(await loaded(on.store, 'r')).toEqual([1, 2, 3, 7]);
      expect(await statuses(on.store, turn('r', 8))).toEqual(['committed']);
      expect(await statuses(on.store, turn('r', 20, { expect: 8 }))).toEqual(['committed']);
      expect((await find(on.store, 'r'))?.seq).toBe(20);
    });

    test('may hold no checkpoint at all', async () => {
      await commit(on.store, creation('r'));
      await commit(on.store, { run: 'r', owner, fence: 1, put: [{ kind: 'event', key: 'e', value: '1' }] });
      expect((await find(on.store, 'r'))?.seq).toBe(1);
      expect(await rowOf(on.store, 'r', 'event', 'e')).toBe('1');
    });

    test('writes rows over rows of the same kind and key, and drops them', async () => {
      await commit(on.store, creation('r', { put: [{ kind: 'event', key: 'k', value: 'old' }] }));
      await commit(
        on.store,
        turn('r', 2, {
          put: [
            { kind: 'event', key: 'k', value: 'new' },
            { kind: 'blob', key: 'k', value: Uint8Array.of(1) },
          ],
        }),
      );
      expect(await rowOf(on.store, 'r', 'event', 'k')).toBe('new');
      await commit(
        on.store,
        turn('r', 3, {
          drop: [
            { kind: 'event', key: 'k' },
            { kind: 'event', key: 'none' },
          ],
        }),
      );
      expect(await rowOf(on.store, 'r', 'event', 'k')).toBeUndefined();
      expect(await rowOf(on.store, 'r', 'blob', 'k')).toEqual(Uint8Array.of(1));
    });

    test('is all there at once: rows, questions, and messages that are delivered', async () => {
      await commit(on.store, creation('r', { ask: [question('r/1')] }));
      await on.store.enqueue('r', { id: 'm', value: '' });
      await commit(
        on.store,
        turn('r', 2, {
          head: head({ status: 'waitingForInput' }),
          put: [{ kind: 'answer', key: 'r/1', value: 'yes' }],
          close: ['r/1'],
          ask: [question('r/2')],
          take: ['m'],
          unless: ['another'],
        }),
      );
      expect(await find(on.store, 'r')).toMatchObject({ seq: 2, status: 'waitingForInput' });
      expect(await rowOf(on.store, 'r', 'answer', 'r/1')).toBe('yes');
      expect(await questionIds(on.store)).toEqual(['r/2']);
      expect(await keysOf(on.store, 'r', 'inbox')).toEqual([]);
    });

    test('that expects another checkpoint than the newest is a conflict and writes nothing', async () => {
      await commit(on.store, creation('r'));
      await commit(on.store, turn('r', 2));
      const put = [{ kind: 'event', key: 'e', value: '' }] as const;
      const late = [
        turn('r', 2),
        turn('r', 3, { expect: 1 }),
        turn('r', 9, { expect: 8 }),
        turn('r', 2, { put }),
      ];
      for (const stale of late) expect(await statuses(on.store, stale)).toEqual(['conflict']);
      expect(await loaded(on.store, 'r')).toEqual([1, 2]);
      expect(await rowOf(on.store, 'r', 'event', 'e')).toBeUndefined();
    });

    test('under another fence or by another owner is fenced and writes nothing', async () => {
      await on.store.lease('owner-2', minute);
      await commit(on.store, creation('r'));
      const put = [{ kind: 'event', key: 'e', value: '' }] as const;
      for (const change of [{ fence: 0 }, { fence: 2 }, { owner: 'owner-2' }, { owner: 'nobody' }]) {
        expect(await statuses(on.store, turn('r', 2, change))).toEqual(['fenced']);
        expect(await statuses(on.store, turn('r', 2, { ...change, put }))).toEqual(['fenced']);
        expect(await statuses(on.store, { run: 'r', owner, fence: 1, put, ...change })).toEqual(['fenced']);
      }
      expect(await statuses(on.store, turn('missing', 2))).toEqual(['fenced']);
      expect(await loaded(on.store, 'r')).toEqual([1]);
      expect(await rowOf(on.store, 'r', 'event', 'e')).toBeUndefined();
    });

    test('that creates a run whose id is taken answers so and leaves the run as it was', async () => {
      await commit(on.store, creation('r', { put: [{ kind: 'event', key: 'e', value: 'mine' }] }));
      const again = creation('r', {
        head: head({ machine: 'x' }),
        put: [{ kind: 'event', key: 'e', value: 'x' }],
      });
      expect(await statuses(on.store, again)).toEqual(['exists']);
      expect(await find(on.store, 'r')).toMatchObject({ machine: 'refund' });
      expect(await rowOf(on.store, 'r', 'event', 'e')).toBe('mine');
    });

    test('by an owner without a lease creates nothing', async () => {
      expect(await statuses(on.store, creation('r', { owner: 'nobody' }))).toEqual(['fenced']);
      expect(await find(on.store, 'r')).toBeUndefined();
    });

    test('that releases the run is the last one of its owner', async () => {
      await commit(on.store, creation('r'));
      await commit(on.store, turn('r', 2, { release: true }));
      expect(await statuses(on.store, turn('r', 3))).toEqual(['fenced']);
      await on.store.lease('owner-2', minute);
      expect(await on.store.acquire('r', 'owner-2')).toEqual({ status: 'acquired', fence: 2 });
    });

    test('may create and release at once', async () => {
      await commit(on.store, creation('r', { release: true }));
      await on.store.lease('owner-2', minute);
      expect(await on.store.acquire('r', 'owner-2')).toMatchObject({ status: 'acquired' });
    });

    test('deletes a range of old checkpoints, and those before it can still be read', async () => {
      const base = checkpoint(6, { base: true });
      await commit(on.store, creation('r'));
      for (const seq of [2, 3, 4, 5]) await commit(on.store, turn('r', seq));
      await commit(on.store, turn('r', 6, { checkpoints: [base] }));
      await commit(on.store, { run: 'r', owner, fence: 1, dropFrom: 4, dropBefore: 6 });
      expect((await on.store.history('r', { limit: 9 })).map(({ seq }) => seq)).toEqual([1, 2, 3, 6]);
      expect(await loaded(on.store, 'r', 3)).toEqual([1, 2, 3]);
      expect(await loaded(on.store, 'r')).toEqual([6]);
      await commit(on.store, { run: 'r', owner, fence: 1, dropBefore: 6 });
      expect((await on.store.history('r', { limit: 9 })).map(({ seq }) => seq)).toEqual([6]);
    });

    test('drops old checkpoints without touching other runs', async () => {
      for (const run of ['q', 'r', 's']) {
        await commit(on.store, creation(run));
        await commit(on.store, turn(run, 2));
      }
      const base = checkpoint(3, { base: true });
      await commit(on.store, turn('r', 3, { checkpoints: [base], dropBefore: 3 }));
      expect(await on.store.load('r')).toEqual([base]);
      expect(await on.store.load('r', 2)).toEqual([]);
      expect(await loaded(on.store, 'q')).toEqual([1, 2]);
      expect(await loaded(on.store, 's')).toEqual([1, 2]);
    });
  });
});
