import { fromStore } from '@xstate/store';
import { describe, expect, test } from 'vitest';
import {
  assign,
  createActor,
  createMachine,
  emit,
  enqueueActions,
  fromCallback,
  fromEventObservable,
  fromObservable,
  fromPromise,
  fromTransition,
  log,
  raise,
  sendParent,
  sendTo,
  setup,
  spawnChild,
  stopChild,
  type AnyActor,
  type AnyActorRef,
  type AnyStateMachine,
} from 'xstate';
import { calm, createStage } from '../../test/stage.ts';

type Say = (line: string) => void;

const pending = new Promise<never>(() => {});

const effects = (say: Say) => ({
  promise: fromPromise(({ signal }) => {
    say('promise starts');
    signal.addEventListener('abort', () => say('promise is aborted'));
    return pending;
  }),
  callback: fromCallback(({ receive }) => {
    say('callback starts');
    receive((event) => say(`callback receives ${event.type}`));
    return () => say('callback is disposed');
  }),
  observable: fromObservable(() => ({
    subscribe: () => {
      say('observable starts');
      return { unsubscribe: () => say('observable is unsubscribed') };
    },
  })),
  eventObservable: fromEventObservable(() => ({
    subscribe: () => {
      say('event observable starts');
      return { unsubscribe: () => say('event observable is unsubscribed') };
    },
  })),
});

interface Case {
  readonly name: string;
  /** What `GO` makes leave the actor system. */
  readonly leaves: readonly string[];
  readonly machine: (say: Say) => AnyStateMachine;
  /** What the outside does before `GO`. */
  readonly watch?: (actor: AnyActorRef, say: Say) => void;
}

const child = (actor: AnyActorRef): AnyActorRef => actor.getSnapshot().children.child;

/** A machine that goes from `a`, invoking `child`, to `b`. */
const leaving = (logic: 'promise' | 'callback' | 'observable' | 'eventObservable') => (say: Say) =>
  setup({ actors: effects(say) }).createMachine({
    id: 'leaving',
    initial: 'a',
    states: { a: { invoke: { src: logic, id: 'child' }, on: { GO: 'b' } }, b: {} },
  });

/** A machine that goes from `a` to `b`, invoking `child` there. */
const entering = (logic: 'promise' | 'callback' | 'observable' | 'eventObservable') => (say: Say) =>
  setup({ actors: effects(say) }).createMachine({
    id: 'entering',
    initial: 'a',
    states: { a: { on: { GO: 'b' } }, b: { invoke: { src: logic, id: 'child' } } },
  });

const toggle = createMachine({
  id: 'toggle',
  initial: 'off',
  states: { off: { on: { GO: 'on', END: 'end' } }, on: {}, end: { type: 'final' } },
});

const cases: readonly Case[] = [
  {
    name: 'a named action',
    leaves: ['acted with 7 on GO'],
    machine: (say) =>
      setup({
        actions: {
          act: ({ event }, { size }: { size: number }) => say(`acted with ${size} on ${event.type}`),
        },
      }).createMachine({ id: 'm', on: { GO: { actions: { type: 'act', params: { size: 7 } } } } }),
  },
  {
    name: 'an inline action',
    leaves: ['acted on GO'],
    machine: (say) =>
      createMachine({ id: 'm', on: { GO: { actions: ({ event }) => say(`acted on ${event.type}`) } } }),
  },
  {
    name: 'exit, transition and entry actions',
    leaves: ['leaves', 'goes', 'enters'],
    machine: (say) =>
      createMachine({
        id: 'm',
        initial: 'a',
        states: {
          a: { exit: () => say('leaves'), on: { GO: { target: 'b', actions: () => say('goes') } } },
          b: { entry: () => say('enters') },
        },
      }),
  },
  {
    name: 'actions of enqueueActions',
    leaves: ['one', 'two', 'emitted'],
    machine: (say) =>
      createMachine({
        id: 'm',
        on: {
          GO: {
            actions: enqueueActions(({ enqueue }) => {
              enqueue(() => say('one'));
              enqueue.emit({ type: 'told' });
              enqueue(() => say('two'));
            }),
          },
        },
      }),
    watch: (actor, say) => actor.on('told', () => say('emitted')),
  },
  {
    name: 'emit',
    leaves: ['heard told', 'heard told by *'],
    machine: () => createMachine({ id: 'm', on: { GO: { actions: emit({ type: 'told' }) } } }),
    watch: (actor, say) => {
      actor.on('told', () => say('heard told'));
      actor.on('*', (event) => say(`heard ${event.type} by *`));
    },
  },
  {
    name: 'log',
    leaves: ['logged hello'],
    machine: () => createMachine({ id: 'm', on: { GO: { actions: log('hello') } } }),
  },
  { name: 'the start of a promise', leaves: ['promise starts'], machine: entering('promise') },
  { name: 'the start of a callback', leaves: ['callback starts'], machine: entering('callback') },
  { name: 'the start of an observable', leaves: ['observable starts'], machine: entering('observable') },
  {
    name: 'the start of an event observable',
    leaves: ['event observable starts'],
    machine: entering('eventObservable'),
  },
  { name: 'the abort of a promise', leaves: ['promise is aborted'], machine: leaving('promise') },
  { name: 'the disposal of a callback', leaves: ['callback is disposed'], machine: leaving('callback') },
  {
    name: 'the end of a subscription to an observable',
    leaves: ['observable is unsubscribed'],
    machine: leaving('observable'),
  },
  {
    name: 'the end of a subscription to an event observable',
    leaves: ['event observable is unsubscribed'],
    machine: leaving('eventObservable'),
  },
  {
    name: 'a delivery to receive',
    leaves: ['callback receives PING'],
    machine: (say) =>
      setup({ actors: effects(say) }).createMachine({
        id: 'm',
        invoke: { src: 'callback', id: 'child' },
        on: { GO: { actions: sendTo('child', { type: 'PING' }) } },
      }),
  },
  {
    name: 'the start of a spawned child',
    leaves: ['callback starts'],
    machine: (say) =>
      setup({ actors: effects(say) }).createMachine({
        id: 'm',
        on: { GO: { actions: spawnChild('callback', { id: 'child' }) } },
      }),
  },
  {
    name: 'the start of a child spawned by assign',
    leaves: ['callback starts'],
    machine: (say) =>
      setup({
        actors: effects(say),
        types: { context: {} as { ref: AnyActorRef | undefined } },
      }).createMachine({
        id: 'm',
        context: { ref: undefined },
        on: { GO: { actions: assign({ ref: ({ spawn }) => spawn('callback', { id: 'child' }) }) } },
      }),
  },
  {
    name: 'stopChild',
    leaves: ['callback is disposed'],
    machine: (say) =>
      setup({ actors: effects(say) }).createMachine({
        id: 'm',
        entry: spawnChild('callback', { id: 'child' }),
        on: { GO: { actions: stopChild('child') } },
      }),
  },
  {
    name: 'the actions of a child',
    leaves: ['child acted'],
    machine: (say) => {
      const acting = createMachine({ id: 'acting', on: { GO: { actions: () => say('child acted') } } });
      return setup({ actors: { acting } }).createMachine({
        id: 'm',
        invoke: { src: 'acting', id: 'child' },
        on: { GO: { actions: sendTo('child', { type: 'GO' }) } },
      });
    },
  },
  {
    name: "news for a child's observers",
    leaves: ['child is on'],
    machine: () =>
      setup({ actors: { toggle } }).createMachine({
        id: 'm',
        invoke: { src: 'toggle', id: 'child' },
        on: { GO: { actions: sendTo('child', { type: 'GO' }) } },
      }),
    watch: (actor, say) => child(actor).subscribe(({ value }) => say(`child is ${value}`)),
  },
  {
    name: "the completion of a child's observers",
    leaves: ['child is end', 'child is complete'],
    machine: () =>
      setup({ actors: { toggle } }).createMachine({
        id: 'm',
        invoke: { src: 'toggle', id: 'child' },
        on: { GO: { actions: sendTo('child', { type: 'END' }) } },
      }),
    watch: (actor, say) =>
      child(actor).subscribe({
        next: ({ value }) => say(`child is ${value}`),
        complete: () => say('child is complete'),
      }),
  },
  {
    name: 'the failure of a child, for its observers',
    leaves: ['child failed: broken'],
    machine: () => {
      const fragile = createMachine({
        id: 'fragile',
        on: {
          GO: {
            actions: assign(() => {
              throw new Error('broken');
            }),
          },
        },
      });
      return setup({ actors: { fragile } }).createMachine({
        id: 'm',
        invoke: { src: 'fragile', id: 'child', onError: {} },
        on: { GO: { actions: sendTo('child', { type: 'GO' }) } },
      });
    },
    watch: (actor, say) =>
      child(actor).subscribe({ error: (error) => say(`child failed: ${(error as Error).message}`) }),
  },
  {
    name: 'what a child emits',
    leaves: ['heard told'],
    machine: () => {
      const telling = createMachine({ id: 'telling', on: { GO: { actions: emit({ type: 'told' }) } } });
      return setup({ actors: { telling } }).createMachine({
        id: 'm',
        invoke: { src: 'telling', id: 'child' },
        on: { GO: { actions: sendTo('child', { type: 'GO' }) } },
      });
    },
    watch: (actor, say) => child(actor).on('told', () => say('heard told')),
  },
  {
    name: 'what a store emits',
    leaves: ['heard counted'],
    machine: () => {
      const counter = fromStore({
        context: { count: 0 },
        on: {
          GO: ({ count }, _: object, enqueue: any) => {
            enqueue.emit.counted();
            return { count: count + 1 };
          },
        },
      });
      return setup({ actors: { counter } }).createMachine({
        id: 'm',
        invoke: { src: 'counter', id: 'child' },
        on: { GO: { actions: sendTo('child', { type: 'GO' }) } },
      });
    },
    watch: (actor, say) => child(actor).on('counted', () => say('heard counted')),
  },
  {
    name: 'news for observers of the root',
    leaves: ['root is b'],
    machine: () => createMachine({ id: 'm', initial: 'a', states: { a: { on: { GO: 'b' } }, b: {} } }),
    watch: (actor, say) => actor.subscribe(({ value }) => say(`root is ${value}`)),
  },
  {
    name: 'the end of the root',
    leaves: ['leaves', 'root is b', 'root is complete'],
    machine: (say) =>
      createMachine({
        id: 'm',
        initial: 'a',
        exit: () => say('leaves'),
        states: { a: { on: { GO: 'b' } }, b: { type: 'final' } },
      }),
    watch: (actor, say) =>
      actor.subscribe({
        next: ({ value }) => say(`root is ${value}`),
        complete: () => say('root is complete'),
      }),
  },
  {
    name: 'a whole tree that comes and goes',
    leaves: [
      'leaves',
      'goes',
      'enters',
      'callback is disposed',
      'promise is aborted',
      'heard told',
      'promise starts',
      'grandchild enters',
      'callback starts',
      'child enters',
      'root is b',
    ],
    machine: (say) => {
      const actors = effects(say);
      const grandchild = setup({ actors }).createMachine({
        id: 'grandchild',
        entry: () => say('grandchild enters'),
        invoke: { src: 'promise', id: 'work' },
      });
      const branch = setup({ actors: { ...actors, grandchild } }).createMachine({
        id: 'branch',
        entry: () => say('child enters'),
        invoke: [
          { src: 'grandchild', id: 'grandchild' },
          { src: 'callback', id: 'listen' },
        ],
      });
      return setup({ actors: { ...actors, branch } }).createMachine({
        id: 'm',
        initial: 'a',
        states: {
          a: {
            invoke: [
              { src: 'callback', id: 'listen' },
              { src: 'promise', id: 'work' },
            ],
            exit: () => say('leaves'),
            on: { GO: { target: 'b', actions: [() => say('goes'), emit({ type: 'told' })] } },
          },
          b: { entry: () => say('enters'), invoke: { src: 'branch', id: 'branch' } },
        },
      });
    },
    watch: (actor, say) => {
      actor.on('told', () => say('heard told'));
      actor.subscribe(({ value }) => say(`root is ${value}`));
    },
  },
];

/** What leaves bare XState when the outside does `act`. */
function bare(
  { machine, watch }: Case,
  act: (actor: AnyActor, lines: string[]) => void = (actor, lines) => {
    actor.start();
    watch?.(actor, (line) => void lines.push(line));
    lines.length = 0;
    actor.send({ type: 'GO' });
  },
): string[] {
  const lines: string[] = [];
  const say = (line: string): void => void lines.push(line);
  const actor = createActor(machine(say), { logger: (...args) => say(`logged ${args.join(' ')}`) });
  actor.subscribe({ error: () => {} });
  act(actor, lines);
  return lines;
}

describe('nothing leaves the actor system before its turn is committed', () => {
  test.each(cases)('$name', async (one) => {
    const { runtime, log: lines, say, hold, letThrough } = createStage();
    const run = await runtime.start(one.machine(say), { id: 'r' });
    one.watch?.(run.actor, say);
    await calm();
    const [seq, before] = [run.seq, run.getSnapshot()];
    lines.length = 0;
    hold();

    const receipt = run.send({ type: 'GO' }).then(({ seq }) => say(`durable as ${seq}`));
    await calm();
    expect(lines).toEqual([]);
    expect(run.seq).toBe(seq);
    expect(run.getSnapshot()).toBe(before);

    await letThrough();
    await receipt;
    expect(lines).toEqual([...one.leaves, `durable as ${seq + 1}`]);
    expect(run.seq).toBe(seq + 1);
  });
});

describe("what a turn lets out comes in XState's own order", () => {
  test.each(cases)('$name', (one) => {
    expect(bare(one)).toEqual(one.leaves);
  });
});

test('the first turn lets nothing out before it is committed', async () => {
  const machine = (say: Say): AnyStateMachine =>
    setup({ actors: effects(say) }).createMachine({
      id: 'm',
      entry: [() => say('enters'), log('hello'), spawnChild('callback', { id: 'spawned' })],
      invoke: { src: 'promise', id: 'work' },
    });
  const leaves = ['callback starts', 'promise starts', 'enters', 'logged hello'];
  expect(bare({ name: '', leaves, machine }, (actor) => actor.start())).toEqual(leaves);

  const { runtime, log: lines, say, hold, letThrough } = createStage();
  hold();
  const starting = runtime.start(machine(say), { id: 'r' });
  await calm();
  expect(lines).toEqual([]);
  await letThrough();
  await starting;
  expect(lines).toEqual(leaves);
});

describe('in an action', () => {
  test('getSnapshot() of the actor shows the state after the turn', async () => {
    const { runtime, log: lines, say } = createStage();
    const machine = createMachine({
      id: 'm',
      initial: 'a',
      states: {
        a: {
          on: { GO: { target: 'b', actions: ({ self }) => say(JSON.stringify(self.getSnapshot().value)) } },
        },
        b: { always: 'c' },
        c: {},
      },
    });
    const run = await runtime.start(machine);
    await run.send({ type: 'GO' });
    expect(lines).toEqual(['"c"']);
  });

  test('context and event are those of the moment when it was planned', async () => {
    const { runtime, log: lines, say } = createStage();
    const machine = setup({ types: { context: {} as { n: number } } }).createMachine({
      id: 'm',
      context: { n: 0 },
      on: {
        GO: {
          actions: [
            ({ context }) => say(`${context.n}`),
            assign({ n: ({ context }) => context.n + 1 }),
            ({ context, event }) => say(`${context.n} on ${event.type}`),
            assign({ n: ({ context }) => context.n + 1 }),
          ],
        },
      },
    });
    const run = await runtime.start(machine);
    await run.send({ type: 'GO' });
    expect(lines).toEqual(['0', '1 on GO']);
  });

  test('self.send() is a turn behind the events that were sent in the same job', async () => {
    const { runtime, log: lines, say } = createStage();
    const machine = createMachine({
      id: 'm',
      on: {
        A: { actions: [() => say('A'), ({ self }) => self.send({ type: 'SELF' })] },
        B: { actions: () => say('B') },
        SELF: { actions: () => say('SELF') },
      },
    });
    const run = await runtime.start(machine);
    await Promise.all([run.send({ type: 'A' }), run.send({ type: 'B' })]);
    await run.flush();
    expect(lines).toEqual(['A', 'B', 'SELF']);
  });

  test('the params of a named action are resolved in the turn', async () => {
    const { runtime, log: lines, say } = createStage();
    const machine = setup({
      types: { context: {} as { n: number } },
      actions: { act: (_, { n }: { n: number }) => say(`${n}`) },
    }).createMachine({
      id: 'm',
      context: { n: 1 },
      on: {
        GO: {
          actions: [
            { type: 'act', params: ({ context }) => ({ n: context.n }) },
            assign({ n: 2 }),
            { type: 'act', params: ({ context }) => ({ n: context.n }) },
          ],
        },
      },
    });
    const run = await runtime.start(machine);
    await run.send({ type: 'GO' });
    expect(lines).toEqual(['1', '2']);
  });
});

test('an actor that starts and ends in one turn starts nothing outside', async () => {
  const { runtime, log: lines, say } = createStage();
  const machine = setup({ actors: effects(say) }).createMachine({
    id: 'm',
    initial: 'a',
    states: {
      a: { on: { GO: 'b' } },
      b: { invoke: [{ src: 'promise' }, { src: 'callback' }], always: 'c' },
      c: {},
    },
  });
  const run = await runtime.start(machine);
  await run.send({ type: 'GO' });
  expect(run.getSnapshot().value).toBe('c');
  expect(lines).toEqual([]);
});

test('observers get one snapshot for each turn, however many messages it took', async () => {
  const { runtime } = createStage();
  const echo = createMachine({
    id: 'echo',
    on: { PING: { actions: sendParent({ type: 'PONG' }) } },
  });
  const machine = setup({ actors: { echo }, types: { context: {} as { pongs: number } } }).createMachine({
    id: 'm',
    context: { pongs: 0 },
    invoke: { src: 'echo', id: 'echo' },
    on: {
      GO: { actions: [sendTo('echo', { type: 'PING' }), raise({ type: 'NOTE' })] },
      NOTE: {},
      PONG: { actions: assign({ pongs: ({ context }) => context.pongs + 1 }) },
    },
  });
  const run = await runtime.start(machine);
  const seen: number[] = [];
  run.subscribe(({ context }) => seen.push(context.pongs));
  await run.send({ type: 'GO' });
  await run.send({ type: 'GO' });
  expect(seen).toEqual([1, 2]);
});

test('turns that follow while a commit is open let nothing out before the turns ahead of them', async () => {
  const { runtime, log: lines, say, hold, letThrough } = createStage();
  const machine = createMachine({
    id: 'm',
    on: { '*': { actions: ({ event }) => say(event.type) } },
  });
  const run = await runtime.start(machine);
  hold();
  const sent = ['A', 'B', 'C'].map((type) => run.send({ type }).then(({ seq }) => say(`durable as ${seq}`)));
  await calm();
  sent.push(run.send({ type: 'D' }).then(({ seq }) => say(`durable as ${seq}`)));
  await calm();
  expect(lines).toEqual([]);
  await letThrough();
  await Promise.all(sent);
  expect(lines.filter((line) => line.length === 1)).toEqual(['A', 'B', 'C', 'D']);
  expect(lines.filter((line) => line.length > 1)).toEqual([2, 3, 4, 5].map((seq) => `durable as ${seq}`));
  expect(lines.indexOf('A')).toBeLessThan(lines.indexOf('durable as 2'));
  expect(lines.indexOf('D')).toBeGreaterThan(lines.indexOf('C'));
});

test('what was sent to an actor of another system arrives after the commit', async () => {
  const { runtime, log: lines, say, hold, letThrough } = createStage();
  const outside = createActor(
    fromTransition((heard: string, { type }) => {
      say(`outside got ${type}`);
      return `${heard}${type} `;
    }, ''),
  ).start();
  const machine = createMachine({
    id: 'm',
    on: { GO: { actions: sendTo(() => outside, { type: 'HELLO' }) } },
  });
  const run = await runtime.start(machine);
  hold();
  const sent = run.send({ type: 'GO' });
  await calm();
  expect(lines).toEqual([]);
  await letThrough();
  await sent;
  expect(lines).toEqual(['outside got HELLO']);
});

describe('who unsubscribes while a commit is open is told nothing more', () => {
  const machine = setup({ actors: { toggle } }).createMachine({
    id: 'm',
    invoke: { src: 'toggle', id: 'child' },
    on: { GO: { actions: [sendTo('child', { type: 'GO' }), emit({ type: 'told' })] } },
  });
  const watches: Record<string, (actor: AnyActorRef, say: Say) => { unsubscribe(): void }> = {
    'an observer of the root': (actor, say) => actor.subscribe(() => say('root changed')),
    'an observer of a child': (actor, say) => child(actor).subscribe(() => say('child changed')),
    'a listener': (actor, say) => actor.on('told', () => say('heard told')),
  };

  test.each(Object.keys(watches))('%s', async (name) => {
    const { runtime, log: lines, say, hold, letThrough } = createStage();
    const run = await runtime.start(machine);
    const subscription = watches[name]!(run.actor, say);
    hold();
    const sent = run.send({ type: 'GO' });
    await calm();
    subscription.unsubscribe();
    await letThrough();
    await sent;
    expect(lines).toEqual([]);
  });
});

test.each([false, true])(
  'a child is observed from its birth on, after the commit: syncSnapshot %s',
  async (syncSnapshot) => {
    const { runtime, log: lines, say, hold, letThrough } = createStage();
    const machine = setup({
      actors: { toggle },
      types: { context: {} as { ref: AnyActorRef | undefined } },
    }).createMachine({
      id: 'm',
      context: { ref: undefined },
      on: {
        SPAWN: {
          actions: assign({
            ref: ({ spawn }) => {
              const ref = spawn('toggle', { id: 'child', syncSnapshot });
              ref.subscribe((snapshot) => say(`child is ${JSON.stringify(snapshot.value)}`));
              return ref;
            },
          }),
        },
        GO: { actions: sendTo('child', { type: 'GO' }) },
      },
    });
    const run = await runtime.start(machine);
    for (const [type, line] of [
      ['SPAWN', 'child is "off"'],
      ['GO', 'child is "on"'],
    ] as const) {
      lines.length = 0;
      hold();
      const sent = run.send({ type });
      await calm();
      expect(lines).toEqual([]);
      await letThrough();
      await sent;
      expect(lines).toEqual([line]);
    }
  },
);
