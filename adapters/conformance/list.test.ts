import { beforeEach, describe, expect, test } from 'vitest';
import type { RunScan, RunStatus } from '../../src/store.ts';
import { commit, creation, head, minute, owner, sleep, turn, removal } from './fixtures.ts';
import { onEachStore } from './stores.ts';

onEachStore((on) => {
  describe('listing', () => {
    const runs: [id: string, createdAt: number, status: RunStatus, machine: string, tags: string[]][] = [
      ['b', 1000, 'running', 'refund', ['x']],
      ['a', 1000, 'done', 'refund', ['x', 'y']],
      ['e', 3000, 'idle', 'order', []],
      ['d', 2000, 'running', 'order', ['y']],
      ['c', 2000, 'failed', 'order', ['x']],
      ['f', 500, 'waitingForInput', 'refund', ['x']],
    ];
    const ids = async (scan: Partial<RunScan>): Promise<string> =>
      (await on.store.runs({ limit: 99, ...scan })).map((run) => run.run).join('');

    beforeEach(async () => {
      for (const [id, createdAt, status, machine, tags] of runs) {
        await commit(on.store, creation(id, { head: head({ createdAt, status, machine, tags }) }));
      }
    });

    test.each<[Partial<RunScan>, string]>([
      [{}, 'fabcde'],
      [{ descending: true }, 'edcbaf'],
      [{ limit: 2 }, 'fa'],
      [{ limit: 0 }, ''],
      [{ status: ['running'] }, 'bd'],
      [{ status: ['done', 'running', 'failed'] }, 'abcd'],
      [{ status: ['done', 'running', 'failed'], descending: true, limit: 3 }, 'dcb'],
      [{ status: ['running', 'running'] }, 'bd'],
      [{ status: [] }, ''],
      [{ machine: 'order' }, 'cde'],
      [{ machine: 'order', status: ['idle', 'failed'] }, 'ce'],
      [{ machine: 'none' }, ''],
      [{ tag: 'x' }, 'fabc'],
      [{ tag: 'x', descending: true, limit: 2 }, 'cb'],
      [{ tag: 'y', status: ['running'] }, 'd'],
      [{ tag: 'x', status: [] }, ''],
      [{ tag: 'x', machine: 'refund', createdFrom: 1000 }, 'ab'],
      [{ createdFrom: 1000, createdTo: 3000 }, 'abcd'],
      [{ createdFrom: 1000, createdTo: 1000 }, ''],
      [{ run: 'c' }, 'c'],
      [{ run: 'c', tag: 'x', machine: 'order', status: ['failed'] }, 'c'],
      [{ run: 'c', tag: 'y' }, ''],
      [{ run: 'c', status: ['done'] }, ''],
      [{ run: 'none' }, ''],
      [{ after: { createdAt: 1000, run: 'a' } }, 'bcde'],
      [{ after: { createdAt: 1000, run: 'a' }, descending: true }, 'f'],
      [{ after: { createdAt: 1500, run: 'gone' } }, 'cde'],
      [{ after: { createdAt: 2000, run: 'c' }, status: ['running', 'idle'] }, 'de'],
      [{ after: { createdAt: 1000, run: 'a' }, tag: 'x' }, 'bc'],
    ])('with %o gives %s', async (scan, expected) => {
      expect(await ids(scan)).toBe(expected);
    });

    test('of the free ones leaves out those whose owner has a lease', async () => {
      await on.store.lease('owner-2', minute);
      await commit(on.store, creation('g', { owner: 'owner-2', head: head({ createdAt: 4000 }) }), {
        run: 'a',
        owner,
        fence: 1,
        release: true,
      });
      expect(await ids({ free: true })).toBe('a');
      await on.store.lease(owner, 20);
      await sleep(40);
      expect(await ids({ free: true })).toBe('fabcde');
      expect(await ids({ free: true, status: ['running'], limit: 1 })).toBe('b');
      await on.store.lease('owner-2', 0);
      expect(await ids({ free: true, descending: true, limit: 2 })).toBe('ge');
    });

    describe('of runs that wait for a time', () => {
      const due: [id: string, due: number | undefined][] = [
        ['a', 50],
        ['b', 40],
        ['c', 40],
        ['d', undefined],
        ['e', 60],
      ];

      beforeEach(async () => {
        for (const [id, at] of due) {
          const [, createdAt, status, machine, tags] = runs.find(([run]) => run === id)!;
          const changed = head({ createdAt, status, machine, tags, due: at });
          await commit(on.store, turn(id, 2, { head: changed }));
        }
      });

      test.each<[Partial<RunScan>, string]>([
        [{ dueTo: 39 }, ''],
        [{ dueTo: 40 }, 'bc'],
        [{ dueTo: 60 }, 'bcae'],
        [{ dueTo: 60, limit: 3 }, 'bca'],
        [{ dueTo: 60, descending: true }, 'eacb'],
        [{ dueTo: 60, tag: 'x' }, 'bca'],
        [{ dueTo: 60, status: ['idle', 'done'] }, 'ae'],
        [{ dueTo: 60, machine: 'order', createdTo: 3000 }, 'c'],
        [{ dueTo: 60, run: 'a' }, 'a'],
        [{ dueTo: 49, run: 'a' }, ''],
        [{ dueTo: 60, owner: 'nobody' }, ''],
      ])('with %o gives %s', async (scan, expected) => {
        expect(await ids(scan)).toBe(expected);
      });

      test('follows each commit, and each removal', async () => {
        await commit(on.store, turn('b', 3, { head: head({ due: 100 }) }));
        await commit(on.store, turn('c', 3, { head: head() }));
        expect(await ids({ dueTo: 99 })).toBe('ae');
        await commit(on.store, turn('c', 4, { head: head({ due: 1, status: 'sleeping' }) }));
        expect(await ids({ dueTo: 100 })).toBe('caeb');
        await commit(on.store, removal('c'));
        expect(await ids({ dueTo: 100 })).toBe('aeb');
      });
    });

    test('by owner gives the runs that it holds', async () => {
      await on.store.lease('owner-2', minute);
      await commit(on.store, turn('d', 2, { release: true }), turn('e', 2, { release: true }));
      expect(await on.store.acquire('e', 'owner-2')).toMatchObject({ status: 'acquired' });
      expect(await ids({ owner })).toBe('fabc');
      expect(await ids({ owner, tag: 'x', status: ['done', 'failed'] })).toBe('ac');
      expect(await ids({ owner: 'owner-2' })).toBe('e');
      expect(await ids({ owner: 'owner-2', run: 'a' })).toBe('');
      expect(await ids({ owner: 'nobody' })).toBe('');
      await on.store.lease(owner, 0);
      expect(await ids({ owner })).toBe('');
      expect(await ids({})).toBe('fabcde');
    });

    test('of runs for which messages wait follows what comes and what is taken', async () => {
      expect(await ids({ undelivered: true })).toBe('');
      for (const run of ['d', 'a', 'b']) await on.store.enqueue(run, { id: '1', value: '' });
      await on.store.enqueue('a', { id: '2', value: '' });
      expect(await ids({ undelivered: true })).toBe('abd');
      expect(await ids({ undelivered: true, descending: true, limit: 2 })).toBe('db');
      expect(await ids({ undelivered: true, after: { createdAt: 1000, run: 'a' } })).toBe('bd');
      expect(await ids({ undelivered: true, tag: 'x', owner })).toBe('ab');
      expect(await ids({ undelivered: true, status: ['running'] })).toBe('bd');
      expect(await ids({ undelivered: true, owner: 'nobody' })).toBe('');
      expect(await ids({ undelivered: true, run: 'a' })).toBe('a');
      expect(await ids({ undelivered: true, run: 'c' })).toBe('');
      await commit(on.store, turn('a', 2, { take: ['1'] }), turn('b', 2, { take: ['1'] }));
      expect(await ids({ undelivered: true })).toBe('ad');
      await commit(on.store, removal('d'));
      expect(await ids({ undelivered: true })).toBe('a');
    });

    test.each([
      {},
      { tag: 'x' },
      { status: ['running', 'done', 'failed'] as RunStatus[] },
      { machine: 'order' },
    ])('page by page gives the same as at once: %o', async (scan) => {
      for (const descending of [false, true]) {
        const paged: string[] = [];
        for (let after: RunScan['after']; ;) {
          const [next] = await on.store.runs({ ...scan, descending, after, limit: 1 });
          if (next === undefined) break;
          paged.push(next.run);
          after = { createdAt: next.createdAt, run: next.run };
        }
        expect(paged.join('')).toBe(await ids({ ...scan, descending }));
      }
    });
  });
});
