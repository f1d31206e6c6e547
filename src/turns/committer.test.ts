import { describe, expect, it, vi } from 'vitest';
import type { Outcome, RunCommit, Store } from '../store.ts';
import { Committer, type Committing } from './committer.ts';

const committed: Outcome = { status: 'committed' };

/** A store whose commits end when the test says so. */
function slowStore() {
  const batches: { readonly runs: readonly string[]; readonly end: () => void }[] = [];
  const store = {
    commit: (batch: readonly RunCommit[]) =>
      new Promise<Outcome[]>((resolve) => {
        const end = (): void => resolve(batch.map(() => committed));
        batches.push({ runs: batch.map(({ run }) => run), end });
      }),
  };
  return { store: store as unknown as Store, batches };
}

function run(id: string, ended: string[] = []): Committing {
  return {
    isWaiting: false,
    take: () => ({ run: id }) as RunCommit,
    outcome: () => void ended.push(id),
    unknown: () => {},
  };
}

const aJob = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

describe('commits of many runs', () => {
  it('of one job go to the store together', async () => {
    const { store, batches } = slowStore();
    const committer = new Committer(store);
    for (const id of ['a', 'b', 'c']) committer.add(run(id));
    await aJob();
    expect(batches.map(({ runs }) => runs)).toEqual([['a', 'b', 'c']]);
  });

  it('wait for each other, and go together, while the store is busy with several', async () => {
    const { store, batches } = slowStore();
    const committer = new Committer(store);
    const ended: string[] = [];
    for (let i = 0; i < 100; i++) {
      committer.add(run(`run-${i}`, ended));
      await Promise.resolve().then(() => {});
    }
    await aJob();
    expect(batches.map(({ runs }) => runs.length)).toEqual([1, 1, 1, 1]);
    batches[2]!.end();
    await aJob();
    expect(batches.map(({ runs }) => runs.length)).toEqual([1, 1, 1, 1, 96]);
    for (const { end } of batches) end();
    await aJob();
    expect(ended).toHaveLength(100);
  });

  it('do not wait for ever for those that the store does not answer', async () => {
    vi.useFakeTimers();
    try {
      const { store, batches } = slowStore();
      const committer = new Committer(store);
      const ended: string[] = [];
      for (let i = 0; i < 5; i++) {
        committer.add(run(`run-${i}`, ended));
        await vi.advanceTimersByTimeAsync(0);
      }
      expect(batches).toHaveLength(4);
      await vi.advanceTimersByTimeAsync(1000);
      batches[4]!.end();
      await vi.advanceTimersByTimeAsync(0);
      expect(ended).toEqual(['run-4']);
      // Nor does anybody who comes later.
      committer.add(run('run-5', ended));
      await vi.advanceTimersByTimeAsync(0);
      batches[5]!.end();
      await vi.advanceTimersByTimeAsync(0);
      expect(ended).toEqual(['run-4', 'run-5']);
    } finally {
      vi.useRealTimers();
    }
  });
});
