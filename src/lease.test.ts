import { createRuntime, durable, StoreError } from 'savepoint';
import type { Run, Store } from 'savepoint';
import { memoryStore } from 'savepoint/memory';
import { createMachine } from 'xstate';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { counter } from '../test/support/counter.ts';
import { asynchronous, overriding } from '../test/support/staged-store.ts';

const logger = (): void => {};
const broken = createMachine({ id: 'counter', context: { act: () => {} } });

/** One renews the lease, one looks for messages of other processes. */
const TIMERS = 2;

describe('the timer that renews the lease', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const made = (store: Store): Promise<Run<typeof counter>> =>
    durable(counter, { store, id: 'order-1', logger });

  it('is there while a run is held, and no other', async () => {
    const run = await made(memoryStore());
    expect(vi.getTimerCount()).toBe(TIMERS);
    await run.send({ type: 'add' });
    expect(vi.getTimerCount()).toBe(TIMERS);
    await run.release();
  });

  it.each<[string, (run: Run<typeof counter>) => unknown]>([
    ['released', (run) => run.release()],
    ['released with grace', (run) => run.release({ grace: 1000 })],
    ['stopped as an actor', (run) => run.actor.stop()],
    ['at its end', (run) => run.send({ type: 'finish' })],
    ['failed', (run) => run.send({ type: 'break' })],
    ['asleep, and then released', (run) => run.send({ type: 'sleep' }).then(() => run.release())],
    ['at work, and then released', (run) => run.send({ type: 'work' }).then(() => run.release())],
  ])('is gone when a run of durable() is %s', async (_, end) => {
    const run = await made(memoryStore());
    await end(run);
    await vi.advanceTimersByTimeAsync(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is gone when the last of several runs is, and back with the next', async () => {
    const runtime = createRuntime({ store: memoryStore(), machines: [counter], logger });
    const runs = [await runtime.start(counter, { id: 'a' }), await runtime.start(counter, { id: 'b' })];
    await runs[0]!.release();
    expect(vi.getTimerCount()).toBe(TIMERS);
    await runs[1]!.release();
    expect(vi.getTimerCount()).toBe(0);
    await runtime.open('a');
    expect(vi.getTimerCount()).toBe(TIMERS);
    await runtime.delete('a');
    expect(vi.getTimerCount()).toBe(0);
    await runtime.open('b');
    await runtime.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  const refusals: [string, (store: Store) => Promise<unknown>][] = [
    ['a start that is refused', (store) => createRuntime({ store, logger }).start(broken)],
    [
      'a start whose id is taken',
      async (store) => {
        await (await createRuntime({ store, logger }).start(counter, { id: 'order-1' })).release();
        return createRuntime({ store, logger }).start(counter, { id: 'order-1' });
      },
    ],
    [
      'an opening of a run that another holds',
      async (store) => {
        const other = createRuntime({ store, logger });
        await other.start(counter, { id: 'order-1' });
        try {
          await createRuntime({ store, logger }).open(counter, 'order-1');
        } finally {
          await other.close();
        }
      },
    ],
    [
      'an opening with a machine that does not fit',
      async (store) => {
        const run = await createRuntime({ store, logger }).start(counter, { id: 'order-1' });
        await run.send({ type: 'ask' });
        await run.release();
        const lost = createMachine({ id: 'counter', initial: 'counting', states: { counting: {} } });
        await createRuntime({ store, logger }).open(lost, 'order-1');
      },
    ],
    ['a deletion of what is not there', (store) => createRuntime({ store, logger }).delete('never')],
  ];

  it.each(refusals)('is not left behind by %s', async (_, call) => {
    await expect(call(memoryStore())).rejects.toThrow();
    await vi.advanceTimersByTimeAsync(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is not left behind by an opening of a run that is not there', async () => {
    await expect(createRuntime({ store: memoryStore(), logger }).open('never')).rejects.toThrow();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is not left behind by the deletion of a run that is not open', async () => {
    const store = memoryStore();
    await (await made(store)).release();
    await createRuntime({ store, logger }).delete('order-1');
    await vi.advanceTimersByTimeAsync(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is not left behind by the opening of a run at its end', async () => {
    const store = memoryStore();
    await (await made(store)).send({ type: 'finish' });
    const run = await createRuntime({ store, machines: [counter], logger }).open('order-1');
    expect(run.status).toBe('done');
    await vi.advanceTimersByTimeAsync(0);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a lease', () => {
  it('is renewed in time, however long a run is held', async () => {
    vi.useFakeTimers();
    try {
      const renewals: number[] = [];
      const behind = memoryStore();
      const store = overriding(behind, {
        lease: (owner, ms) => {
          renewals.push(ms);
          return behind.lease(owner, ms);
        },
      });
      const runtime = createRuntime({ store, limits: { lease: 9000 }, logger });
      await runtime.start(counter, { id: 'order-1' });
      await vi.advanceTimersByTimeAsync(30_000);
      expect(renewals).toEqual(Array.from({ length: 11 }, () => 9000));
      await runtime.close();
      expect(renewals.at(-1)).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it('is asked for once where many runs are started at once', async () => {
    let asked = 0;
    const behind = asynchronous(memoryStore());
    const store = overriding(behind, {
      lease: (owner, ms) => {
        asked++;
        return behind.lease(owner, ms);
      },
    });
    const runtime = createRuntime({ store, logger });
    await Promise.all(['a', 'b', 'c'].map((id) => runtime.start(counter, { id })));
    expect(asked).toBe(1);
    await runtime.close();
  });
});

describe('a lease that ended and was renewed', () => {
  it('gives up the runs that it could not keep, so that others can take them', async () => {
    const behind = memoryStore();
    let isAway = false;
    const store = overriding(behind, {
      commit: (batch) => {
        if (isAway && batch.some(({ run }) => run === 'lost'))
          return batch.map(() => ({
            status: 'failed',
            error: new StoreError('away', 'failed'),
            retry: true,
          }));
        return behind.commit(batch);
      },
      lease: (owner, ms) => {
        if (isAway) throw new StoreError('away', 'failed');
        return behind.lease(owner, ms);
      },
    });
    const runtime = createRuntime({ store, limits: { lease: 60 }, logger });
    const kept = await runtime.start(counter, { id: 'kept' });
    const lost = await runtime.start(counter, { id: 'lost' });
    isAway = true;
    await expect(lost.send({ type: 'add' })).rejects.toMatchObject({ code: 'STORE' });
    isAway = false;
    // The lease of the first run is renewed all the time.
    await kept.send({ type: 'add' });
    const other = createRuntime({ store: behind, machines: [counter], logger });
    const taken = await other.open(counter, 'lost', { wait: 5000 });
    expect(taken.getSnapshot().context.count).toBe(0);
    await other.close();
    await runtime.close();
  });
});
