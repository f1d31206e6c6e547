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
  raise,
  sendParent,
  sendTo,
  setup,
  spawnChild,
  type ActorLogic,
  type AnyActorRef,
  type AnyEventObject,
  type AnyStateMachine,
  type Snapshot,
} from 'xstate';
import { calm, createStage, type Stage } from '../../test/stage.ts';
import type { Run } from '../run.ts';

type Any = any;
const pending = new Promise<never>(() => {});

/** What is seen of an actor and of all below it. */
function seen(actor: AnyActorRef): object {
  const { status, value, context, output, error, children = {} } = actor.getSnapshot();
  const below = Object.entries(children as Record<string, AnyActorRef>).map(([id, child]) => [
    id,
    seen(child),
  ]);
  return {
    status,
    value,
    context: JSON.parse(JSON.stringify(context ?? null)),
    output,
    error: error instanceof Error ? error.message : error,
    children: Object.fromEntries(below),
  };
}

interface Case {
  readonly name: string;
  readonly machine: AnyStateMachine;
  readonly events: readonly (string | AnyEventObject)[];
  /** The state value in the end, where it tells something. */
  readonly value?: unknown;
}

const lamp = createMachine({
  id: 'lamp',
  initial: 'off',
  states: { off: { on: { NEXT: 'on' } }, on: { on: { NEXT: 'off' } } },
});

const historyMachine = (history: 'shallow' | 'deep'): AnyStateMachine =>
  createMachine({
    id: 'm',
    initial: 'work',
    states: {
      work: {
        initial: 'one',
        states: {
          one: { on: { NEXT: 'two' } },
          two: { initial: 'x', states: { x: { on: { NEXT: 'y' } }, y: {} } },
          back: { type: 'history', history },
        },
        on: { PAUSE: 'paused' },
      },
      paused: { on: { RESUME: 'work.back' } },
    },
  });

const counter = fromTransition(
  (state: { count: number }, event: AnyEventObject) =>
    event.type === 'ADD' ? { count: state.count + ((event['by'] as number | undefined) ?? 1) } : state,
  ({ input }: { input: { from: number } }) => ({ count: input.from }),
);

const cart = fromStore({
  context: (input: { name: string }) => ({ name: input.name, items: [] as string[] }),
  on: {
    put: (context, { item }: { item: string }) => ({ ...context, items: [...context.items, item] }),
  },
});

const leaf = setup({ types: {} }).createMachine({
  id: 'leaf',
  context: { n: 0 },
  on: { ADD: { actions: [assign({ n: ({ context }) => context.n + 1 }), sendParent({ type: 'ADDED' })] } },
});
const middle = setup({ actors: { leaf }, types: {} }).createMachine({
  id: 'middle',
  context: { added: 0 },
  invoke: { src: 'leaf', id: 'leaf', systemId: 'the leaf' },
  on: {
    ADD: { actions: sendTo('leaf', { type: 'ADD' }) },
    ADDED: {
      actions: [assign({ added: ({ context }) => context.added + 1 }), sendParent({ type: 'ADDED' })],
    },
  },
});

/** Two regions that both want to leave on GO: the one wins whose state was entered first. */
const rivals = (...atStart: string[]): AnyStateMachine =>
  setup({ types: {} }).createMachine({
    id: 'rivals',
    context: { go: false },
    entry: atStart.map((type) => raise({ type })),
    initial: 'work',
    states: {
      work: {
        type: 'parallel',
        states: Object.fromEntries(
          ['a', 'b'].map((region) => [
            region,
            {
              initial: 'one',
              states: {
                one: { on: { [region]: 'two' } },
                two: {
                  always: { guard: ({ context }: Any) => context.go, target: `#${region} won` },
                  on: { [region]: 'one' },
                },
              },
            },
          ]),
        ),
      },
      'a won': { id: 'a won' },
      'b won': { id: 'b won' },
    },
    on: { GO: { actions: assign({ go: true }) } },
  });
const withRivals = createMachine({
  id: 'above',
  invoke: { src: rivals(), id: 'rivals' },
  on: { '*': { actions: sendTo('rivals', ({ event }) => event) } },
});

const cases: readonly Case[] = [
  { name: 'regions in conflict', events: ['a', 'b', 'GO'], value: 'a won', machine: rivals() },
  {
    name: 'regions in conflict, the last one first',
    events: ['b', 'a', 'GO'],
    value: 'b won',
    machine: rivals(),
  },
  {
    name: 'regions in conflict, the last one first for a while',
    events: ['b', 'a', 'b', 'b', 'GO'],
    value: 'a won',
    machine: rivals(),
  },
  {
    name: 'regions in conflict, the last one first from the start',
    events: ['GO'],
    value: 'b won',
    machine: rivals('b', 'a'),
  },
  { name: 'regions of a child in conflict', events: ['b', 'a', 'GO'], machine: withRivals },
  {
    name: 'parallel states',
    events: ['B', 'NEXT', 'A', 'NEXT'],
    value: { a: 'two', b: 'two', c: { c1: 'three' } },
    machine: createMachine({
      id: 'm',
      type: 'parallel',
      states: {
        a: { initial: 'one', states: { one: { on: { A: 'two' } }, two: {} } },
        b: { initial: 'one', states: { one: { on: { B: 'two' } }, two: {} } },
        c: {
          initial: 'c1',
          states: {
            c1: {
              initial: 'one',
              states: { one: { on: { NEXT: 'two' } }, two: { on: { NEXT: 'three' } }, three: {} },
            },
          },
        },
      },
    }),
  },
  {
    name: 'the end of all parallel states',
    events: ['A', 'B'],
    value: 'both',
    machine: createMachine({
      id: 'm',
      initial: 'work',
      states: {
        work: {
          type: 'parallel',
          onDone: 'both',
          states: {
            a: { initial: 'one', states: { one: { on: { A: 'two' } }, two: { type: 'final' } } },
            b: { initial: 'one', states: { one: { on: { B: 'two' } }, two: { type: 'final' } } },
          },
        },
        both: {},
      },
    }),
  },
  {
    name: 'shallow history',
    events: ['NEXT', 'NEXT', 'PAUSE', 'RESUME'],
    value: { work: { two: 'x' } },
    machine: historyMachine('shallow'),
  },
  {
    name: 'deep history',
    events: ['NEXT', 'NEXT', 'PAUSE', 'RESUME'],
    value: { work: { two: 'y' } },
    machine: historyMachine('deep'),
  },
  {
    name: 'history that was never entered',
    events: ['RESUME'],
    value: { work: 'two' },
    machine: createMachine({
      id: 'm',
      initial: 'paused',
      states: {
        paused: { on: { RESUME: 'work.back' } },
        work: { initial: 'one', states: { one: {}, two: {}, back: { type: 'history', target: 'two' } } },
      },
    }),
  },
  {
    name: 'history of parallel states',
    events: ['A', 'B', 'PAUSE', 'RESUME'],
    value: { work: { a: 'two', b: { deep: 'two' } } },
    machine: createMachine({
      id: 'm',
      initial: 'work',
      states: {
        work: {
          type: 'parallel',
          on: { PAUSE: 'paused' },
          states: {
            a: { initial: 'one', states: { one: { on: { A: 'two' } }, two: {} } },
            b: {
              initial: 'deep',
              states: { deep: { initial: 'one', states: { one: { on: { B: 'two' } }, two: {} } } },
            },
            back: { type: 'history', history: 'deep' },
          },
        },
        paused: { on: { RESUME: 'work.back' } },
      },
    }),
  },
  {
    name: 'always, raise and guards',
    events: ['ADD', 'ADD', 'ADD'],
    value: 'full',
    machine: setup({ types: {} }).createMachine({
      id: 'm',
      context: { n: 0 },
      initial: 'open',
      states: {
        open: {
          on: {
            ADD: { actions: raise({ type: 'COUNT' }) },
            COUNT: { actions: assign({ n: ({ context }) => context.n + 1 }) },
          },
          always: { guard: ({ context }) => context.n >= 3, target: 'full' },
        },
        full: {},
      },
    }),
  },
  {
    name: 'a machine, invoked by name',
    events: ['NEXT'],
    machine: setup({ actors: { lamp } }).createMachine({
      id: 'm',
      invoke: { src: 'lamp', id: 'lamp' },
      on: { NEXT: { actions: sendTo('lamp', { type: 'NEXT' }) } },
    }),
  },
  {
    name: 'a machine, invoked inline',
    events: ['NEXT'],
    machine: createMachine({
      id: 'm',
      initial: 'a',
      states: {
        a: { invoke: { src: lamp, id: 'lamp' }, on: { NEXT: { actions: sendTo('lamp', { type: 'NEXT' }) } } },
      },
    }),
  },
  {
    name: 'several, invoked inline in one state',
    events: ['NEXT', 'ADD'],
    machine: createMachine({
      id: 'm',
      initial: 'a',
      states: {
        a: {
          initial: 'b',
          states: {
            b: {
              invoke: [
                { src: lamp, id: 'lamp' },
                { src: counter, id: 'counter', input: { from: 3 } },
              ],
            },
          },
          on: {
            NEXT: { actions: sendTo('lamp', { type: 'NEXT' }) },
            ADD: { actions: sendTo('counter', { type: 'ADD' }) },
          },
        },
      },
    }),
  },
  {
    name: 'an invoke without an id',
    events: ['NEXT'],
    machine: setup({ actors: { lamp } }).createMachine({
      id: 'm',
      initial: 'a',
      states: {
        a: { invoke: { src: 'lamp' }, on: { NEXT: { actions: sendTo('0.m.a', { type: 'NEXT' }) } } },
      },
    }),
  },
  {
    name: 'three levels of machines',
    events: ['ADD', 'ADD'],
    machine: setup({ actors: { middle }, types: {} }).createMachine({
      id: 'm',
      context: { added: 0 },
      invoke: { src: 'middle', id: 'middle' },
      on: {
        ADD: { actions: sendTo('middle', { type: 'ADD' }) },
        ADDED: { actions: assign({ added: ({ context }) => context.added + 1 }) },
      },
    }),
  },
  {
    name: 'an actor that is found by its systemId',
    events: ['ADD', 'ADD'],
    machine: setup({ actors: { middle } }).createMachine({
      id: 'm',
      invoke: { src: 'middle', id: 'middle' },
      on: { ADD: { actions: sendTo(({ system }) => system.get('the leaf'), { type: 'ADD' }) } },
    }),
  },
  {
    name: 'fromTransition',
    events: ['ADD', 'ADD'],
    machine: setup({ actors: { counter } }).createMachine({
      id: 'm',
      invoke: { src: 'counter', id: 'counter', input: { from: 40 } },
      on: { ADD: { actions: sendTo('counter', { type: 'ADD' }) } },
    }),
  },
  {
    name: 'fromStore',
    events: ['PUT', 'PUT'],
    machine: setup({ actors: { cart } }).createMachine({
      id: 'm',
      invoke: { src: 'cart', id: 'cart', input: { name: 'mine' } },
      on: { PUT: { actions: sendTo('cart', { type: 'put', item: 'tea' }) } },
    }),
  },
  {
    name: 'actors in the context, also in objects and arrays',
    events: ['SPAWN', 'ADD', 'SPAWN', 'ADD', 'ADD'],
    machine: setup({
      actors: { counter },
      types: {},
    }).createMachine({
      id: 'm',
      context: { first: undefined, deep: { list: [] } },
      on: {
        SPAWN: {
          actions: assign(({ context, spawn }) => {
            const n = context.deep.list.length;
            const ref = spawn('counter', { id: `counter ${n}`, input: { from: n } });
            return { first: context.first ?? ref, deep: { list: [...context.deep.list, { ref, n }] } };
          }),
        },
        ADD: {
          actions: [
            sendTo(({ context }) => context.first!, { type: 'ADD', by: 10 } as AnyEventObject),
            sendTo(({ context }) => context.deep.list.at(-1)!.ref, { type: 'ADD' }),
          ],
        },
      },
    }),
  },
  {
    name: 'children of spawnChild and enqueueActions',
    events: ['SPAWN', 'ENQUEUE', 'ADD'],
    machine: setup({ actors: { counter } }).createMachine({
      id: 'm',
      on: {
        SPAWN: { actions: spawnChild('counter', { id: 'a', input: { from: 1 } }) },
        ENQUEUE: {
          actions: enqueueActions(({ enqueue }) => {
            enqueue.spawnChild('counter', { id: 'b', input: { from: 2 } });
          }),
        },
        ADD: { actions: [sendTo('a', { type: 'ADD' }), sendTo('b', { type: 'ADD' })] },
      },
    }),
  },
  {
    name: 'ids with slashes, percent signs, dots and colons',
    events: ['SPAWN', 'ADD'],
    machine: setup({ actors: { middle } }).createMachine({
      id: 'm',
      on: {
        SPAWN: { actions: spawnChild('middle', { id: 'a/b%2F:#.__proto__' }) },
        ADD: { actions: sendTo('a/b%2F:#.__proto__', { type: 'ADD' }) },
      },
    }),
  },
  {
    name: 'children that are done, and one that failed',
    events: ['NEXT', 'FAIL'],
    machine: setup({
      actors: {
        short: createMachine({
          id: 'short',
          initial: 'a',
          output: { size: 3 },
          states: { a: { on: { NEXT: 'b' } }, b: { type: 'final' } },
        }),
        fragile: createMachine({
          id: 'fragile',
          on: {
            FAIL: {
              actions: assign(() => {
                throw new Error('broken');
              }),
            },
          },
        }),
      },
      types: {},
    }).createMachine({
      id: 'm',
      context: { got: [] },
      invoke: [
        {
          src: 'short',
          id: 'short',
          onDone: { actions: assign({ got: ({ context, event }) => [...context.got, event.output] }) },
        },
        {
          src: 'fragile',
          id: 'fragile',
          onError: {
            actions: assign({
              got: ({ context, event }) => [...context.got, (event.error as Error).message],
            }),
          },
        },
      ],
      on: {
        NEXT: { actions: sendTo('short', { type: 'NEXT' }) },
        FAIL: { actions: sendTo('fragile', { type: 'FAIL' }) },
      },
    }),
  },
  {
    name: 'onSnapshot and syncSnapshot',
    events: ['NEXT', 'ADD', 'NEXT'],
    machine: setup({
      actors: { lamp, counter },
      types: {},
    }).createMachine({
      id: 'm',
      context: { seen: [] },
      invoke: {
        src: 'lamp',
        id: 'lamp',
        onSnapshot: {
          actions: assign({ seen: ({ context, event }) => [...context.seen, (event as Any).snapshot.value] }),
        },
      },
      entry: spawnChild('counter', { id: 'counter', input: { from: 0 }, syncSnapshot: true }),
      on: {
        NEXT: { actions: sendTo('lamp', { type: 'NEXT' }) },
        ADD: { actions: sendTo('counter', { type: 'ADD' }) },
        'xstate.snapshot.counter': {
          actions: assign({
            seen: ({ context, event }) => [...context.seen, (event as Any).snapshot.context.count],
          }),
        },
      },
    }),
  },
  {
    name: 'a final state with output',
    events: ['NEXT'],
    machine: createMachine({
      id: 'm',
      context: { n: 4 },
      initial: 'a',
      output: ({ context }: Any) => ({ n: context.n + 1 }),
      states: { a: { on: { NEXT: 'b' } }, b: { type: 'final' } },
    }),
  },
  {
    name: 'a machine in error',
    events: ['FAIL'],
    machine: createMachine({
      id: 'm',
      on: {
        FAIL: {
          actions: assign(() => {
            throw new Error('broken');
          }),
        },
      },
    }),
  },
];

const asEvent = (event: string | AnyEventObject): AnyEventObject =>
  typeof event === 'string' ? { type: event } : event;

describe('a run that is released and opened after every event ends as bare XState does', () => {
  test.each(cases)('$name', async ({ machine, events, value }) => {
    const bare = createActor(machine);
    bare.subscribe({ error: () => {} });
    bare.start();
    const { runtime, reopen } = createStage();
    let run: Run<Any> = await runtime.start(machine, { id: 'r' });
    run = await reopen(run);
    expect(seen(run.actor as Any)).toEqual(seen(bare));
    for (const event of events) {
      bare.send(asEvent(event));
      await run.send(asEvent(event));
      expect(seen(run.actor as Any)).toEqual(seen(bare));
      run = await reopen(run);
      expect(seen(run.actor as Any)).toEqual(seen(bare));
    }
    if (value !== undefined) expect(run.getSnapshot().value).toEqual(value);
  });
});

/** Effects that tell what is done to them; in the hand of the test. */
function createEffects(say: Stage['say']) {
  const hand = {
    resolve: (_output: unknown): void => {},
    sendBack: (_event: AnyEventObject): void => {},
    next: (_value: unknown): void => {},
    logic: {
      promise: fromPromise<unknown, { n: number } | undefined>(({ input, signal }) => {
        say(`promise starts with ${input?.n}`);
        signal.addEventListener('abort', () => say('promise is aborted'));
        return new Promise((resolve) => {
          hand.resolve = resolve;
        });
      }),
      callback: fromCallback<AnyEventObject, { n: number } | undefined>(({ input, sendBack, receive }) => {
        say(`callback starts with ${input?.n}`);
        hand.sendBack = sendBack;
        receive((event) => say(`callback receives ${event.type}`));
        return () => say('callback is disposed');
      }),
      observable: fromObservable<unknown, { n: number } | undefined>(({ input }) => ({
        subscribe: (observer: Any) => {
          say(`observable starts with ${input?.n}`);
          hand.next = (value) => observer.next(value);
          return { unsubscribe: () => say('observable is unsubscribed') };
        },
      })),
      eventObservable: fromEventObservable<AnyEventObject, { n: number } | undefined>(({ input }) => ({
        subscribe: (observer: Any) => {
          say(`event observable starts with ${input?.n}`);
          hand.next = (value) => observer.next(value);
          return { unsubscribe: () => say('event observable is unsubscribed') };
        },
      })),
    },
  };
  return hand;
}
type Source = 'promise' | 'callback' | 'observable' | 'eventObservable';

const starts: Record<Source, string> = {
  promise: 'promise starts with 5',
  callback: 'callback starts with 5',
  observable: 'observable starts with 5',
  eventObservable: 'event observable starts with 5',
};

describe('an effect that was running when the run was released starts again, with its input', () => {
  const wrap: Record<
    string,
    (src: Source, logic: ReturnType<typeof createEffects>['logic']) => AnyStateMachine
  > = {
    'invoked by name': (src, logic) =>
      (setup({ actors: logic }) as Any).createMachine({
        id: 'm',
        initial: 'a',
        states: { a: { invoke: { src, id: 'c', input: { n: 5 } } } },
      }),
    'invoked inline': (src, logic) =>
      (createMachine as Any)({
        id: 'm',
        initial: 'a',
        states: { a: { invoke: { src: logic[src], id: 'c', input: { n: 5 } } } },
      }),
    'provided later': (src, logic) =>
      (setup({ actors: { c: fromPromise(() => pending) } }) as Any)
        .createMachine({ id: 'm', invoke: { src: 'c', id: 'c', input: { n: 5 } } })
        .provide({ actors: { c: logic[src] } }),
    'spawned by spawnChild': (src, logic) =>
      (setup({ actors: logic }) as Any).createMachine({
        id: 'm',
        entry: spawnChild(src as Any, { id: 'c', input: { n: 5 } } as Any),
      }),
    'spawned by assign': (src, logic) =>
      (setup({ actors: logic }) as Any).createMachine({
        id: 'm',
        context: ({ spawn }: Any) => ({ ref: spawn(src, { id: 'c', input: { n: 5 } }) }),
      }),
    'two levels down': (src, logic) => {
      const inner = (setup({ actors: logic }) as Any).createMachine({
        id: 'inner',
        invoke: { src, id: 'c', input: { n: 5 } },
      });
      const between: Any = setup({ actors: { inner } }).createMachine({
        id: 'between',
        invoke: { src: 'inner', id: 'c' },
      });
      return setup({ actors: { between } }).createMachine({ id: 'm', invoke: { src: 'between', id: 'c' } });
    },
  };
  const rows = (Object.keys(starts) as Source[]).flatMap((src) =>
    Object.keys(wrap).map((way) => ({ src, way })),
  );

  test.each(rows)('$src, $way', async ({ src, way }) => {
    const { runtime, log, say, reopen } = createStage();
    const { logic } = createEffects(say);
    const run = await runtime.start(wrap[way]!(src, logic));
    expect(log).toEqual([starts[src]]);
    const again = await reopen(run);
    await calm();
    expect(log).toHaveLength(3); // it was aborted or disposed of in between
    expect(log[2]).toBe(starts[src]);
    expect(again.status).toBe('running');
  });
});

describe('a restored effect is connected', () => {
  const machineOf = ({ logic }: ReturnType<typeof createEffects>, src: Source) =>
    (
      setup({
        actors: logic as Any,
        types: {},
      }) as Any
    ).createMachine({
      id: 'm',
      context: { got: [] },
      invoke: {
        src,
        id: 'c',
        onDone: { actions: assign({ got: ({ context, event }: Any) => [...context.got, event.output] }) },
        onSnapshot: {
          actions: assign({ got: ({ context, event }: Any) => [...context.got, event.snapshot.context] }),
        },
      },
      on: {
        EVENT: { actions: assign({ got: ({ context, event }: Any) => [...context.got, event.n] }) },
        PING: { actions: sendTo('c', { type: 'PING' }) },
      },
    }) as AnyStateMachine;

  test('the output of a promise', async () => {
    const { runtime, say, reopen } = createStage();
    const hand = createEffects(say);
    const machine = setup({
      actors: hand.logic,
      types: {},
    }).createMachine({
      id: 'm',
      context: { got: undefined },
      invoke: {
        src: 'promise',
        id: 'c',
        input: undefined,
        onDone: { actions: assign({ got: ({ event }) => event.output }) },
      },
    });
    const run = await reopen(await runtime.start(machine));
    hand.resolve('output');
    await calm();
    expect(run.getSnapshot().context.got).toBe('output');
    expect((await reopen(run)).getSnapshot().context.got).toBe('output');
  });

  test('sendBack and receive of a callback', async () => {
    const { runtime, log, say, reopen } = createStage();
    const hand = createEffects(say);
    const run = await reopen(await runtime.start(machineOf(hand, 'callback')));
    hand.sendBack({ type: 'EVENT', n: 7 });
    await run.send({ type: 'PING' });
    expect(run.getSnapshot().context.got).toContain(7);
    expect(log.at(-1)).toBe('callback receives PING');
  });

  test('the values of an observable', async () => {
    const { runtime, say, reopen } = createStage();
    const hand = createEffects(say);
    let run: Run = await runtime.start(machineOf(hand, 'observable'));
    hand.next(1);
    await calm();
    run = await reopen(run);
    expect((run.getSnapshot().children.c as AnyActorRef).getSnapshot().context).toBe(1);
    hand.next(2);
    await calm();
    expect(run.getSnapshot().context.got.filter((value: unknown) => value !== undefined)).toEqual([1, 2]);
    expect((run.getSnapshot().children.c as AnyActorRef).getSnapshot().context).toBe(2);
  });

  test('the events of an event observable', async () => {
    const { runtime, say, reopen } = createStage();
    const hand = createEffects(say);
    const run = await reopen(await runtime.start(machineOf(hand, 'eventObservable')));
    hand.next({ type: 'EVENT', n: 8 });
    await calm();
    expect(run.getSnapshot().context.got).toContain(8);
  });
});

describe('a restore', () => {
  test('is no turn: no entry action, no emit, no always, no seq', async () => {
    const { runtime, log, say, reopen } = createStage();
    const machine = setup({ types: {} }).createMachine({
      id: 'm',
      context: { n: 0 },
      entry: [() => say('root enters'), emit({ type: 'told' })],
      initial: 'a',
      states: {
        a: { entry: () => say('a enters'), initial: 'b', states: { b: { entry: () => say('b enters') } } },
      },
    });
    const run = await runtime.start(machine, { id: 'r' });
    log.length = 0;
    const again = await reopen(run);
    again.actor.on('told' as never, () => say('told'));
    await calm();
    expect(log).toEqual([]);
    expect(again.seq).toBe(1);
  });

  test('tells the parent of no snapshot of its children again', async () => {
    const { runtime, reopen } = createStage();
    const machine = setup({
      actors: { lamp, counter },
      types: {},
    }).createMachine({
      id: 'm',
      context: { told: 0 },
      invoke: [
        {
          src: 'lamp',
          id: 'lamp',
          onSnapshot: { actions: assign({ told: ({ context }) => context.told + 1 }) },
        },
        {
          src: 'counter',
          id: 'counter',
          input: { from: 0 },
          onSnapshot: { actions: assign({ told: ({ context }) => context.told + 1 }) },
        },
      ],
      on: { NEXT: { actions: sendTo('lamp', { type: 'NEXT' }) } },
    });
    let run: Run<typeof machine> = await runtime.start(machine);
    await run.send({ type: 'NEXT' });
    const { told } = run.getSnapshot().context;
    run = await reopen(run);
    await calm();
    expect(run.getSnapshot().context.told).toBe(told);
    expect(run.seq).toBe(2);
    await run.send({ type: 'NEXT' });
    expect(run.getSnapshot().context.told).toBe(told + 1);
  });

  test('starts no child that is done or failed, and tells nobody of it again', async () => {
    const { runtime, log, say, reopen } = createStage();
    const machine = setup({
      actors: {
        quick: fromPromise(async () => {
          say('quick starts');
          return 3;
        }),
        broken: fromPromise(async () => {
          say('broken starts');
          throw new Error('broken');
        }),
      },
      types: {},
    }).createMachine({
      id: 'm',
      context: { told: 0 },
      invoke: [
        {
          src: 'quick',
          id: 'quick',
          onDone: { actions: assign({ told: ({ context }) => context.told + 1 }) },
        },
        {
          src: 'broken',
          id: 'broken',
          onError: { actions: assign({ told: ({ context }) => context.told + 1 }) },
        },
      ],
    });
    const run = await runtime.start(machine);
    await calm();
    expect(run.getSnapshot().context.told).toBe(2);
    const again = await reopen(run);
    await calm();
    expect(log).toEqual(['quick starts', 'broken starts']);
    expect(again.getSnapshot().context.told).toBe(2);
    expect(again.status).toBe('idle');
    expect(again.getSnapshot().children.quick?.getSnapshot()).toMatchObject({ status: 'done', output: 3 });
    expect(again.getSnapshot().children.broken?.getSnapshot()).toMatchObject({ status: 'error' });
  });

  test('has the order of parallel states stored only where it would not come back by itself', async () => {
    const { runtime } = createStage();
    const run = await runtime.start(rivals());
    for (const type of ['b', 'a', 'b', 'a']) await run.send({ type });
    const orders: unknown[] = [];
    for await (const { seq } of run.history())
      orders.push(((await run.checkpoint(seq)).snapshot as Any).order !== undefined);
    expect(orders).toEqual([false, false, true, false, true]);
  });

  test('brings references in the context back as the children themselves', async () => {
    const { runtime, reopen } = createStage();
    const machine = setup({
      actors: { lamp },
      types: {},
    }).createMachine({
      id: 'm',
      context: ({ spawn }) => {
        const [one, two] = [spawn('lamp', { id: 'one' }), spawn('lamp', { id: 'two' })];
        return { one, nested: { list: [{ ref: two }] } };
      },
    });
    const run = await reopen(await runtime.start(machine));
    const { context, children } = run.getSnapshot();
    expect(context.one).toBe(children.one);
    expect(context.nested.list[0].ref).toBe(children.two);
  });

  test('registers systemIds, at any depth', async () => {
    const { runtime, reopen } = createStage();
    const machine = setup({ actors: { middle } }).createMachine({
      id: 'm',
      invoke: { src: 'middle', id: 'middle', systemId: 'the middle' },
    });
    const run = await reopen(await runtime.start(machine));
    const found = run.actor.system.get('the middle' as never) as AnyActorRef;
    expect(found).toBe(run.getSnapshot().children.middle);
    expect(run.actor.system.get('the leaf' as never)).toBe(found.getSnapshot().children.leaf);
  });

  test("does not write into what the user's code holds", async () => {
    const { runtime, reopen } = createStage();
    const frozen = Object.freeze({ list: Object.freeze([1, 2]) });
    const machine = setup({ types: {} }).createMachine({
      id: 'm',
      context: { kept: frozen, n: 0 },
      on: { ADD: { actions: assign({ n: ({ context }) => context.n + 1 }) } },
    });
    const run = await reopen(await runtime.start(machine));
    await run.send({ type: 'ADD' });
    expect(run.getSnapshot().context).toEqual({ kept: { list: [1, 2] }, n: 1 });
  });

  test('makes matches(), can(), hasTag() and meta work', async () => {
    const { runtime, reopen } = createStage();
    const machine = createMachine({
      id: 'm',
      initial: 'a',
      states: {
        a: { on: { NEXT: 'b' } },
        b: { tags: ['late'], meta: { title: 'B' }, initial: 'c', states: { c: { on: { GO: 'd' } }, d: {} } },
      },
    });
    const first = await runtime.start(machine);
    await first.send({ type: 'NEXT' });
    const snapshot = (await reopen(first)).getSnapshot();
    expect(snapshot.matches({ b: 'c' })).toBe(true);
    expect(snapshot.hasTag('late')).toBe(true);
    expect(snapshot.can({ type: 'GO' })).toBe(true);
    expect(snapshot.can({ type: 'NEXT' })).toBe(false);
    expect(snapshot.getMeta()).toEqual({ 'm.b': { title: 'B' } });
  });

  test('keeps what a run at its end was', async () => {
    const { runtime, reopen } = createStage();
    const machine = setup({ actors: { lamp } }).createMachine({
      id: 'm',
      initial: 'a',
      invoke: { src: 'lamp', id: 'lamp' },
      states: { a: { on: { NEXT: 'b' } }, b: { type: 'final' } },
      output: { paid: true },
    });
    const first = await runtime.start(machine, { id: 'r' });
    await first.send({ type: 'NEXT' });
    await calm();
    const again = await reopen(first);
    expect(again.status).toBe('done');
    expect(again.getSnapshot().status).toBe('done');
    expect(await again.done()).toEqual({ paid: true });
  });

  test('of a run whose actors are many levels deep is exact', async () => {
    const { runtime, reopen } = createStage();
    let nested: Any = leaf;
    for (let level = 0; level < 12; level++)
      nested = setup({ actors: { nested } }).createMachine({
        id: `level${level}`,
        invoke: { src: 'nested', id: 'child' },
        on: { ADD: { actions: sendTo('child', { type: 'ADD' }) }, ADDED: {} },
      });
    let run: Run = await runtime.start(nested);
    for (let n = 0; n < 3; n++) {
      await run.send({ type: 'ADD' });
      run = await reopen(run);
    }
    expect(JSON.stringify(seen(run.actor))).toContain('"context":{"n":3}');
  });
});

test('logic of your own making keeps all of its snapshot', async () => {
  type Tally = Snapshot<undefined> & { readonly votes: readonly string[] };
  const tally: ActorLogic<Tally, AnyEventObject> = {
    getInitialSnapshot: () => ({ status: 'active', output: undefined, error: undefined, votes: [] }),
    transition: (snapshot, event) =>
      event.type === 'VOTE' ? { ...snapshot, votes: [...snapshot.votes, String(event['for'])] } : snapshot,
    getPersistedSnapshot: (snapshot) => snapshot,
  };
  const machine = setup({ actors: { tally: tally as Any } }).createMachine({
    id: 'm',
    invoke: { src: 'tally', id: 'tally' },
    on: { VOTE: { actions: sendTo('tally', ({ event }) => event) } },
  });
  const { runtime, reopen } = createStage();
  let run: Run = await runtime.start(machine);
  for (const choice of ['red', 'blue']) {
    await run.send({ type: 'VOTE', for: choice });
    run = await reopen(run);
    await calm();
  }
  expect(run.getSnapshot().children.tally.getSnapshot().votes).toEqual(['red', 'blue']);
});

test('logic of your own making with a start of its own is started again, and keeps its snapshot', async () => {
  type Tally = Snapshot<undefined> & { readonly votes: number };
  const { runtime, log, say, reopen } = createStage();
  const tally: ActorLogic<Tally, AnyEventObject> = {
    getInitialSnapshot: () => ({ status: 'active', output: undefined, error: undefined, votes: 0 }),
    transition: (snapshot, event) =>
      event.type === 'VOTE' ? { ...snapshot, votes: snapshot.votes + 1 } : snapshot,
    getPersistedSnapshot: (snapshot) => snapshot,
    restoreSnapshot: (snapshot) => snapshot as Tally,
    start: () => say('tally starts'),
  };
  const machine = setup({ actors: { tally: tally as Any } }).createMachine({
    id: 'm',
    invoke: { src: 'tally', id: 'tally' },
    on: { VOTE: { actions: sendTo('tally', ({ event }) => event) } },
  });
  let run: Run = await runtime.start(machine);
  for (let n = 1; n < 3; n++) {
    await run.send({ type: 'VOTE' });
    run = await reopen(run);
    await calm();
    expect(run.getSnapshot().children.tally.getSnapshot().votes).toBe(n);
  }
  expect(log).toEqual(['tally starts', 'tally starts', 'tally starts']);
});
