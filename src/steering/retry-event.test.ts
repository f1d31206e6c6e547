import { fromPromise, setup } from 'xstate';
import { describe, expect, it } from 'vitest';
import { counter } from '../../test/support/counter.ts';
import { stores } from '../../test/support/stores.ts';
import { createRuntime, type Store } from '../index.ts';

/** Fails at its first try, and is told by which way to go at the next. */
function makeTrip(calls: string[]) {
  return setup({
    types: { events: {} as { type: 'detour' } },
    actors: {
      bridge: fromPromise(async () => {
        calls.push('bridge');
        throw new Error('It is closed.');
      }),
      ferry: fromPromise(async () => void calls.push('ferry')),
    },
  }).createMachine({
    id: 'trip',
    initial: 'crossing',
    states: {
      crossing: { invoke: { src: 'bridge', onDone: 'there' }, on: { detour: 'sailing' } },
      sailing: { invoke: { src: 'ferry', onDone: 'there' } },
      there: { type: 'final' },
    },
  });
}

describe.each(stores)('retry() with an event, in %s', (_, makeStore) => {
  async function failed(calls: string[]) {
    const store = makeStore();
    const trip = makeTrip(calls);
    const options = { store, machines: [trip], logger: () => {} };
    const runtime = createRuntime(options);
    const run = await runtime.start(trip, { id: 'r' });
    await run.done().catch(() => {});
    expect(run.status).toBe('failed');
    calls.length = 0;
    return { runtime, options };
  }

  it('delivers it before anything goes on: what it makes superfluous is not started', async () => {
    const calls: string[] = [];
    const { runtime } = await failed(calls);
    const run = await runtime.retry('r', { event: { type: 'detour' } });
    await run.settled();
    expect(run.status).toBe('done');
    expect(calls).toEqual(['ferry']);
    expect((await runtime.get('r')).paused).toBeUndefined();
  });

  it('may end the run', async () => {
    const runtime = createRuntime({ store: makeStore(), machines: [counter], logger: () => {} });
    const run = await runtime.start(counter, { id: 'r' });
    await run.send({ type: 'add' });
    await run.release();
    const again = await runtime.retry('r', { from: 1, event: { type: 'finish' } });
    expect(await again.done()).toBe(0);
  });

  it('is delivered by whoever opens the run, where the process dies behind the commit', async () => {
    const calls: string[] = [];
    const { runtime, options } = await failed(calls);
    await runtime.close();
    let acquired = 0;
    const dying = new Proxy(options.store, {
      get(store, name: keyof Store) {
        const call = store[name];
        if (name === 'acquire' && acquired++ > 0) return () => Promise.reject(new Error('It is dead.'));
        return typeof call === 'function' ? (call as () => unknown).bind(store) : call;
      },
    });
    const dead = createRuntime({ ...options, store: dying });
    await expect(dead.retry('r', { event: { type: 'detour' } })).rejects.toThrow('It is dead.');
    expect(calls).toEqual([]);
    const other = createRuntime(options);
    await other.recover();
    await expect.poll(async () => (await other.get('r')).status).toBe('done');
    expect(calls).toEqual(['ferry']);
    await other.close();
  });

  it('waits with all else where somebody has paused the run', async () => {
    const runtime = createRuntime({ store: makeStore(), machines: [counter], logger: () => {} });
    const run = await runtime.start(counter, { id: 'r' });
    await run.send({ type: 'add' });
    await run.send({ type: 'add' });
    await run.release();
    await runtime.pause('r');
    await runtime.retry('r', { from: 1, event: { type: 'add' } });
    expect(await runtime.get('r')).toMatchObject({ status: 'paused' });
    await runtime.resume('r');
    expect((await runtime.open(counter, 'r')).getSnapshot().context).toEqual({ count: 1 });
  });

  it('leaves nothing behind where the run cannot be taken up again', async () => {
    const { runtime, options } = await failed([]);
    const { store } = options;
    await expect(runtime.retry('r', { from: 99, event: { type: 'detour' } })).rejects.toMatchObject({
      code: 'CHECKPOINT_NOT_FOUND',
    });
    const commit = store.commit.bind(store);
    store.commit = (batch) =>
      batch.some(({ checkpoints = [] }) => checkpoints.length > 0)
        ? batch.map(
            () => ({ status: 'failed', error: new Error('The disk is full.'), retry: false }) as const,
          )
        : commit(batch);
    await expect(runtime.retry('r', { event: { type: 'detour' } })).rejects.toThrow('The disk is full.');
    store.commit = commit;
    expect(await store.rows('r', 'inbox', {})).toEqual([]);
  });

  it('refuses an event that cannot be stored, and leaves the run as it was', async () => {
    const { runtime } = await failed([]);
    const { seq } = await runtime.get('r');
    const event = { type: 'detour', why: () => {} };
    await expect(runtime.retry('r', { event })).rejects.toMatchObject({ code: 'NOT_SERIALIZABLE' });
    await expect(runtime.retry('r', { event: {} as never })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    expect(await runtime.get('r')).toMatchObject({ seq, status: 'failed' });
  });
});
