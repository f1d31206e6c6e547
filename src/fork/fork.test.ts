/** `runtime.fork()`: a new run begins with a checkpoint of another, which stays as it is. */
import { assign, setup, SimulatedClock } from 'xstate';
import { describe, expect, it } from 'vitest';
import { counter } from '../../test/support/counter.ts';
import { asynchronous, mortalStore, refuses, stagedStore } from '../../test/support/staged-store.ts';
import { stores } from '../../test/support/stores.ts';
import { typed } from '../../test/support/typed.ts';
import {
  createRuntime,
  sealed,
  type RunInfo,
  type Runtime,
  type RuntimeOptions,
  type Store,
} from '../index.ts';

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

async function counted(runtime: Runtime, times: number, id = 'r') {
  const run = await runtime.start(counter, { id });
  for (let n = 0; n < times; n++) await run.send({ type: 'add' });
  return run;
}

async function listed(runtime: Runtime): Promise<RunInfo[]> {
  const found: RunInfo[] = [];
  for await (const info of runtime.list()) found.push(info);
  return found;
}

describe.each(stores)('a fork on %s', (_, make) => {
  it('begins with the newest checkpoint, and each run goes on alone', async () => {
    const runtime = runtimeOn(make());
    const run = await counted(runtime, 3);
    const fork = await runtime.fork('r', { id: 'f' });
    expect(fork.getSnapshot()).toMatchObject({ value: 'counting', context: { count: 3 } });
    await fork.send({ type: 'add', by: 10 });
    await run.send({ type: 'add' });
    expect(fork.getSnapshot()).toMatchObject({ context: { count: 13 } });
    expect(run.getSnapshot()).toMatchObject({ context: { count: 4 } });
    expect([run.seq, fork.seq]).toEqual([5, 2]);
  });

  it('begins with an older checkpoint, and with a history of its own', async () => {
    const runtime = runtimeOn(make());
    await counted(runtime, 3);
    const fork = await runtime.fork('r', { at: 2, id: 'f' });
    expect(fork.getSnapshot()).toMatchObject({ context: { count: 1 } });
    const history = [];
    for await (const { seq, cause, value } of fork.history()) history.push({ seq, type: cause.type, value });
    expect(history).toEqual([{ seq: 1, type: 'fork', value: 'counting' }]);
    await fork.release();
    const again = await runtime.open('f');
    expect(again.getSnapshot()).toMatchObject({ context: { count: 1 } });
  });

  it('is of a run that another process holds, too', async () => {
    const store = make();
    const run = await counted(runtimeOn(store), 2);
    const fork = await runtimeOn(store).fork('r');
    await run.send({ type: 'add' });
    expect(fork.getSnapshot()).toMatchObject({ context: { count: 2 } });
    expect(run.getSnapshot()).toMatchObject({ context: { count: 3 } });
  });

  it('says where it comes from, in get() and list(), and has the labels of the other', async () => {
    const clock = new SimulatedClock();
    clock.set(1000);
    const runtime = runtimeOn(make(), { clock });
    await runtime.start(counter, { id: 'r', tags: ['a'], metadata: { customer: 7 } });
    clock.set(2000);
    await runtime.fork('r', { id: 'f', reason: 'what if' });
    await runtime.fork('f', { id: 'g' });
    const about = { tags: ['a'], metadata: { customer: 7 }, createdAt: 2000 };
    expect(await runtime.get('f')).toMatchObject({
      ...about,
      forkedFrom: { from: 'r', at: 1, reason: 'what if' },
    });
    expect((await listed(runtime)).map(({ id, forkedFrom }) => [id, forkedFrom?.from])).toEqual([
      ['r', undefined],
      ['f', 'r'],
      ['g', 'f'],
    ]);
    // A turn and a restart later it is still known.
    const fork = await runtime.open('f');
    await fork.send({ type: 'add' });
    await fork.send({ type: 'sleep' });
    await fork.release();
    await runtime.open('f');
    expect((await runtime.get('f')).forkedFrom).toEqual({ from: 'r', at: 1, reason: 'what if' });
  });

  it('has what it is given in place of what the context has', async () => {
    const runtime = runtimeOn(make());
    await counted(runtime, 2);
    const when = new Date(5);
    const fork = await runtime.fork('r', { id: 'f', context: { kept: when } });
    expect(fork.getSnapshot().context).toEqual({ count: 2, kept: when });
    await fork.release();
    expect((await runtime.open('f')).getSnapshot().context).toEqual({ count: 2, kept: when });
  });

  it('is none where what it is given cannot be stored: the error names the path', async () => {
    const runtime = runtimeOn(make());
    const run = await counted(runtime, 1);
    for (const [given, path] of [
      [{ kept: { deep: [() => 1] } }, 'context.kept.deep[0]'],
      [{ kept: run.actor }, 'context.kept'],
    ] as const)
      await expect(runtime.fork('r', { id: 'f', context: given })).rejects.toMatchObject({
        code: 'NOT_SERIALIZABLE',
        path,
      });
    for (const given of [7, null, []])
      await expect(runtime.fork('r', { id: 'f', context: given as never })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
    await expect(runtime.get('f')).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
    await runtime.fork('r', { id: 'f' });
  });

  it('is none of a checkpoint that is not kept', async () => {
    const runtime = runtimeOn(make());
    const run = await runtime.start(counter, { id: 'r' });
    for (let n = 0; n < 20; n++) await run.send({ type: 'keep', value: `${n}`.repeat(2000) });
    await runtime.prune({ history: { keepLast: 1 } });
    const kept: number[] = [];
    for await (const { seq } of runtime.history('r')) kept.push(seq);
    expect(kept[0]).toBeGreaterThan(1);
    for (const at of [99, 0, -1, 1.5, Number.NaN, Number.MAX_SAFE_INTEGER, kept[0]! - 1])
      await expect(runtime.fork('r', { at }), String(at)).rejects.toMatchObject({
        code: 'CHECKPOINT_NOT_FOUND',
      });
    await runtime.start(counter, { id: 'brief', history: 'replace' });
    await runtime.send('brief', { type: 'add' });
    await expect(runtime.fork('brief', { at: 1 })).rejects.toMatchObject({
      code: 'CHECKPOINT_NOT_FOUND',
      run: 'brief',
      seq: 1,
    });
    expect((await runtime.fork('brief', { at: 2 })).getSnapshot()).toMatchObject({ context: { count: 1 } });
  });

  it('is none of an end, but of a checkpoint before it', async () => {
    const runtime = runtimeOn(make());
    const run = await counted(runtime, 1);
    await run.send({ type: 'finish' });
    await expect(runtime.fork('r')).rejects.toMatchObject({ code: 'RUN_CLOSED' });
    await expect(runtime.fork('r')).rejects.toThrow(/checkpoint 3.*fork an earlier one/);
    const fork = await runtime.fork('r', { at: 2 });
    expect(fork.getSnapshot()).toMatchObject({ value: 'counting', context: { count: 1 } });
  });

  it('has an id that nobody has', async () => {
    const runtime = runtimeOn(make());
    await counted(runtime, 1);
    await counted(runtime, 1, 'gone');
    await runtime.delete('gone');
    for (const id of ['r', 'gone'])
      await expect(runtime.fork('r', { id })).rejects.toMatchObject({ code: 'RUN_EXISTS', run: id });
    const two = await Promise.allSettled([1, 2].map(() => runtime.fork('r', { id: 'f' })));
    expect(two.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    await expect(runtime.fork('none')).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
    await expect(runtime.fork('r', { id: '' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect((await runtime.get('r')).seq).toBe(2);
  });

  it('is one of many that are made at once, also by two processes', async () => {
    const store = make();
    const runtimes = [runtimeOn(store), runtimeOn(store)];
    await counted(runtimes[0]!, 1);
    const forks = await Promise.allSettled(
      Array.from({ length: 10 }, (_, n) => runtimes[n % 2]!.fork('r', { id: `f${n % 5}` })),
    );
    expect(forks.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
    expect(await listed(runtimes[0]!)).toHaveLength(6);
  });

  it('has the binary values of the other, when that one is gone', async () => {
    const runtime = runtimeOn(make());
    const run = await runtime.start(album, { id: 'r' });
    const picture = new Uint8Array(20_000).fill(7);
    await run.send({ type: 'put', picture });
    await run.send({ type: 'view' });
    await runtime.fork('r', { id: 'f' });
    await runtime.delete('r');
    const fork = await runtime.open(album, 'f');
    await fork.send({ type: 'view' });
    await fork.release();
    const again = await runtime.open(album, 'f');
    expect(again.getSnapshot().context).toEqual({ picture, views: 2 });
  });

  it('goes on in the next process where its own died before it was opened', async () => {
    const store = make();
    const mortal = mortalStore(store);
    await counted(runtimeOn(mortal), 1);
    const dying = { ...mortal };
    dying.commit = async (batch) => {
      const outcomes = await mortal.commit(batch);
      if (batch.some(({ create }) => create)) mortal.die();
      return outcomes;
    };
    void runtimeOn(dying, { limits: { lease: 100 } })
      .fork('r', { id: 'f', reason: 'why' })
      .catch(() => {});
    const next = runtimeOn(store, { limits: { lease: 100 } });
    await expect.poll(() => next.get('f').catch(() => undefined), { timeout: 5000 }).toBeDefined();
    const fork = await next.open('f', { wait: 10_000 });
    expect(fork.getSnapshot()).toMatchObject({ context: { count: 1 } });
    expect(await next.get('f')).toMatchObject({ status: 'idle', forkedFrom: { from: 'r', reason: 'why' } });
  });

  it('has the delays of the other, due when they were', async () => {
    const clock = new SimulatedClock();
    clock.set(0);
    const runtime = runtimeOn(make(), { clock });
    const run = await runtime.start(counter, { id: 'r' });
    await run.send({ type: 'sleep' });
    clock.set(1_000_000);
    const fork = await runtime.fork('r', { id: 'f' });
    expect(await runtime.get('f')).toMatchObject({ status: 'sleeping', due: 3_600_000 });
    clock.set(3_599_999);
    expect(fork.getSnapshot().value).toBe('sleeping');
    clock.set(3_600_000);
    await Promise.all([run, fork].map((one) => expect.poll(() => one.getSnapshot().value).toBe('counting')));
  });

  it('goes on, though the other is paused; what waits there stays there', async () => {
    const runtime = runtimeOn(make());
    const run = await counted(runtime, 1);
    await runtime.pause('r');
    await run.send({ type: 'add' });
    const fork = await runtime.fork('r');
    expect(fork.status).toBe('idle');
    await fork.settled();
    expect(fork.getSnapshot()).toMatchObject({ context: { count: 1 } });
    expect((await runtime.get('r')).status).toBe('paused');
  });

  it('keeps what the other was started with: durability, history and retention', async () => {
    const runtime = runtimeOn(make());
    await runtime.start(counter, { id: 'r', history: 'replace', durability: 'exit' });
    const fork = await runtime.fork('r');
    await fork.send({ type: 'add' });
    await fork.send({ type: 'add' });
    await fork.flush();
    const seqs: number[] = [];
    for await (const { seq } of fork.history()) seqs.push(seq);
    expect(seqs).toEqual([3]);
  });
});

it('is refused where its machine is not known here, and nothing is left', async () => {
  const [, make] = stores[0]!;
  const store = make();
  await (await counted(runtimeOn(store), 1)).release();
  const stranger = createRuntime({ store });
  await expect(stranger.fork('r', { id: 'f' })).rejects.toMatchObject({ code: 'MACHINE_NOT_REGISTERED' });
  await expect(stranger.get('f')).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
  // Where the run is open, its machine is known.
  await stranger.open(counter, 'r');
  expect((await stranger.fork('r')).getSnapshot()).toMatchObject({ context: { count: 1 } });
});

it('is made on a store that takes its time, and on one that is sealed, whose blobs and journals it can read', async () => {
  for (const store of [
    asynchronous(stores[0]![1]()),
    sealed(stores[1]![1](), { key: 'the secret of an invented shop, long enough' }),
  ]) {
    const runtime = runtimeOn(store);
    const run = await runtime.start(album, { id: 'r' });
    const picture = new Uint8Array(20_000).fill(7);
    await run.send({ type: 'put', picture });
    const fork = await runtime.fork('r', { id: 'f', context: { views: 5 } });
    await fork.release();
    expect((await runtime.open(album, 'f')).getSnapshot().context).toEqual({ picture, views: 5 });
  }
});

it('goes on, though the other was put into quarantine', async () => {
  const store = stagedStore(stores[0]![1]());
  const runtime = runtimeOn(store);
  const run = await counted(runtime, 1);
  store.next(refuses);
  run.actor.send({ type: 'add' });
  await expect.poll(async () => (await runtime.get('r')).status).toBe('quarantined');
  const fork = await runtime.fork('r');
  await fork.send({ type: 'add' });
  expect(fork.getSnapshot()).toMatchObject({ context: { count: 2 } });
  expect(await runtime.get(fork.id)).toMatchObject({ status: 'idle', error: undefined });
});
