import { assign, setup, SimulatedClock } from 'xstate';
import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../adapters/memory.ts';
import { counter } from '../../test/support/counter.ts';
import { overriding } from '../../test/support/staged-store.ts';
import { stores } from '../../test/support/stores.ts';
import { typed } from '../../test/support/typed.ts';
import { createRuntime, StoreError, type RuntimeOptions, type Store } from '../index.ts';

const DAY = 24 * 60 * 60 * 1000;

/** A clock that begins at `start` and is moved by hand. */
function clockAt(start: number | string): SimulatedClock {
  const clock = new SimulatedClock();
  clock.set(typeof start === 'string' ? Date.parse(start) : start);
  return clock;
}

const runtimeOn = (store: Store, options: Partial<RuntimeOptions> = {}) =>
  createRuntime({ store, machines: [counter, album], logger: () => {}, ...options });

/** Keeps one picture at a time. */
const album = setup({
  types: typed<{
    context: { picture?: Uint8Array; views: number };
    events: { type: 'put'; picture: Uint8Array } | { type: 'view' };
  }>(),
}).createMachine({
  id: 'album',
  context: { views: 0 },
  on: {
    put: { actions: assign({ picture: ({ event }) => event.picture }) },
    view: { actions: assign({ views: ({ context }) => context.views + 1 }) },
  },
});

const picture = (of: number): Uint8Array => new Uint8Array(20_000).fill(of);

async function seqs(runtime: ReturnType<typeof runtimeOn>, run: string): Promise<number[]> {
  const found: number[] = [];
  for await (const { seq } of runtime.history(run)) found.push(seq);
  return found;
}

async function ids(runtime: ReturnType<typeof runtimeOn>): Promise<string[]> {
  const found: string[] = [];
  for await (const { id } of runtime.list()) found.push(id);
  return found.toSorted();
}

describe.each(stores)('prune() on %s', (_, make) => {
  it('deletes runs that ended long enough ago, whatever the calendar says', async () => {
    for (const today of ['2026-01-05', '2026-03-01', '2026-03-30', '2026-10-26']) {
      const store = make();
      const now = Date.parse(`${today}T12:00:00Z`);
      const clock = clockAt(now - 11 * DAY);
      const runtime = runtimeOn(store, { clock });
      const finish = async (id: string): Promise<void> => {
        await (await runtime.start(counter, { id })).send({ type: 'finish' });
      };
      await finish('old');
      await runtime.start(counter, { id: 'alive' });
      clock.set(now - 10 * DAY + 1);
      await finish('young');
      clock.set(now);
      expect(await runtime.prune({ finished: { olderThan: 10 * DAY } })).toEqual({
        runs: ['old'],
        checkpoints: 0,
        blobs: 0,
      });
      expect(await ids(runtime)).toEqual(['alive', 'young']);
    }
  });

  it('keeps the newest runs that ended, and all that have not', async () => {
    const runtime = runtimeOn(make(), { clock: clockAt(1000) });
    for (let i = 0; i < 6; i++) {
      const run = await runtime.start(counter, { id: `r${i}` });
      if (i !== 2) await run.send({ type: 'finish' });
    }
    expect((await runtime.prune({ finished: { keepLast: 2 } })).runs.toSorted()).toEqual(['r0', 'r1', 'r3']);
    expect(await ids(runtime)).toEqual(['r2', 'r4', 'r5']);
    await expect(runtime.start(counter, { id: 'r0' })).rejects.toMatchObject({ code: 'RUN_EXISTS' });
  });

  it('deletes what both conditions let go, and nothing else', async () => {
    const clock = clockAt(1000);
    const runtime = runtimeOn(make(), { clock });
    for (const id of ['a', 'b', 'c']) await (await runtime.start(counter, { id })).send({ type: 'finish' });
    clock.set(2000);
    expect((await runtime.prune({ finished: { olderThan: 5000, keepLast: 1 } })).runs).toEqual([]);
    clock.set(9000);
    expect((await runtime.prune({ finished: { olderThan: 5000, keepLast: 1 } })).runs).toHaveLength(2);
  });

  it('never deletes a run that waits in quarantine', async () => {
    const store = make();
    const runtime = runtimeOn(store);
    const run = await runtime.start(counter, { id: 'r' });
    await run.send({ type: 'add' });
    await run.release();
    await store.lease('o', 1000);
    const acquired = await store.acquire('r', 'o');
    const fence = acquired.status === 'acquired' ? acquired.fence : 0;
    const [stored] = await store.runs({ run: 'r', limit: 1 });
    const head = { ...stored!, status: 'quarantined' as const };
    await store.commit([{ run: 'r', owner: 'o', fence, head, release: true }]);
    expect((await runtime.prune({ finished: { keepLast: 0 } })).runs).toEqual([]);
  });

  it('cuts the history at a base, and the run goes on as before', async () => {
    const runtime = runtimeOn(make());
    const run = await runtime.start(counter, { id: 'r' });
    for (let i = 0; i < 20; i++) await run.send({ type: 'keep', value: `${i}`.repeat(2000) });
    const before = await seqs(runtime, 'r');
    const { checkpoints, runs } = await runtime.prune({ history: { keepLast: 5 } });
    expect(runs).toEqual([]);
    const left = await seqs(runtime, 'r');
    expect(checkpoints).toBe(before.length - left.length);
    expect(checkpoints).toBeGreaterThan(5);
    expect(left.length).toBeGreaterThanOrEqual(5);
    expect(left).toEqual(before.slice(-left.length));
    expect((await runtime.history('r').next()).value).toMatchObject({ kind: 'base' });
    expect(await runtime.prune({ history: { keepLast: 5 } })).toMatchObject({ checkpoints: 0 });
    for (const seq of left) expect((await runtime.checkpoint('r', seq)).seq).toBe(seq);
    expect(await run.send({ type: 'add' })).toMatchObject({ seq: 22 });
    await run.release();
    const again = await runtime.open('r');
    expect(again.getSnapshot().context).toMatchObject({ count: 1 });
  });

  it('cuts only what is old enough', async () => {
    const clock = clockAt(0);
    const runtime = runtimeOn(make(), { clock });
    const run = await runtime.start(counter, { id: 'r' });
    for (let i = 1; i <= 20; i++) {
      clock.set(i * 1000);
      await run.send({ type: 'keep', value: `${i}`.repeat(4000) });
    }
    await runtime.prune({ history: { olderThan: 10_000 } });
    const left = await seqs(runtime, 'r');
    // What was written after second 10 is not ten seconds old.
    expect(left).toContain(12);
    expect(left[0]).toBeGreaterThan(1);
  });

  it.each(['open', 'released'])(
    'frees the pictures that only old checkpoints of an %s run had',
    async (how) => {
      const store = make();
      const runtime = runtimeOn(store);
      const run = await runtime.start(album, { id: 'r' });
      for (let i = 1; i <= 8; i++) await run.send({ type: 'put', picture: picture(i) });
      for (let i = 0; i < 400; i++) await run.send({ type: 'view' });
      if (how === 'released') await run.release();
      const { checkpoints, blobs } = await runtime.prune({ history: { keepLast: 1 } });
      expect(checkpoints).toBeGreaterThan(7);
      expect(blobs).toBe(7);
      expect(await store.rows('r', 'blob', {})).toHaveLength(1);
      // One that was freed is stored again when it comes again.
      const then = await runtime.open(album, 'r');
      await then.send({ type: 'put', picture: picture(1) });
      await then.release();
      const { picture: last } = (await runtime.open(album, 'r')).getSnapshot().context;
      expect(last).toEqual(picture(1));
    },
  );

  it('deletes runs with any number of checkpoints and rows, a few at a time', async () => {
    const store = make();
    const most = { checkpoints: 0, rows: 0 };
    const watched: Store = Object.create(store, {
      commit: {
        value: (batch: Parameters<Store['commit']>[0]) => {
          for (const { dropFrom = 0, dropBefore = 0, drop = [] } of batch) {
            most.checkpoints = Math.max(most.checkpoints, dropBefore - dropFrom);
            most.rows = Math.max(most.rows, drop.length);
          }
          return store.commit(batch);
        },
      },
    }) as Store;
    const methods = ['lease', 'acquire', 'load', 'enqueue', 'rows', 'questions', 'runs', 'history'] as const;
    for (const name of methods)
      Object.defineProperty(watched, name, {
        value: (...args: never[]) => (store[name] as (...all: never[]) => unknown)(...args),
      });
    const runtime = runtimeOn(watched);
    const run = await runtime.start(counter, { id: 'r' });
    const sends = Array.from({ length: 900 }, (_unused, i) => run.send({ type: 'add' }, { id: `e${i}` }));
    await Promise.all(sends);
    await run.send({ type: 'finish' });
    expect(await runtime.prune({ finished: { keepLast: 0 } })).toMatchObject({ runs: ['r'] });
    expect(await ids(runtime)).toEqual([]);
    expect(await store.rows('r', 'event', {})).toEqual([]);
    expect(most.checkpoints).toBeLessThanOrEqual(100);
    expect(most.rows).toBeLessThanOrEqual(100);
  });

  it('leaves alone what another process holds', async () => {
    const store = make();
    const other = runtimeOn(store);
    const run = await other.start(counter, { id: 'r' });
    for (let i = 0; i < 20; i++) await run.send({ type: 'keep', value: `${i}`.repeat(4000) });
    expect(await runtimeOn(store).prune({ history: { keepLast: 1 } })).toMatchObject({ checkpoints: 0 });
    await run.send({ type: 'add' });
  });

  it('is done by the runtime itself where it has a retention', async () => {
    const runtime = runtimeOn(make(), { retention: { finished: { keepLast: 1 } } });
    for (const id of ['a', 'b']) await (await runtime.start(counter, { id })).send({ type: 'finish' });
    await expect.poll(() => ids(runtime), { timeout: 15_000 }).toHaveLength(1);
    await runtime.close();
  });
});

it('a policy that says nothing that can be done is refused', async () => {
  const runtime = runtimeOn(stores[0]![1]());
  await expect(runtime.prune()).rejects.toThrow('Say what may go');
  for (const policy of [
    { finished: {} },
    { finished: { olderThan: -1 } },
    { finished: { keepLast: 1.5 } },
    { history: { keepLast: 0 } },
    { history: { olderThan: Number.NaN } },
  ]) {
    await expect(runtime.prune(policy)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(() => runtimeOn(stores[0]![1](), { retention: policy })).toThrow();
  }
});

it('a run that could not be deleted is held by nobody', async () => {
  const behind = memoryStore();
  const other = runtimeOn(behind);
  const run = await other.start(counter, { id: 'r' });
  await run.send({ type: 'finish' });
  await run.done();
  const store = overriding(behind, {
    rows: () => {
      throw new StoreError('The file is busy.', 'failed');
    },
  });
  const runtime = runtimeOn(store);
  await expect(runtime.prune({ finished: { olderThan: 0 } })).rejects.toThrow('The file is busy.');
  expect((await other.retry('r', { from: 1 })).status).toBe('idle');
  await Promise.all([runtime.close(), other.close()]);
});
