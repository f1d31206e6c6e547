import { describe, expect, test } from 'vitest';
import {
  assign,
  createActor,
  createMachine,
  enqueueActions,
  fromCallback,
  fromPromise,
  raise,
  sendTo,
  setup,
  spawnChild,
  stopChild,
  type AnyActorRef,
  type AnyStateMachine,
} from 'xstate';
import { calm, createStage, type Stage } from '../../test/stage.ts';
import { NotRestorableError, NotSerializableError, RunNotFoundError } from '../errors.ts';

// Everything is `any` here: the cases do what XState's types forbid, too.
type Any = any;
type Say = Stage['say'];

interface Case {
  readonly name: string;
  readonly error: typeof NotRestorableError | typeof NotSerializableError;
  /** What the message says. */
  readonly says: RegExp;
  /** The path of the actor that the error names. */
  readonly actor: string;
  /** What a machine does in the turn. */
  readonly actions: (say: Say) => Any;
  /** The children that the machine has before. */
  readonly children?: readonly string[];
  /** The machine's initial context, beside `n`. */
  readonly context?: object;
  /** Not in the first turn: it takes two. */
  readonly later?: boolean;
}

const pending = new Promise<never>(() => {});

function actorsFor(say: Say): Record<string, Any> {
  const callback = fromCallback(({ receive }) => {
    say('callback starts');
    receive((event) => say(`callback receives ${event.type}`));
    return () => say('callback is disposed');
  });
  const promise = fromPromise(() => {
    say('promise starts');
    return pending;
  });
  const holder = setup({ actors: { callback } }).createMachine({
    id: 'holder',
    context: ({ input, self }: Any) => ({ held: input?.(self) }) as Any,
    on: { KEEP: { actions: assign({ held: ({ event, self }: Any) => event.find(self) }) } },
    initial: 'a',
    states: { a: {} },
  });
  const inliner: Any = createMachine({
    id: 'inliner',
    on: { GO: { actions: spawnChild(callback as Any, { id: 'inline' } as Any) } },
  });
  return { callback, promise, holder, inliner };
}

const inlineMachine = createMachine({ id: 'inline' });

const keep = (find: (args: Any) => unknown): Any => assign({ kept: find } as Any);

const unrestorable: readonly Case[] = [
  {
    name: 'an inline callback that is spawned by spawnChild',
    error: NotRestorableError,
    says: /inline logic.*setup\(\{ actors \}\)/s,
    actor: 'c',
    actions: (say) => spawnChild(fromCallback(() => say('inline starts')) as Any, { id: 'c' } as Any),
  },
  {
    name: 'an inline machine that is spawned by spawnChild',
    error: NotRestorableError,
    says: /inline logic/,
    actor: 'c',
    actions: () => spawnChild(inlineMachine as Any, { id: 'c' } as Any),
  },
  {
    name: 'inline logic that is spawned by assign',
    error: NotRestorableError,
    says: /inline logic/,
    actor: 'c',
    actions: () => keep(({ spawn }) => spawn(inlineMachine, { id: 'c' })),
  },
  {
    name: 'inline logic that is spawned by enqueueActions',
    error: NotRestorableError,
    says: /inline logic/,
    actor: 'c',
    actions: () =>
      enqueueActions(({ enqueue }: Any) => {
        enqueue.spawnChild(inlineMachine, { id: 'c' });
      }),
  },
  {
    name: 'spawnChild without an id',
    error: NotRestorableError,
    says: /without an id.*spawnChild\('callback', \{ id: '…' \}\)/s,
    actor: expect.anything(),
    actions: () => spawnChild('callback' as Any),
  },
  {
    name: 'spawnChild without an id, twice',
    error: NotRestorableError,
    says: /without an id|its own id/,
    actor: expect.anything(),
    actions: () => [spawnChild('callback' as Any), spawnChild('callback' as Any)],
  },
  {
    name: 'spawn in assign without an id',
    error: NotRestorableError,
    says: /without an id/,
    actor: expect.anything(),
    actions: () => keep(({ spawn }) => spawn('callback')),
  },
  {
    name: 'two children with one id',
    error: NotRestorableError,
    says: /the id 'c'/,
    actor: 'c',
    actions: () => [
      spawnChild('callback' as Any, { id: 'c' } as Any),
      spawnChild('promise' as Any, { id: 'c' } as Any),
    ],
  },
  {
    name: "a second child with a living one's id",
    error: NotRestorableError,
    says: /the id 'old'/,
    actor: 'old',
    children: ['old'],
    actions: () => spawnChild('promise' as Any, { id: 'old' } as Any),
    later: true,
  },
  {
    name: 'a reference to itself in the context',
    error: NotRestorableError,
    says: /context\.kept refers to the actor/,
    actor: '',
    actions: () => keep(({ self }) => self),
  },
  {
    name: 'a reference to itself, nested in the context',
    error: NotRestorableError,
    says: /context\.kept\.list\[1\]\.ref refers to the actor/,
    actor: '',
    actions: () => keep(({ self }) => ({ list: [0, { ref: self }] })),
  },
  {
    name: "a reference to its parent in a child's context",
    error: NotRestorableError,
    says: /context\.held refers to the actor/,
    actor: 'c',
    actions: () =>
      spawnChild('holder' as Any, { id: 'c', input: () => (self: AnyActorRef) => self._parent } as Any),
  },
  {
    name: "a reference to a sibling in a child's context",
    error: NotRestorableError,
    says: /context\.held refers to the actor 'old'/,
    actor: 'c',
    children: ['old', 'c'],
    actions: () =>
      sendTo('c', ({ self }: Any) => ({ type: 'KEEP', find: () => self.getSnapshot().children.old }) as Any),
    later: true,
  },
  {
    name: 'a reference to an actor of another system',
    error: NotRestorableError,
    says: /context\.kept refers to the actor/,
    actor: '',
    actions: () => keep(() => createActor(inlineMachine, { id: 'stranger' })),
  },
  {
    name: 'a reference in a Map',
    error: NotRestorableError,
    says: /Map or a Set/,
    actor: '',
    actions: () => keep(({ spawn }) => new Map([['c', spawn('callback', { id: 'c' })]])),
  },
  {
    name: 'a reference in a Set',
    error: NotRestorableError,
    says: /Map or a Set/,
    actor: '',
    actions: () => keep(({ spawn }) => new Set([spawn('callback', { id: 'c' })])),
  },
  {
    name: 'a reference to a child that it stops in the same turn',
    error: NotRestorableError,
    says: /refers to the actor 'c'/,
    actor: '',
    actions: () => [keep(({ spawn }) => spawn('callback', { id: 'c' })), stopChild('c')],
  },
  {
    name: 'an actor in the input of a child',
    error: NotRestorableError,
    says: /input\.self refers to the actor/,
    actor: 'c',
    actions: () => spawnChild('promise' as Any, { id: 'c', input: ({ self }: Any) => ({ self }) } as Any),
  },
  {
    name: 'an actor in the event of a delay',
    error: NotRestorableError,
    says: /event\.self refers to the actor/,
    actor: '',
    actions: () => raise(({ self }: Any) => ({ type: 'LATER', self }) as Any, { delay: 1000 }),
  },
  {
    name: 'inline logic that is spawned by a child',
    error: NotRestorableError,
    says: /inline logic/,
    actor: 'c/inline',
    actions: () => [spawnChild('inliner' as Any, { id: 'c' } as Any), sendTo('c', { type: 'GO' } as Any)],
  },
  {
    name: 'a function in the context',
    error: NotSerializableError,
    says: /context\.kept.*function/s,
    actor: '',
    actions: () => keep(() => () => {}),
  },
  {
    name: "a function in a child's context",
    error: NotSerializableError,
    says: /context\.held.*function/s,
    actor: 'c',
    actions: () => spawnChild('holder' as Any, { id: 'c', input: () => () => () => {} } as Any),
  },
  {
    name: 'a function in the input of a child',
    error: NotSerializableError,
    says: /input.*function/s,
    actor: 'c',
    actions: () => spawnChild('promise' as Any, { id: 'c', input: () => () => {} } as Any),
  },
  {
    name: 'a function in the event of a delay',
    error: NotSerializableError,
    says: /event.*function/s,
    actor: '',
    actions: () => raise({ type: 'LATER', run: () => {} } as Any, { delay: 1000 }),
  },
  {
    name: 'data that XState takes for a reference',
    error: NotSerializableError,
    says: /xstate\$\$type/,
    actor: '',
    actions: () => keep(() => ({ xstate$$type: 1, id: 'c' })),
  },
];

function machineFor(
  { actions, children = [], context }: Case,
  say: Say,
  at: 'start' | 'GO',
): AnyStateMachine {
  const doIt = actions(say);
  return (setup({ actors: actorsFor(say) }) as Any).createMachine({
    id: 'm',
    context: { n: 0, ...context },
    entry: [
      ...children.map((id) => spawnChild((id === 'c' ? 'holder' : 'callback') as Any, { id } as Any)),
      ...(at === 'start' ? [doIt].flat() : []),
    ],
    on: {
      OK: { actions: assign({ n: ({ context }: Any) => context.n + 1 } as Any) },
      GO: { actions: [() => say('acted'), ...(at === 'GO' ? [doIt].flat() : [])] },
    },
  });
}

describe('a turn that could not be restored is refused, and the run goes on', () => {
  test.each(unrestorable)('$name', async (one) => {
    const { runtime, log, say, reopen } = createStage();
    const run = await runtime.start(machineFor(one, say, 'GO'), { id: 'r' });
    await run.send({ type: 'OK' });
    await calm();
    log.length = 0;
    const [seq, before] = [run.seq, JSON.stringify(run.getSnapshot())];

    const error: Any = await run.send({ type: 'GO' }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(one.error);
    expect(error.message).toMatch(one.says);
    expect(error.actor).toEqual(one.actor);
    await calm();
    expect(log).toEqual([]);
    expect(run.seq).toBe(seq);
    expect(JSON.stringify(run.getSnapshot())).toBe(before);

    await run.send({ type: 'OK' });
    expect(run.getSnapshot().context).toEqual({ n: 2 });
    const again = await reopen(run);
    expect(again.getSnapshot().context).toEqual({ n: 2 });
    expect(Object.keys(again.getSnapshot().children)).toEqual(one.children ?? []);
  });
});

describe('a start that could not be restored is refused and leaves nothing behind', () => {
  test.each(unrestorable.filter(({ later }) => later !== true))('$name', async (one) => {
    const { runtime, log, say } = createStage();
    const error: Any = await runtime
      .start(machineFor(one, say, 'start'), { id: 'r' })
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(one.error);
    expect(error.message).toMatch(one.says);
    expect(error.actor).toEqual(one.actor);
    await calm();
    expect(log).toEqual([]);
    await expect(runtime.get('r')).rejects.toThrow(RunNotFoundError);
    await runtime.start(createMachine({ id: 'm' }), { id: 'r' });
  });
});

describe('an inline invoke that XState cannot find fails the run as it fails the bare machine', () => {
  const work = fromPromise(() => pending);
  const machines: Record<string, AnyStateMachine> = {
    "where the machine's id has a dot": createMachine({
      id: 'shop.refund',
      initial: 'a',
      states: { a: { on: { GO: 'b' } }, b: { invoke: { src: work } } },
    }),
    "where the state's id has a dot": createMachine({
      id: 'm',
      initial: 'a',
      states: { a: { on: { GO: 'b' } }, b: { id: 'b.one', invoke: { src: work } } },
    }),
    "where the state's key has a dot": createMachine({
      id: 'm',
      initial: 'a',
      states: {
        a: { on: { GO: '#target' } },
        'b.one': { initial: 'c', states: { c: { id: 'target' } }, invoke: { src: work } },
      },
    }),
  };

  test.each(Object.keys(machines))('%s', async (name) => {
    const machine = machines[name]!;
    const bare = createActor(machine);
    bare.subscribe({ error: () => {} });
    bare.start().send({ type: 'GO' });
    const { message } = bare.getSnapshot().error as Error;
    expect(message).toMatch(/does not exist/);

    const { runtime } = createStage();
    const run = await runtime.start(machine, { id: 'r' });
    expect(await run.send({ type: 'GO' })).toMatchObject({ accepted: true });
    await expect(run.done()).rejects.toThrow(message);
    const { status, value } = run.getSnapshot();
    expect([run.status, status, value]).toEqual(['failed', 'error', 'a']);
  });
});

describe('a reference outlives its child', () => {
  const machine = setup({
    actors: {
      work: fromCallback(() => {}),
      short: createMachine({ id: 'short', initial: 'end', states: { end: { type: 'final' } } }),
    },
    types: { context: {} as { ref: AnyActorRef | undefined; list: unknown[] } },
  }).createMachine({
    id: 'm',
    context: { ref: undefined, list: [] },
    on: {
      SPAWN: { actions: assign({ ref: ({ spawn }) => spawn('work', { id: 'c' }) }) },
      NEST: {
        actions: assign({ list: ({ spawn }) => [{ deep: { ref: spawn('work', { id: 'c' }) } }] }),
      },
      STOP: { actions: stopChild('c') },
      CLEAR: { actions: [stopChild('c'), assign({ ref: undefined, list: [] })] },
      REPLACE: { actions: [stopChild('c'), spawnChild('work', { id: 'c' })] },
      RENEW: { actions: [stopChild('c'), assign({ ref: ({ spawn }) => spawn('work', { id: 'c' }) })] },
    },
  });

  test.each([
    ['SPAWN', 'context.ref'],
    ['NEST', 'context.list.0.deep.ref'],
  ] as const)('stopping a child that %s keeps in %s is refused', async (spawn, path) => {
    const { runtime } = createStage();
    const run = await runtime.start(machine);
    await run.send({ type: spawn });
    await expect(run.send({ type: 'STOP' })).rejects.toThrow(NotRestorableError);
    await expect(run.send({ type: 'STOP' })).rejects.toThrow(path);
    await expect(run.send({ type: 'REPLACE' })).rejects.toThrow(NotRestorableError);
    expect(run.getSnapshot().children['c']?.getSnapshot().status).toBe('active');
    await run.send({ type: 'CLEAR' });
    expect(run.getSnapshot().children['c']).toBeUndefined();
  });

  test('stopping it is refused after a restore as well', async () => {
    const { runtime, reopen } = createStage();
    const run = await runtime.start(machine);
    await run.send({ type: 'NEST' });
    const again = await reopen(run);
    await expect(again.send({ type: 'STOP' })).rejects.toThrow(NotRestorableError);
    await again.send({ type: 'CLEAR' });
  });

  test('a child may be replaced together with its reference', async () => {
    const { runtime, reopen } = createStage();
    const run = await runtime.start(machine);
    await run.send({ type: 'SPAWN' });
    await run.send({ type: 'RENEW' });
    const again = await reopen(run);
    expect(again.getSnapshot().context.ref).toBe(again.getSnapshot().children['c']);
    expect(again.getSnapshot().context.ref?.getSnapshot().status).toBe('active');
  });
});

test('an output that cannot be stored refuses the turn that ends the machine', async () => {
  const { runtime } = createStage();
  const machine = createMachine({
    id: 'm',
    initial: 'a',
    output: () => ({ act: () => {} }),
    states: { a: { on: { GO: 'end' } }, end: { type: 'final' } },
  });
  const run = await runtime.start(machine);
  await expect(run.send({ type: 'GO' })).rejects.toThrow(NotSerializableError);
  expect(run.getSnapshot().value).toBe('a');
});
