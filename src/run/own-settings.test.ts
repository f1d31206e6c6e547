/** What a run is started with counts before what its runtime says, whoever has it. */
import { SimulatedClock } from 'xstate';
import { describe, expect, it } from 'vitest';
import { counter } from '../../test/support/counter.ts';
import { overriding, stagedStore } from '../../test/support/staged-store.ts';
import { stores } from '../../test/support/stores.ts';
import { createRuntime, type Runtime, type RuntimeOptions, type Store } from '../index.ts';

const runtimeOn = (store: Store, options: Partial<RuntimeOptions> = {}) =>
  createRuntime({ store, machines: [counter], logger: () => {}, ...options });
const patient = { timeout: 10_000 };

async function seqs(runtime: Runtime, id: string): Promise<number[]> {
  const found: number[] = [];
  for await (const { seq } of runtime.history(id)) found.push(seq);
  return found;
}

async function ids(runtime: Runtime): Promise<string[]> {
  const found: string[] = [];
  for await (const { id } of runtime.list()) found.push(id);
  return found.toSorted();
}

function clockAt(start: number): SimulatedClock {
  const clock = new SimulatedClock();
  clock.set(start);
  return clock;
}

describe.each(stores)('a run of its own on %s', (_, make) => {
  it.each([
    ['append', 'replace', [1, 2, 3]],
    ['replace', 'append', [3]],
  ] as const)('has the history %s in runtimes with %s', async (history, other, kept) => {
    const store = make();
    const runtime = runtimeOn(store, { history: other });
    const run = await runtime.start(counter, { id: 'r', history });
    await runtime.start(counter, { id: 'other' });
    for (const id of ['r', 'other']) {
      await runtime.send(id, { type: 'add' });
      await runtime.send(id, { type: 'add' });
    }
    const own: number[] = [];
    for await (const { seq } of run.history()) own.push(seq);
    expect(own).toEqual(kept);
    expect(await seqs(runtime, 'other')).not.toEqual(kept);
    await runtime.close();
    const next = runtimeOn(store, { history: other });
    expect(await seqs(next, 'r')).toEqual(kept);
    const isKept = expect(next.checkpoint('r', 1));
    await (history === 'append'
      ? isKept.resolves.toMatchObject({ seq: 1 })
      : isKept.rejects.toMatchObject({ code: 'CHECKPOINT_NOT_FOUND' }));
    const again = await next.open('r');
    await again.send({ type: 'add' });
    expect(await seqs(next, 'r')).toEqual(history === 'append' ? [1, 2, 3, 4] : [4]);
  });

  it('has a durability of its own, also in the next process', async () => {
    const staged = stagedStore(make());
    const first = runtimeOn(staged);
    await (await first.start(counter, { id: 'r', durability: 'exit' })).release();
    const run = await runtimeOn(staged).open('r');
    // Commits come at rest.
    await run.send({ type: 'work' });
    const commits = staged.batches.length;
    for (let n = 0; n < 5; n++) await run.send({ type: 'add' });
    expect(staged.batches).toHaveLength(commits);
    await run.flush();
    expect(staged.batches.length).toBeGreaterThan(commits);
  });

  it('goes, or stays, when it has ended, as it was started', async () => {
    const store = make();
    const clock = clockAt(0);
    const runtime = runtimeOn(store, { clock });
    const finish = async (id: string, olderThan?: number): Promise<void> => {
      const retention = olderThan === undefined ? {} : { retention: { finished: { olderThan } } };
      await (await runtime.start(counter, { id, ...retention })).send({ type: 'finish' });
    };
    await finish('brief', 10);
    await finish('usual');
    await finish('long', 1000);
    await finish('for ever', Infinity);
    await runtime.start(counter, { id: 'alive', retention: { finished: { olderThan: 0 } } });
    await runtime.close();
    clock.set(50);
    const next = runtimeOn(store, { clock });
    expect((await next.prune({ finished: { olderThan: 100 } })).runs).toEqual(['brief']);
    clock.set(500);
    expect((await next.prune({ finished: { olderThan: 100 } })).runs).toEqual(['usual']);
    clock.set(1e12);
    expect((await next.prune({ finished: { olderThan: 0 } })).runs).toEqual(['long']);
    expect(await ids(next)).toEqual(['alive', 'for ever']);
  });

  it('does not take a place among the newest that are kept of the others', async () => {
    const runtime = runtimeOn(make(), { clock: clockAt(0) });
    for (const id of ['a', 'b', 'c', 'd']) {
      const retention = id === 'd' && { retention: { finished: { keepLast: 1 } } };
      await (await runtime.start(counter, { id, ...retention })).send({ type: 'finish' });
    }
    expect((await runtime.prune({ finished: { keepLast: 1 } })).runs.toSorted()).toEqual(['a', 'b']);
    expect(await ids(runtime)).toEqual(['c', 'd']);
  });

  it('has checkpoints for as long as it was started with', async () => {
    const runtime = runtimeOn(make(), { clock: clockAt(0) });
    await runtime.start(counter, { id: 'all', retention: { history: { keepLast: 1000 } } });
    await runtime.start(counter, { id: 'usual' });
    for (const id of ['all', 'usual'])
      for (let n = 0; n < 20; n++) await runtime.send(id, { type: 'keep', value: `${n}`.repeat(2000) });
    await runtime.prune({ history: { keepLast: 5 } });
    expect(await seqs(runtime, 'all')).toHaveLength(21);
    expect((await seqs(runtime, 'usual')).length).toBeLessThan(21);
  });

  it('is looked after by the runtime that started it, and by one that opened it', async () => {
    const store = make();
    const clock = clockAt(0);
    const first = runtimeOn(store, { clock, retention: { tombstones: 0 } });
    const run = await first.start(counter, { id: 'r', retention: { finished: { olderThan: 0 } } });
    await run.release();
    await first.close();
    const next = runtimeOn(store, { clock });
    const again = await next.open('r');
    await again.send({ type: 'finish' });
    await next.close();
    const last = runtimeOn(store, { clock });
    await last.start(counter, { id: 'other', retention: { finished: { olderThan: 0 } } });
    await expect.poll(() => ids(last), patient).toEqual(['other']);
    await last.close();
  });

  it('is none with what cannot be: nothing is started', async () => {
    const runtime = runtimeOn(make());
    for (const options of [
      { history: 'some' },
      { durability: 'never' },
      { retention: { finished: {} } },
      { retention: { history: { keepLast: 0 } } },
      { retention: { finished: { olderThan: -1 } } },
    ])
      await expect(runtime.start(counter, { id: 'r', ...(options as object) })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
    expect(await ids(runtime)).toEqual([]);
  });

  it('is left alone where what is said of it is damaged; the others are pruned', async () => {
    const store = make();
    const runtime = runtimeOn(store, { clock: clockAt(0) });
    for (const id of ['bad', 'good']) await (await runtime.start(counter, { id })).send({ type: 'finish' });
    const damaged = overriding(store, {
      runs: async (scan) =>
        (await store.runs(scan)).map((stored) => (stored.run === 'bad' ? { ...stored, more: '{' } : stored)),
    });
    const next = runtimeOn(damaged, { clock: clockAt(0) });
    expect((await next.prune({ finished: { olderThan: 0 }, history: { keepLast: 1 } })).runs).toEqual([
      'good',
    ]);
    expect(await next.checkpoint('bad', 1)).toMatchObject({ seq: 1 });
  });
});
