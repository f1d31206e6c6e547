import { createRuntime, IncompatibleMachineError, SavepointError } from 'savepoint';
import type { Migrate, Runtime, RuntimeOptions, Store } from 'savepoint';
import { memoryStore } from 'savepoint/memory';
import { assign, createMachine, fromPromise, raise, sendTo, setup, SimulatedClock } from 'xstate';
import type { AnyStateMachine } from 'xstate';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { nextJob } from '../test/support/staged-store.ts';
import { typed } from '../test/support/typed.ts';

function runtimeOn(store: Store, options: Partial<RuntimeOptions> = {}): Runtime {
  const runtime = createRuntime({ store, logger: () => {}, ...options });
  onTestFinished(() => runtime.close({ grace: 0 }));
  return runtime;
}

/** A version of one machine; all have the same structure, and say who they are. */
const version = (name: string | undefined): AnyStateMachine =>
  setup({ types: typed<{ context: { by: string[] } }>() }).createMachine({
    id: 'order',
    ...(name !== undefined && { version: name }),
    context: { by: [] },
    on: { sign: { actions: assign({ by: ({ context }) => [...context.by, name ?? 'none'] }) } },
  });

const left = async (store: Store, machine: AnyStateMachine, ...events: string[]): Promise<void> => {
  const runtime = createRuntime({ store });
  const run = await runtime.start(machine, { id: 'order-1' });
  for (const type of events) await run.send({ type });
  await runtime.close({ grace: 0 });
};

const openedBy = async (store: Store, machines: AnyStateMachine[]): Promise<string | undefined> => {
  const runtime = createRuntime({ store, machines });
  const run = await runtime.open('order-1');
  await runtime.close();
  return run.machine.version;
};

describe('of several versions of a machine', () => {
  it('a run opens on the version that wrote it', async () => {
    const store = memoryStore();
    await left(store, version('2'));
    expect(await openedBy(store, [version('1'), version('2'), version('3')])).toBe('2');
    expect(await openedBy(store, [version('3'), version('2'), version('1')])).toBe('2');
  });

  it.each([
    [['9', '10'], '10'],
    [['10', '9'], '10'],
    [['1.9.0', '1.10.0', '1.2.0'], '1.10.0'],
    [['2024-12-31', '2025-01-01'], '2025-01-01'],
    [[undefined, '1'], '1'],
    [['v9', 'v10'], 'v10'],
  ])('of %j a run opens on %s, the newest, where the one that wrote it is gone', async (names, newest) => {
    const store = memoryStore();
    await left(store, version('0'));
    expect(await openedBy(store, names.map(version))).toBe(newest);
  });

  it('a machine without a version is one of its own', async () => {
    const store = memoryStore();
    await left(store, version(undefined));
    expect(await openedBy(store, [version('1'), version(undefined)])).toBeUndefined();
  });

  it('the one that is given to open is taken where the one that wrote it is gone', async () => {
    const store = memoryStore();
    await left(store, version('0'));
    const given = version('1');
    expect((await runtimeOn(store, { machines: [version('2')] }).open(given, 'order-1')).machine).toBe(given);
  });

  it('the one that took the last turn wrote the run: it is recorded at the next turn', async () => {
    const store = memoryStore();
    await left(store, version('1'), 'sign');
    const runtime = runtimeOn(store, { machines: [version('2')] });
    const run = await runtime.open('order-1');
    expect((await runtime.get('order-1')).version).toBe('1');
    await run.send({ type: 'sign' });
    expect((await run.checkpoint(2)).definition.version).toBe('1');
    expect((await run.checkpoint(3)).definition.version).toBe('2');
    expect((await runtime.get('order-1')).version).toBe('2');
    await run.release();
    expect(await openedBy(store, [version('1'), version('2')])).toBe('2');
  });

  it('one that opened a run and took no turn has not written it', async () => {
    const store = memoryStore();
    await left(store, version('1'));
    expect(await openedBy(store, [version('2')])).toBe('2');
    expect((await runtimeOn(store).get('order-1')).version).toBe('1');
    expect(await openedBy(store, [version('1'), version('2')])).toBe('1');
  });
});

const pending = fromPromise(() => new Promise<never>(() => {}));

/** What a run loses: the machine that wrote it, what was sent to it, and a machine that lacks something. */
interface Loss {
  readonly before: AnyStateMachine;
  readonly events?: readonly string[];
  readonly after: AnyStateMachine;
  readonly missing: readonly string[];
}

const steps = (...names: string[]): AnyStateMachine =>
  createMachine({
    id: 'order',
    initial: names[0]!,
    states: Object.fromEntries(names.map((name, at) => [name, { on: { next: names[at + 1] } }])),
  });

const nested = (inner: AnyStateMachine): AnyStateMachine =>
  setup({ actors: { inner } }).createMachine({
    id: 'order',
    invoke: { src: 'inner', id: 'inner' },
    on: { next: { actions: sendTo('inner', { type: 'next' }) } },
  });

const working = (actors: Record<string, typeof pending>): AnyStateMachine =>
  setup({ actors }).createMachine({
    id: 'order',
    initial: 'working',
    states: { working: { invoke: { src: 'work', id: 'job' } } },
  });

const inline = (count: number): AnyStateMachine =>
  createMachine({
    id: 'order',
    invoke: Array.from({ length: count }, (_, at) => ({ src: pending, id: `job-${at}` })),
  });

/** A machine that has been in `page` of `form`, and is to go back there. */
const remembering = (...pages: string[]): AnyStateMachine =>
  createMachine({
    id: 'order',
    initial: 'form',
    states: {
      form: {
        initial: pages[0]!,
        on: { help: 'help' },
        states: {
          ...Object.fromEntries(pages.map((page, at) => [page, { on: { next: pages[at + 1] } }])),
          last: { type: 'history' },
        },
      },
      help: { on: { back: 'form.last' } },
    },
  });

const reminding = (event: string, after?: number): AnyStateMachine =>
  createMachine({
    id: 'order',
    initial: 'open',
    entry: raise({ type: 'remind' }, { delay: 5000, id: 'reminder' }),
    states: {
      open: { ...(after !== undefined && { after: { [after]: 'late' } }), on: { [event]: 'reminded' } },
      late: {},
      reminded: {},
    },
  });

const losses: Record<string, Loss> = {
  'an active state': {
    before: steps('cart', 'review', 'sent'),
    events: ['next'],
    after: steps('cart', 'sent'),
    missing: ["state 'order.review' of the root actor"],
  },
  'two active states of a parallel one': {
    before: createMachine({
      id: 'order',
      type: 'parallel',
      states: {
        pay: { initial: 'open', states: { open: {} } },
        pack: { initial: 'open', states: { open: {} } },
        post: {},
      },
    }),
    after: createMachine({
      id: 'order',
      type: 'parallel',
      states: { pay: { initial: 'due', states: { due: {} } }, post: {} },
    }),
    missing: ["state 'order.pay.open' of the root actor", "state 'order.pack' of the root actor"],
  },
  'an active state of a child': {
    before: nested(steps('cart', 'review')),
    events: ['next'],
    after: nested(steps('cart')),
    missing: ["state 'order.review' of actor 'inner'"],
  },
  'a state that a history state would go back to': {
    before: remembering('name', 'address'),
    events: ['next', 'help'],
    after: remembering('name'),
    missing: ["state 'order.form.address', kept in the history of the root actor"],
  },
  'an actor source': {
    before: working({ work: pending }),
    after: working({}),
    missing: ["actor source 'work' of actor 'job'"],
  },
  'an inline actor source': {
    before: inline(2),
    after: inline(1),
    missing: ["actor source 'xstate.invoke.1.order' of actor 'job-1'"],
  },
  'the event of a delay that is raised': {
    before: reminding('remind'),
    after: reminding('nudge'),
    missing: ["the pending delay's event 'remind' of the root actor"],
  },
  'the event of an `after`': {
    before: reminding('remind', 1000),
    after: reminding('remind', 2000),
    missing: ["the pending delay's event 'xstate.after.1000.order.open' of the root actor"],
  },
  'all of it': {
    before: setup({ actors: { work: pending } }).createMachine({
      id: 'order',
      initial: 'a',
      states: { a: { invoke: { src: 'work', id: 'job' }, after: { 1000: 'b' } }, b: {} },
    }),
    after: createMachine({ id: 'order', initial: 'b', states: { b: {} } }),
    missing: [
      "state 'order.a' of the root actor",
      "actor source 'work' of actor 'job'",
      "the pending delay's event 'xstate.after.1000.order.a' of the root actor",
    ],
  },
};

describe('a machine that has lost', () => {
  it.each(Object.keys(losses))(
    '%s cannot open the run, which stays as it was, free for another',
    async (name) => {
      const { before, events = [], after, missing } = losses[name]!;
      const store = memoryStore();
      await left(store, before, ...events);
      const written = [await store.runs({ run: 'order-1', limit: 1 }), await store.load('order-1')] as const;

      const runtime = runtimeOn(store);
      const error: unknown = await runtime.open(after, 'order-1').catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(IncompatibleMachineError);
      expect(error).toMatchObject({ run: 'order-1', machine: 'order', missing });
      for (const line of missing) expect((error as Error).message).toContain(line);

      const [[stored], rows] = [await store.runs({ run: 'order-1', limit: 1 }), await store.load('order-1')];
      expect({ ...stored, fence: 0 }).toEqual({ ...written[0][0], fence: 0 });
      expect(rows).toEqual(written[1]);
      const run = await runtimeOn(store).open(before, 'order-1');
      expect(run.seq).toBe(1 + events.length);
    },
  );
});

describe('another structure', () => {
  it('opens where all that the run stands on is there, and is recorded at the next turn, as a base', async () => {
    const store = memoryStore();
    const [before, after] = [
      steps('cart', 'review', 'sent'),
      steps('basket', 'cart', 'review', 'packed', 'sent'),
    ];
    await left(store, before, 'next');
    const run = await runtimeOn(store).open(after, 'order-1');
    expect([run.getSnapshot().value, run.seq]).toEqual(['review', 2]);
    await run.send({ type: 'next' });
    expect(run.getSnapshot().value).toBe('packed');
    const [old, recorded] = [await run.checkpoint(2), await run.checkpoint(3)];
    expect([old.kind, recorded.kind]).toEqual(['delta', 'base']);
    expect(recorded.definition.structure).not.toBe(old.definition.structure);
    await run.release();
    await expect(runtimeOn(store).open(before, 'order-1')).rejects.toMatchObject({
      missing: ["state 'order.packed' of the root actor"],
    });
  });

  it('opens again and again where no turn recorded it', async () => {
    const store = memoryStore();
    await left(store, steps('cart', 'review'));
    for (const machine of [steps('cart'), steps('cart', 'sent'), steps('cart', 'review')]) {
      const run = await runtimeOn(store).open(machine, 'order-1');
      expect(run.getSnapshot().value).toBe('cart');
      await run.release();
    }
  });

  it('is none where only functions, descriptions and contexts differ: no base is written', async () => {
    const store = memoryStore();
    const saying = (word: string) =>
      setup({ types: typed<{ context: { word: string } }>(), actors: { work: pending } }).createMachine({
        id: 'order',
        description: `says ${word}`,
        context: { word },
        meta: { word },
        on: { say: { actions: assign({ word: () => word }), guard: () => word !== '' } },
      });
    await left(store, saying('yes'), 'say');
    const run = await runtimeOn(store).open(saying('no'), 'order-1');
    await run.send({ type: 'say' });
    expect(run.getSnapshot().context).toEqual({ word: 'no' });
    expect((await run.checkpoint(3)).kind).toBe('delta');
  });

  it('keeps delays that it still knows, and their deadlines', async () => {
    const clock = new SimulatedClock();
    const store = memoryStore();
    const first = createRuntime({ store, clock });
    await (await first.start(reminding('remind', 9000), { id: 'order-1' })).release();
    clock.increment(3000);
    const machine = createMachine({
      id: 'order',
      initial: 'open',
      states: { open: { on: { '*': 'reminded' } }, reminded: {} },
    });
    const run = await runtimeOn(store, { clock }).open(machine, 'order-1');
    clock.increment(1999);
    await nextJob();
    expect(run.getSnapshot().value).toBe('open');
    clock.increment(1);
    await nextJob();
    expect(run.getSnapshot().value).toBe('reminded');
  });
});

const circular: Record<string, unknown> = {};
circular['self'] = circular;

// What an action is given may be any value, and need not be stored.
it.each([
  ['a bigint', 90n],
  ['a nested bigint', { amount: 90n }],
])('a definition may hold %s', async (_, amount) => {
  const machine = createMachine({
    id: 'order',
    on: { pay: { actions: { type: 'pay', params: { amount } } } },
  });
  expect((await runtimeOn(memoryStore()).start(machine)).status).toBe('idle');
});

it.each([
  ['a Map', new Map([['a', 1]])],
  ['a Date', new Date(0)],
  ['a symbol', Symbol('a')],
  ['itself', circular],
])('a definition may hold %s', async (_, amount) => {
  const machine = createMachine({
    id: 'order',
    on: { pay: { actions: { type: 'pay', params: { amount } } } },
  });
  expect((await runtimeOn(memoryStore()).start(machine)).status).toBe('idle');
});

describe('migrate', () => {
  const { before, after } = losses['an active state']!;
  const toSent: Migrate = ({ snapshot }) => ({ ...(snapshot as object), value: 'sent' });

  it('gets what was written and the machine that is to go on, and makes one fit the other', async () => {
    const store = memoryStore();
    await left(store, before, 'next');
    const migrate = vi.fn(toSent);
    const run = await runtimeOn(store, { migrate }).open(after, 'order-1');
    expect(migrate).toHaveBeenCalledExactlyOnceWith({
      from: expect.objectContaining({ machine: 'order', format: 1, xstate: 5 }),
      machine: after,
      snapshot: expect.objectContaining({ status: 'active', value: 'review' }),
      delays: {},
    });
    expect([run.getSnapshot().value, run.seq]).toEqual(['sent', 2]);
  });

  it('is called again at each opening until a turn records what it made, as a base', async () => {
    const store = memoryStore();
    await left(store, before, 'next');
    const [written] = await store.load('order-1');
    const migrate = vi.fn(toSent);
    const machine = steps('cart', 'sent', 'filed');
    await (await runtimeOn(store, { migrate }).open(machine, 'order-1')).release();
    expect((await store.load('order-1'))[0]).toEqual(written);
    const run = await runtimeOn(store, { migrate }).open(machine, 'order-1');
    expect(migrate).toHaveBeenCalledTimes(2);
    await run.send({ type: 'next' });
    expect((await run.checkpoint(3)).kind).toBe('base');
    await run.release();
    const again = await runtimeOn(store, { migrate }).open(machine, 'order-1');
    expect(again.getSnapshot().value).toBe('filed');
    expect(migrate).toHaveBeenCalledTimes(2);
  });

  it('is not called where nothing is missing', async () => {
    const store = memoryStore();
    await left(store, before);
    const migrate = vi.fn(toSent);
    const run = await runtimeOn(store, { migrate }).open(after, 'order-1');
    expect(run.getSnapshot().value).toBe('cart');
    expect(migrate).not.toHaveBeenCalled();
  });

  it('moves delays to the names that their events have now, in place', async () => {
    const clock = new SimulatedClock();
    const store = memoryStore();
    const first = createRuntime({ store, clock });
    await (await first.start(reminding('remind', 9000), { id: 'order-1' })).release();
    const migrate: Migrate = ({ snapshot, delays }) => {
      for (const [key, delay] of Object.entries(delays))
        if (delay.event.type === 'remind') delays[key] = { ...delay, event: { type: 'nudge' } };
        else delete delays[key];
      return snapshot;
    };
    const run = await runtimeOn(store, { clock, migrate }).open(reminding('nudge'), 'order-1');
    expect(run.status).toBe('sleeping');
    clock.increment(5000);
    await run.settled();
    await nextJob();
    expect([run.getSnapshot().value, run.status]).toEqual(['reminded', 'idle']);
    await run.release();
    const again = await runtimeOn(store, { clock }).open(reminding('nudge'), 'order-1');
    expect([again.getSnapshot().value, again.status]).toEqual(['reminded', 'idle']);
  });

  it('may change delays before it fails: the next opening finds them as they were written', async () => {
    const store = memoryStore();
    await left(store, reminding('remind'));
    const migrate: Migrate = ({ delays }) => {
      for (const key of Object.keys(delays)) delete delays[key];
      throw new Error('not today');
    };
    const runtime = runtimeOn(store, { migrate });
    await expect(runtime.open(reminding('nudge'), 'order-1')).rejects.toThrow('not today');
    expect((await runtimeOn(store).open(reminding('remind'), 'order-1')).status).toBe('sleeping');
  });

  it('that leaves something missing leaves the run as it was, and free', async () => {
    const store = memoryStore();
    await left(store, before, 'next');
    const runtime = runtimeOn(store, { migrate: ({ snapshot }) => snapshot });
    await expect(runtime.open(after, 'order-1')).rejects.toMatchObject({
      code: 'INCOMPATIBLE_MACHINE',
      missing: ["state 'order.review' of the root actor"],
    });
    expect((await runtimeOn(store).open(before, 'order-1')).getSnapshot().value).toBe('review');
  });

  it.each([
    ['nothing', undefined],
    ['no snapshot', { sent: true }],
    ['text', 'sent'],
  ])('that returns %s is refused by a typed error, and leaves the run as it was, free', async (_, made) => {
    const store = memoryStore();
    await left(store, before, 'next');
    const runtime = runtimeOn(store, { migrate: () => made });
    await expect(runtime.open(after, 'order-1')).rejects.toBeInstanceOf(SavepointError);
    expect((await runtimeOn(store).open(before, 'order-1')).getSnapshot().value).toBe('review');
  });
});
