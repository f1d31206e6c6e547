import { describe, expect, test, vi } from 'vitest';
import {
  assign,
  createActor,
  createMachine,
  fromCallback,
  fromEventObservable,
  fromObservable,
  fromPromise,
  raise,
  sendParent,
  sendTo,
  setup,
  SimulatedClock,
  type AnyActorRef,
  type AnyEventObject,
} from 'xstate';
import { calm, createStage } from '../../test/stage.ts';
import { EventNotAcceptedError } from '../errors.ts';
import type { Run } from '../run.ts';

type Any = any;

/** A machine in which every kind of stimulus leads to several messages between actors. */
function createWorld() {
  const hand = {
    resolve: (_output: unknown): void => {},
    reject: (_reason: unknown): void => {},
    sendBack: (_event: AnyEventObject): void => {},
    observer: {} as Any,
    eventObserver: {} as Any,
  };
  const echo = createMachine({
    id: 'echo',
    on: { PING: { actions: sendParent({ type: 'PONG' }) } },
  });
  const relay = setup({ types: {} }).createMachine({
    id: 'relay',
    context: { seen: 0 },
    on: {
      PASS: {
        actions: [
          assign({ seen: ({ context }) => context.seen + 1 }),
          sendTo(({ system }) => system.get('echo'), { type: 'PING' }),
        ],
      },
      SELF: { actions: [sendTo(({ self }) => self, { type: 'PASS' }), raise({ type: 'NOTE' })] },
      NOTE: {},
    },
  });
  const machine = setup({
    actors: {
      echo,
      relay,
      promise: fromPromise(
        () =>
          new Promise((resolve, reject) => {
            hand.resolve = resolve;
            hand.reject = reject;
          }),
      ),
      callback: fromCallback(({ sendBack }) => {
        hand.sendBack = sendBack;
      }),
      observable: fromObservable(() => ({
        subscribe: (observer: Any) => {
          hand.observer = observer;
          return { unsubscribe: () => {} };
        },
      })),
      eventObservable: fromEventObservable(() => ({
        subscribe: (observer: Any) => {
          hand.eventObserver = observer;
          return { unsubscribe: () => {} };
        },
      })),
    } as Any,
    types: {},
  }).createMachine({
    id: 'm',
    context: { pongs: 0, got: [] },
    invoke: [
      { src: 'echo', id: 'echo', systemId: 'echo' },
      { src: 'relay', id: 'relay' },
      {
        src: 'promise',
        id: 'promise',
        onDone: { actions: raise({ type: 'GO' }) },
        onError: { actions: raise({ type: 'GO' }) },
      },
      { src: 'callback', id: 'callback' },
      { src: 'observable', id: 'observable', onSnapshot: { actions: raise({ type: 'GO' }) } },
      { src: 'eventObservable', id: 'eventObservable' },
    ],
    after: { 100: { actions: raise({ type: 'GO' }) } },
    on: {
      GO: { actions: sendTo('relay', { type: 'PASS' }) },
      SELF: { actions: sendTo('relay', { type: 'SELF' }) },
      PONG: { actions: assign({ pongs: ({ context }) => context.pongs + 1 }) },
    },
  } as Any);
  return { hand, machine };
}

type Hand = ReturnType<typeof createWorld>['hand'];

const stimuli: readonly (readonly [
  string,
  (run: Run, hand: Hand, clock: SimulatedClock) => unknown,
  object,
])[] = [
  ['an event', (run) => run.send({ type: 'GO' }), { type: 'event', event: { type: 'GO' } }],
  [
    'an event to run.actor',
    (run) => run.actor.send({ type: 'GO' }),
    { type: 'event', event: { type: 'GO' } },
  ],
  [
    'an event that a child sends to itself',
    (run) => run.send({ type: 'SELF' }),
    { type: 'event', event: { type: 'SELF' } },
  ],
  [
    'an event from outside to a child',
    (run) => (run.getSnapshot().children.relay as AnyActorRef).send({ type: 'PASS' }),
    { type: 'event', event: { type: 'PASS' } },
  ],
  [
    'an event that an actor of another system sends to a child',
    (run) => {
      const relay = run.getSnapshot().children.relay as AnyActorRef;
      createActor(createMachine({ id: 'other', entry: sendTo(() => relay, { type: 'PASS' }) })).start();
    },
    {},
  ],
  [
    'an event that an actor of another system sends to the run',
    (run) => {
      createActor(createMachine({ id: 'other', entry: sendTo(() => run.actor, { type: 'GO' }) })).start();
    },
    { type: 'event', event: { type: 'GO' } },
  ],
  ['the output of a promise', (_, hand) => hand.resolve(1), { type: 'actor', actor: 'promise' }],
  [
    'the failure of a promise',
    (_, hand) => hand.reject(new Error('no')),
    { type: 'actor', actor: 'promise' },
  ],
  [
    'sendBack of a callback',
    (_, hand) => hand.sendBack({ type: 'GO' }),
    { type: 'actor', actor: 'callback', event: { type: 'GO' } },
  ],
  ['a value of an observable', (_, hand) => hand.observer.next(1), { type: 'actor', actor: 'observable' }],
  ['the end of an observable', (_, hand) => hand.observer.complete(), { type: 'actor', actor: 'observable' }],
  [
    'an event of an event observable',
    (_, hand) => hand.eventObserver.next({ type: 'GO' }),
    { type: 'actor', actor: 'eventObservable', event: { type: 'GO' } },
  ],
  ['a delay', (_, __, clock) => clock.increment(100), { type: 'delay' }],
];

describe('one stimulus, and all that follows from it, is one turn', () => {
  test.each(stimuli)('%s', async (name, stimulate, cause) => {
    const clock = new SimulatedClock();
    const { runtime } = createStage({ clock });
    const { hand, machine } = createWorld();
    const run: Run<Any> = await runtime.start(machine);
    await calm();
    const [seq, { pongs }] = [run.seq, run.getSnapshot().context];
    const seen: number[] = [];
    run.subscribe(({ context }) => seen.push(context.pongs));
    await stimulate(run, hand, clock);
    await calm();
    expect(run.seq).toBe(seq + 1);
    const checkpoint = await run.checkpoint(seq + 1);
    expect(checkpoint.cause).toMatchObject(cause);
    if (name === 'the end of an observable') return;
    expect(seen).toEqual([pongs + 1]);
    expect(checkpoint.snapshot).toMatchObject({
      context: { pongs: pongs + 1 },
      children: { relay: { snapshot: { context: { seen: pongs + 1 } } } },
    });
  });
});

describe('events of one job', () => {
  test('are a turn each, in the order they were sent', async () => {
    const { runtime } = createStage();
    const { machine } = createWorld();
    const run: Run<Any> = await runtime.start(machine);
    const { pongs } = run.getSnapshot().context;
    const receipts = await Promise.all(Array.from({ length: 5 }, () => run.send({ type: 'GO' })));
    expect(receipts.map(({ seq }) => seq)).toEqual([2, 3, 4, 5, 6]);
    expect(run.getSnapshot().context.pongs).toBe(pongs + 5);
  });
});

describe('an event that nothing takes', () => {
  const machine = createMachine({
    id: 'm',
    initial: 'a',
    states: {
      a: { on: { NEXT: 'b', GUARDED: { guard: () => false, target: 'b' } } },
      b: { on: { FORBIDDEN: undefined, 'order.*': { actions: () => {} } } },
    },
    on: { FORBIDDEN: { actions: () => {} } },
  });

  test.each(['UNKNOWN', 'GUARDED', 'xstate.unknown'])('%s is no turn', async (type) => {
    const { runtime } = createStage();
    const run: Run<Any> = await runtime.start(machine);
    const seen: unknown[] = [];
    run.subscribe((snapshot) => seen.push(snapshot));
    expect(await run.send({ type }, { id: 'once' })).toEqual({ delivered: true, accepted: false });
    expect(run.seq).toBe(1);
    expect(seen).toEqual([]);
    // Its id is not used up.
    await run.send({ type: 'NEXT' });
    expect(await run.send({ type: 'order.paid' }, { id: 'once' })).toMatchObject({ accepted: true });
  });

  test('is an error where it is required, which lists what is taken', async () => {
    const { runtime } = createStage();
    const run: Run<Any> = await runtime.start(machine);
    const error = await run.send({ type: 'UNKNOWN' }, { required: true }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(EventNotAcceptedError);
    expect((error as EventNotAcceptedError).accepted.toSorted()).toEqual(['FORBIDDEN', 'GUARDED', 'NEXT']);
  });

  test('answers after the turns before it are durable', async () => {
    const { runtime, log, say, hold, letThrough } = createStage();
    const run: Run<Any> = await runtime.start(machine);
    hold();
    const both = [
      run.send({ type: 'NEXT' }).then(() => say('next')),
      run.send({ type: 'UNKNOWN' }).then(() => say('unknown')),
    ];
    await calm();
    expect(log).toEqual([]);
    await letThrough();
    await Promise.all(both);
    expect(log).toEqual(['next', 'unknown']);
  });
});

describe('what takes an event', () => {
  test.each([
    ['a transition without target and action', { TAKE: {} }, 'TAKE'],
    ['a wildcard', { '*': {} }, 'ANYTHING'],
    ['a partial wildcard', { 'order.*': {} }, 'order.paid.twice'],
    ['a transition with actions only', { TAKE: { actions: () => {} } }, 'TAKE'],
    ['a transition to itself', { TAKE: { target: '.a', reenter: true } }, 'TAKE'],
  ] as const)('%s is a turn', async (_, on, type) => {
    const { runtime } = createStage();
    const run: Run<Any> = await runtime.start(
      createMachine({ id: 'm', initial: 'a', states: { a: {} }, on } as Any),
    );
    expect(await run.send({ type })).toEqual({ delivered: true, accepted: true, seq: 2 });
  });

  test('a forbidden transition keeps the event from the states above', async () => {
    const { runtime, log, say } = createStage();
    const run: Run<Any> = await runtime.start(
      createMachine({
        id: 'm',
        initial: 'a',
        states: { a: { on: { GO: undefined } } },
        on: { GO: { actions: () => say('went') } },
      }),
    );
    await run.send({ type: 'GO' });
    await calm();
    expect(log).toEqual([]);
    expect(run.getSnapshot().value).toBe('a');
  });

  test('a child alone: the turn is one, though the root did not change', async () => {
    const { runtime } = createStage();
    const child = setup({ types: {} }).createMachine({
      id: 'child',
      context: { n: 0 },
      on: { ADD: { actions: assign({ n: ({ context }) => context.n + 1 }) } },
    });
    const run: Run<Any> = await runtime.start(
      setup({ actors: { child } }).createMachine({
        id: 'm',
        invoke: { src: 'child', id: 'child' },
        on: { ADD: { actions: sendTo('child', { type: 'ADD' }) } },
      }),
    );
    await run.send({ type: 'ADD' });
    expect(run.seq).toBe(2);
    expect((await run.checkpoint(2)).snapshot).toMatchObject({
      children: { child: { snapshot: { context: { n: 1 } } } },
    });
  });
});

test('events to a child that has ended are no turn', async () => {
  const { runtime } = createStage();
  const child = createMachine({
    id: 'child',
    initial: 'a',
    states: { a: { on: { END: 'b' } }, b: { type: 'final' } },
  });
  const run: Run<Any> = await runtime.start(
    setup({ actors: { child } }).createMachine({ id: 'm', invoke: { src: 'child', id: 'child' } }),
  );
  const ref: AnyActorRef = run.getSnapshot().children.child;
  ref.send({ type: 'END' });
  await calm();
  const { seq } = run;
  // XState's development build says so.
  const warned = vi.spyOn(console, 'warn').mockImplementation(() => {});
  ref.send({ type: 'END' });
  await calm();
  expect(run.seq).toBe(seq);
  warned.mockRestore();
});
