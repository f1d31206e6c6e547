import { assign, fromPromise, setup } from 'xstate';
import { memoryStore } from '../../adapters/memory.ts';
import { afterEach, describe, expect, it } from 'vitest';
import { stores } from '../../test/support/stores.ts';
import { mortalStore } from '../../test/support/staged-store.ts';
import { counter } from '../../test/support/counter.ts';
import { typed } from '../../test/support/typed.ts';
import {
  createRuntime,
  createWorker,
  onInterrupt,
  type Engine,
  type RuntimeOptions,
  type Store,
  type Worker,
} from '../index.ts';

const limits = { lease: 600, poll: 20 };
const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

let workers: Worker[] = [];
afterEach(async () => {
  await Promise.all(workers.map((worker) => worker.stop({ grace: 0 })));
  workers = [];
});

const runtimeOn = (store: Store, machines: RuntimeOptions['machines'] = []) =>
  createRuntime({ store, machines, limits, logger: () => {} });

function workerOn(store: Store, machines: RuntimeOptions['machines'], concurrency = 10): Worker {
  const worker = createWorker({ runtime: runtimeOn(store, machines), concurrency });
  workers.push(worker);
  return worker;
}

/** Works when it is told to go: once, or again and again. */
const working = (work: () => Promise<unknown>, again = false) =>
  setup({
    types: typed<{ context: { times: number }; events: { type: 'go' } }>(),
    actors: { work: onInterrupt(fromPromise(work), 'fail') },
  }).createMachine({
    id: again ? 'restless' : 'working',
    context: { times: 0 },
    initial: 'waiting',
    states: {
      waiting: { on: { go: 'working' } },
      working: {
        invoke: {
          src: 'work',
          id: 'work',
          onDone: {
            target: again ? 'working' : 'over',
            reenter: true,
            actions: assign({ times: ({ context }) => context.times + 1 }),
          },
        },
      },
      over: {},
    },
  });

const sleeper = setup({ types: typed<{ events: { type: 'wake' } }>() }).createMachine({
  id: 'sleeper',
  initial: 'asleep',
  states: { asleep: { after: { 60: 'awake' }, on: { wake: 'awake' } }, awake: {} },
});

/** Runs that no process holds. */
async function left(store: Store, start: (runtime: ReturnType<typeof runtimeOn>) => unknown): Promise<void> {
  const runtime = runtimeOn(store);
  await start(runtime);
  await runtime.close({ grace: 0 });
}

describe.each(stores)('a worker on %s', (_, make) => {
  it('takes a run whose delay is due, and lets go of it at rest', async () => {
    const store = make();
    await left(store, (runtime) => runtime.start(sleeper, { id: 'r' }));
    workerOn(store, [sleeper]);
    const other = runtimeOn(store, [sleeper]);
    await expect.poll(async () => (await other.get('r')).status).toBe('idle');
    const run = await other.open('r', { wait: 500 });
    expect(run.getSnapshot().value).toBe('awake');
    await other.close();
  });

  it('takes a run for which an event was left, by a process that does not know its machine', async () => {
    const store = make();
    await left(store, (runtime) => runtime.start(counter, { id: 'r' }));
    workerOn(store, [counter]);
    const sender = runtimeOn(store);
    expect(await sender.send('r', { type: 'add', by: 5 })).toEqual({ delivered: false });
    await expect.poll(async () => (await sender.get('r')).seq).toBe(2);
  });

  it('takes a run that a dead process left running', async () => {
    const store = make();
    let release!: () => void;
    const machine = working(() => new Promise<void>((resolve) => (release = resolve)));
    const mortal = mortalStore(store);
    const dying = createRuntime({ store: mortal, limits: { lease: 50 }, logger: () => {} });
    await (await dying.start(machine, { id: 'r' })).send({ type: 'go' });
    mortal.die();
    const reader = runtimeOn(store);
    workerOn(store, [working(() => Promise.resolve())]);
    // It was cut off, and its policy is to fail then.
    await expect.poll(async () => (await reader.get('r')).status).toBe('failed');
    release();
  });

  it('works on as many runs at a time as it was told', async () => {
    const store = make();
    let atOnce = 0;
    let most = 0;
    const machine = working(async () => {
      most = Math.max(most, ++atOnce);
      await later(10);
      atOnce--;
    });
    const ids = Array.from({ length: 12 }, (_unused, i) => `r${i}`);
    await left(store, async (runtime) => {
      for (const id of ids) await runtime.start(machine, { id });
    });
    const sender = runtimeOn(store);
    for (const id of ids) await sender.send(id, { type: 'go' });
    workerOn(store, [machine], 3);
    for (const id of ids)
      await expect.poll(async () => sender.get(id)).toMatchObject({ status: 'idle', seq: 3 });
    expect(most).toBe(3);
  });

  it('comes by all runs, though one of them always has work', async () => {
    const store = make();
    const restless = working(() => later(1), true);
    const sender = runtimeOn(store);
    await left(store, async (runtime) => {
      await runtime.start(restless, { id: 'busy' });
      await runtime.start(counter, { id: 'r' });
    });
    workerOn(store, [restless, counter], 1);
    await sender.send('busy', { type: 'go' });
    for (let seq = 2; seq < 4; seq++) {
      await sender.send('r', { type: 'add' });
      await expect.poll(async () => (await sender.get('r')).seq, { timeout: 9000 }).toBe(seq);
    }
    // Its effects were not cut off: their policy would have made the run fail.
    const { status, seq } = await sender.get('busy');
    expect(status).toBe('running');
    await expect
      .poll(async () => (await sender.get('busy')).seq, { timeout: 9000 })
      .toBeGreaterThan(seq + 50);
    expect(await sender.cancel('busy')).toBeUndefined();
    await expect.poll(async () => (await sender.get('busy')).status, { timeout: 9000 }).toBe('cancelled');
  });

  it('leaves alone what it does not know, and goes on with the rest', async () => {
    const store = make();
    await left(store, async (runtime) => {
      await runtime.start(sleeper, { id: 'foreign' });
      await runtime.start(counter, { id: 'r' });
    });
    const sender = runtimeOn(store);
    await sender.send('foreign', { type: 'wake' });
    await sender.send('r', { type: 'add' });
    workerOn(store, [counter], 1);
    await expect.poll(async () => (await sender.get('r')).seq).toBe(2);
    expect((await sender.get('foreign')).seq).toBe(1);
  });

  it('lets what runs come to its end when it is stopped, and takes nothing more', async () => {
    const store = make();
    let release!: () => void;
    const machine = working(() => new Promise<void>((resolve) => (release = resolve)));
    await left(store, async (runtime) => {
      await runtime.start(machine, { id: 'r' });
      await runtime.start(machine, { id: 's' });
    });
    const sender = runtimeOn(store);
    await sender.send('r', { type: 'go' });
    const worker = workerOn(store, [machine], 1);
    await expect.poll(() => release).toBeDefined();
    await sender.send('s', { type: 'go' });
    const stopped = worker.stop();
    release();
    await stopped;
    expect(await sender.get('r')).toMatchObject({ status: 'idle' });
    expect(await sender.get('s')).toMatchObject({ seq: 1 });
  });

  it('cuts off what does not come to its end in time', async () => {
    const store = make();
    const machine = working(() => new Promise<void>(() => {}));
    await left(store, (runtime) => runtime.start(machine, { id: 'r' }));
    const worker = workerOn(store, [machine]);
    const sender = runtimeOn(store);
    await sender.send('r', { type: 'go' });
    await expect.poll(async () => (await sender.get('r')).status).toBe('running');
    await worker.stop({ grace: 30 });
    const other = runtimeOn(store, [machine]);
    expect((await other.open('r')).id).toBe('r');
    await other.close();
  });
});

it('a worker takes one run or more at a time', () => {
  const runtime = runtimeOn(stores[0]![1]());
  for (const concurrency of [0, 1.5, Number.NaN])
    expect(() => createWorker({ runtime, concurrency })).toThrow('1 or more');
});

it('a worker begins when what its engine needs is there, and not at all once it is stopped', async () => {
  const store = stores[0]![1]();
  let tries = 0;
  const engine: Engine = {
    start: () => {
      if (++tries === 1) throw new Error('no server');
      return { stop: () => {} };
    },
  };
  const worker = createWorker({ runtime: runtimeOn(store), engine });
  await worker.started;
  expect(tries).toBe(2);
  await worker.stop();
  const away: Engine = { start: () => Promise.reject(new Error('no server')) };
  const never = createWorker({ runtime: runtimeOn(store), engine: away });
  await later(10);
  await never.stop({ grace: 0 });
});

it('messages for a run that it finds to be poison wait until that is taken up again', async () => {
  const store = memoryStore();
  const machine = setup({
    types: typed<{ events: { type: 'skip' } }>(),
    actors: { work: fromPromise(() => new Promise(() => {})) },
  }).createMachine({
    id: 'poison',
    initial: 'working',
    states: { working: { invoke: { src: 'work' }, on: { skip: 'over' } }, over: {} },
  });
  const short = { lease: 20, recoveries: 1 };
  for (const begin of ['start', 'open'] as const) {
    const dying = mortalStore(store);
    const mortal = createRuntime({ store: dying, logger: () => {}, limits: short });
    await (begin === 'start' ? mortal.start(machine, { id: 'r' }) : mortal.open(machine, 'r'));
    dying.die();
    await later(40);
  }
  await runtimeOn(store).send('r', { type: 'skip' });
  const runtime = createRuntime({ store, machines: [machine], logger: () => {}, limits: { recoveries: 1 } });
  workers.push(createWorker({ runtime }));
  await expect.poll(async () => (await runtime.get('r')).status).toBe('quarantined');
  await later(20);
  const run = await runtime.retry('r');
  await expect.poll(() => run.getSnapshot().value).toBe('over');
});
