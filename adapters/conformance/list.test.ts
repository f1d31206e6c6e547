import { beforeEach, describe, expect, test } from 'vitest';
import type { RunScan, RunStatus } from '../../src/store.ts';
import { commit, creation, head } from './fixtures.ts';
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
