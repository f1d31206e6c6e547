import { beforeEach, describe, expect, test } from 'vitest';
import { StoreError } from '../../src/errors.ts';
import { commit, creation, find, minute, owner, sleep, statuses, turn } from './fixtures.ts';
import { onEachStore } from './stores.ts';

onEachStore((on) => {
  describe('a lease', () => {
    beforeEach(async () => {
      await on.store.lease('owner-2', minute);
      await commit(on.store, creation('r'));
    });

    test('keeps others out while it lasts, and says until when', async () => {
      const held = await on.store.acquire('r', 'owner-2');
      expect(held).toEqual({ status: 'held', by: expect.any(String), until: expect.any(Number) });
      if (held.status === 'held') expect(Math.abs(held.until - Date.now() - minute)).toBeLessThan(10_000);
    });

    test('that is renewed lasts longer', async () => {
      await on.store.lease(owner, 30);
      await on.store.lease(owner, minute);
      await sleep(60);
      expect(await on.store.acquire('r', 'owner-2')).toMatchObject({ status: 'held' });
    });

    test('that has ended lets others in, under a higher fence, and the old owner is fenced', async () => {
      await on.store.lease(owner, 20);
      await sleep(40);
      expect(await on.store.acquire('r', 'owner-2')).toEqual({ status: 'acquired', fence: 2 });
      expect(await statuses(on.store, turn('r', 2))).toEqual(['fenced']);
      expect(await statuses(on.store, turn('r', 2, { owner: 'owner-2', fence: 1 }))).toEqual(['fenced']);
      expect(await statuses(on.store, turn('r', 2, { owner: 'owner-2', fence: 2 }))).toEqual(['committed']);
      await on.store.lease(owner, minute);
      expect(await on.store.acquire('r', owner)).toMatchObject({ status: 'held' });
    });

    test('that has ended is good again when it is renewed before anyone came', async () => {
      await on.store.lease(owner, 20);
      await sleep(40);
      await on.store.lease(owner, minute);
      expect(await on.store.acquire('r', 'owner-2')).toMatchObject({ status: 'held' });
      expect(await statuses(on.store, turn('r', 2))).toEqual(['committed']);
    });

    test('that is given up frees all its runs at once', async () => {
      await commit(on.store, creation('s'));
      await on.store.lease(owner, 0);
      expect(await on.store.acquire('r', 'owner-2')).toEqual({ status: 'acquired', fence: 2 });
      expect(await statuses(on.store, turn('s', 2))).toEqual(['fenced']);
      await on.store.lease(owner, minute);
      expect(await statuses(on.store, turn('s', 2))).toEqual(['fenced']);
      expect(await on.store.acquire('s', owner)).toEqual({ status: 'acquired', fence: 2 });
      expect(await statuses(on.store, turn('s', 2, { fence: 2 }))).toEqual(['committed']);
    });

    test('of the same owner takes the run anew: the old fence is worth nothing', async () => {
      expect(await on.store.acquire('r', owner)).toEqual({ status: 'acquired', fence: 2 });
      expect(await statuses(on.store, turn('r', 2))).toEqual(['fenced']);
      expect((await find(on.store, 'r'))?.fence).toBe(2);
    });

    test('is needed to take a run', async () => {
      await expect(async () => on.store.acquire('r', 'nobody')).rejects.toThrow(StoreError);
    });

    test('does not bring a missing run', async () => {
      expect(await on.store.acquire('missing', owner)).toEqual({ status: 'missing' });
    });
  });
});
