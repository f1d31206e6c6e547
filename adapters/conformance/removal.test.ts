import { beforeEach, describe, expect, test } from 'vitest';
import {
  commit,
  creation,
  find,
  keysOf,
  puts,
  head,
  loaded,
  minute,
  owner,
  rowOf,
  sleep,
  statuses,
  turn,
  removal,
} from './fixtures.ts';
import { onEachStore } from './stores.ts';

onEachStore((on) => {
  describe('a removed run', () => {
    beforeEach(async () => {
      await commit(
        on.store,
        creation('r', { head: head({ tags: ['a'] }) }),
        creation('s', { head: head({ tags: ['a'] }) }),
      );
      await commit(on.store, turn('r', 2, { put: [{ kind: 'event', key: 'e', value: '' }] }), turn('s', 2));
    });

    test('is gone with all its rows, and the others are not', async () => {
      await commit(on.store, puts('r', 'step', 'a', 'b'), puts('s', 'step', 'c'));
      await on.store.enqueue('r', { id: 'm', value: '' });
      await on.store.enqueue('s', { id: 'n', value: '' });
      await commit(on.store, removal('r'));
      expect(await on.store.load('r')).toEqual([]);
      expect(await rowOf(on.store, 'r', 'event', 'e')).toBeUndefined();
      expect(await on.store.history('r', { limit: 9 })).toEqual([]);
      expect((await on.store.runs({ limit: 9 })).map((run) => run.run)).toEqual(['s']);
      expect((await on.store.runs({ tag: 'a', limit: 9 })).map((run) => run.run)).toEqual(['s']);
      expect(await loaded(on.store, 's')).toEqual([1, 2]);
      for (const kind of ['step', 'inbox'] as const) {
        expect(await keysOf(on.store, 'r', kind)).toEqual([]);
        expect(await keysOf(on.store, 's', kind)).toHaveLength(1);
      }
      expect(await on.store.acquire('r', owner)).toEqual({ status: 'deleted' });
    });

    test('cannot be removed under another fence, by another owner or twice', async () => {
      await on.store.lease('owner-2', minute);
      expect(await statuses(on.store, removal('r', { fence: 2 }))).toEqual(['fenced']);
      expect(await statuses(on.store, removal('r', { owner: 'owner-2' }))).toEqual(['fenced']);
      expect(await loaded(on.store, 'r')).toEqual([1, 2]);
      await commit(on.store, removal('r'));
      expect(await statuses(on.store, removal('r'))).toEqual(['fenced']);
    });

    test('can be one of many in a batch, each with an outcome of its own', async () => {
      expect(
        await statuses(on.store, removal('r'), turn('s', 3), removal('gone'), removal('s', { fence: 9 })),
      ).toEqual(['committed', 'committed', 'fenced', 'fenced']);
      expect((await on.store.runs({ limit: 9 })).map((run) => run.run)).toEqual(['s']);
    });

    test('is not revived by a late commit', async () => {
      await commit(on.store, removal('r'));
      expect(await statuses(on.store, turn('r', 3), turn('s', 3))).toEqual(['fenced', 'committed']);
      expect(await find(on.store, 'r')).toBeUndefined();
    });

    test('leaves its id taken until the tombstone has had its time', async () => {
      await commit(on.store, removal('r', { remove: 400 }));
      expect(await statuses(on.store, creation('r'))).toEqual(['exists']);
      await sleep(420);
      expect(await on.store.acquire('r', owner)).toEqual({ status: 'missing' });
      expect(await statuses(on.store, creation('r'))).toEqual(['committed']);
      expect(await loaded(on.store, 'r')).toEqual([1]);
      expect(await rowOf(on.store, 'r', 'event', 'e')).toBeUndefined();
    });
  });
});
