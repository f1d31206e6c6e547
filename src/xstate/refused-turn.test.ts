import { describe, expect, test } from 'vitest';
import {
  assign,
  createActor,
  createMachine,
  emit,
  fromCallback,
  fromEventObservable,
  fromObservable,
  fromPromise,
  raise,
  sendTo,
  setup,
  SimulatedClock,
  spawnChild,
  stopChild,
  cancel,
  type AnyActorRef,
  type AnyEventObject,
  type AnyStateMachine,
} from 'xstate';
import { calm, createStage, type Stage } from '../../test/stage.ts';
import { NotSerializableError, RunClosedError, RunNotFoundError, StoreError } from '../errors.ts';

/** What no store takes. */
const poison = (): never => (() => {}) as never;

/** Effects that the test has in its hand, and that tell what is done to them. */
function createWorld(say: Stage['say']) {
  const world = {
    resolve: (_value: unknown): void => {},
    reject: (_reason: unknown): void => {},
    sendBack: (_event: AnyEventObject): void => {},
    next: (_value: unknown): void => {},
    nextEvent: (_event: AnyEventObject): void => {},
    actors: {
      promise: fromPromise<unknown>(({ signal }) => {
        say('promise starts');
        signal.addEventListener('abort', () => say('promise is aborted'));
        return new Promise((resolve, reject) => {
          world.resolve = resolve;
          world.reject = reject;
        });
      }),
      callback: fromCallback(({ sendBack, receive }) => {
        say('callback starts');
        world.sendBack = sendBack;
        receive((event) => say(`callback receives ${event.type}`));
        return () => say('callback is disposed');
      }),
      observable: fromObservable<unknown, undefined>(() => ({
        subscribe: (observer: any) => {
          say('observable starts');
          world.next = (value) => observer.next?.(value);
          return { unsubscribe: () => say('observable is unsubscribed') };
        },
      })),
      eventObservable: fromEventObservable<AnyEventObject, undefined>(() => ({
        subscribe: (observer: any) => {
          say('event observable starts');
          world.nextEvent = (event) => observer.next?.(event);
          return { unsubscribe: () => say('event observable is unsubscribed') };
        },
      })),
      counter: createMachine({
        id: 'counter',
        initial: 'zero',
        states: {
          zero: { on: { NEXT: { target: 'one', actions: emit({ type: 'counted' }) } } },
          one: { on: { NEXT: { target: 'zero', actions: emit({ type: 'counted' }) } } },
        },
      }),
    },
  };
  return world;
}

interface Context {
  readonly ref?: AnyActorRef | undefined;
  readonly bad?: unknown;
  readonly got?: unknown;
}

const types = {} as { context: Context; events: AnyEventObject };

const refuse = assign<Context, AnyEventObject, undefined, AnyEventObject, never>({ bad: poison });

describe('a refused turn', () => {
  test('rejects its send, and all is as it was: state, context, seq, status', async () => {
    const { runtime, log, say } = createStage();
    const machine = setup({ types }).createMachine({
      id: 'm',
      context: { got: 'this' },
      initial: 'a',
      states: {
        a: {
          exit: () => say('leaves'),
          on: { BAD: { target: 'b', actions: [refuse, emit({ type: 'told' })] }, GO: 'b' },
        },
        b: { entry: () => say('enters'), type: 'final' },
      },
    });
    const run = await runtime.start(machine);
    run.subscribe(({ value }) => say(`root is ${value}`));
    run.actor.on('*', ({ type }) => say(`heard ${type}`));
    const before = run.getSnapshot();
    const error = await run.send({ type: 'BAD' }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(NotSerializableError);
    expect(error).toMatchObject({ actor: '', path: 'context.bad' });
    await calm();
    expect(log).toEqual([]);
    expect(run.getSnapshot()).toBe(before);
    expect([run.seq, run.status]).toEqual([1, 'idle']);
    await run.send({ type: 'GO' });
    expect(log).toEqual(['leaves', 'enters', 'root is b']);
    expect(run.seq).toBe(2);
  });

  test('throws at run.actor.send()', async () => {
    const { runtime } = createStage();
    const run = await runtime.start(
      setup({ types }).createMachine({ id: 'm', context: {}, on: { BAD: { actions: refuse } } }),
    );
    expect(() => run.actor.send({ type: 'BAD' })).toThrow(NotSerializableError);
    expect(run.getSnapshot().context).toEqual({});
  });

  test('throws where the outside sends to a child', async () => {
    const { runtime } = createStage();
    const child = setup({ types }).createMachine({
      id: 'child',
      context: {},
      on: { BAD: { actions: refuse }, OK: { actions: assign({ got: 'ok' }) } },
    });
    const run = await runtime.start(
      setup({ actors: { child } }).createMachine({ id: 'm', invoke: { src: 'child', id: 'c' } }),
    );
    const ref = run.getSnapshot().children['c'] as AnyActorRef;
    expect(() => ref.send({ type: 'BAD' })).toThrow(NotSerializableError);
    expect(ref.getSnapshot().context).toEqual({});
    ref.send({ type: 'OK' });
    await run.flush();
    expect(ref.getSnapshot().context).toEqual({ got: 'ok' });
    expect(run.seq).toBe(2);
  });

  test('is not silent where an actor of another system sent the event', async () => {
    const { runtime, log } = createStage();
    const child = setup({ types }).createMachine({
      id: 'child',
      context: {},
      on: { BAD: { actions: refuse } },
    });
    const run = await runtime.start(
      setup({ actors: { child } }).createMachine({ id: 'm', invoke: { src: 'child', id: 'c' } }),
    );
    const ref = run.getSnapshot().children['c'] as AnyActorRef;
    const other = createActor(
      createMachine({ id: 'other', on: { GO: { actions: sendTo(() => ref, { type: 'BAD' }) } } }),
    ).start();
    let thrown: unknown;
    try {
      other.send({ type: 'GO' });
    } catch (error) {
      thrown = error;
    }
    await calm();
    expect(ref.getSnapshot().context).toEqual({});
    expect([...log, String(thrown)].join()).toContain('NotSerializableError');
  });

  test('lets the turns of the same job before and behind it pass', async () => {
    const { runtime } = createStage();
    const machine = setup({
      types: {},
    }).createMachine({
      id: 'm',
      context: { n: 0 },
      on: {
        ADD: { actions: assign({ n: ({ context }) => context.n + 1 }) },
        BAD: { actions: assign({ n: 100, bad: poison }) },
      },
    });
    const run = await runtime.start(machine);
    const outcomes = await Promise.allSettled(
      ['ADD', 'BAD', 'ADD', 'BAD', 'ADD'].map((type) => run.send({ type })),
    );
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect(run.getSnapshot().context).toEqual({ n: 3 });
    expect(run.seq).toBe(4);
  });

  const stopping = (say: Stage['say']) => {
    const world = createWorld(say);
    const branch = setup({ actors: world.actors }).createMachine({
      id: 'branch',
      invoke: [
        { src: 'callback', id: 'callback' },
        { src: 'promise', id: 'promise' },
        { src: 'counter', id: 'counter', systemId: 'inner counter' },
      ],
      on: { PING: { actions: sendTo('callback', { type: 'PING' }) } },
    });
    const machine = setup({ types, actors: { ...world.actors, branch } }).createMachine({
      id: 'm',
      context: {},
      initial: 'a',
      states: {
        a: {
          invoke: [
            { src: 'branch', id: 'branch', systemId: 'the branch' },
            { src: 'observable', id: 'observable', input: undefined },
            { src: 'eventObservable', id: 'eventObservable', input: undefined },
          ],
          on: { BAD: { target: 'b', actions: refuse } },
        },
        b: {},
      },
      on: {
        PING: { actions: sendTo('branch', { type: 'PING' }) },
        EVENT: { actions: assign({ got: 'event' }) },
      },
    });
    return { world, machine };
  };

  test('that stopped effects lets them go on: none was told, none starts again', async () => {
    const { runtime, log, say } = createStage();
    const { world, machine } = stopping(say);
    const run = await runtime.start(machine);
    await expect(run.send({ type: 'BAD' })).rejects.toThrow(NotSerializableError);
    await calm();
    expect(log.toSorted()).toEqual([
      'callback starts',
      'event observable starts',
      'observable starts',
      'promise starts',
    ]);
    log.length = 0;

    await run.send({ type: 'PING' });
    expect(log).toEqual(['callback receives PING']);
    const { branch } = run.getSnapshot().children;
    world.resolve('output');
    await calm();
    expect((branch as AnyActorRef).getSnapshot().children.promise.getSnapshot()).toMatchObject({
      status: 'done',
      output: 'output',
    });
    world.next('value');
    await calm();
    expect((run.getSnapshot().children['observable'] as AnyActorRef).getSnapshot().context).toBe('value');
    world.nextEvent({ type: 'EVENT' });
    await calm();
    expect(run.getSnapshot().context.got).toBe('event');
    expect(log).toEqual(['callback receives PING']);
  });

  test('that stopped actors gives them back their observers, listeners and names', async () => {
    const { runtime, log, say } = createStage();
    const { machine } = stopping(say);
    const run = await runtime.start(machine);
    const find = (): AnyActorRef => run.actor.system.get('inner counter' as never) as AnyActorRef;
    const counter = find();
    counter.subscribe({
      next: ({ value }) => say(`counter is ${value}`),
      complete: () => say('counter is complete'),
    });
    counter.on('counted', () => say('counted'));
    log.length = 0;
    await expect(run.send({ type: 'BAD' })).rejects.toThrow(NotSerializableError);
    await calm();
    expect(log).toEqual([]);
    expect(find()).toBe(counter);
    expect(run.actor.system.get('the branch' as never)).toBe(run.getSnapshot().children['branch']);
    counter.send({ type: 'NEXT' });
    await run.flush();
    expect(log).toEqual(['counted', 'counter is one']);
  });

  test('that stopped actors leaves them what the next turn may stop', async () => {
    const { runtime, log, say, reopen } = createStage();
    const { machine } = stopping(say);
    const run = await runtime.start(machine);
    await expect(run.send({ type: 'BAD' })).rejects.toThrow(NotSerializableError);
    const again = await reopen(run);
    await expect(again.send({ type: 'BAD' })).rejects.toThrow(NotSerializableError);
    log.length = 0;
    await again.release();
    expect(log.toSorted()).toEqual([
      'callback is disposed',
      'event observable is unsubscribed',
      'observable is unsubscribed',
      'promise is aborted',
    ]);
  });

  test('that spawned actors leaves nothing of them: no effect, no child, no name', async () => {
    const { runtime, log, say } = createStage();
    const world = createWorld(say);
    const machine = setup({ types, actors: world.actors }).createMachine({
      id: 'm',
      context: {},
      on: {
        BAD: {
          actions: [
            spawnChild('callback', { id: 'c', systemId: 'name' }),
            spawnChild('promise', { id: 'p' }),
            sendTo('c', { type: 'PING' }),
            assign({ ref: ({ spawn }) => spawn('counter', { id: 'counter' }) }),
            refuse,
          ],
        },
        GOOD: { actions: spawnChild('callback', { id: 'c', systemId: 'name' }) },
      },
    });
    const run = await runtime.start(machine);
    await expect(run.send({ type: 'BAD' })).rejects.toThrow(NotSerializableError);
    await calm();
    expect(log).toEqual([]);
    expect(run.getSnapshot().children).toEqual({});
    expect(run.actor.system.get('name' as never)).toBeUndefined();
    await run.send({ type: 'GOOD' });
    expect(log).toEqual(['callback starts']);
    expect(run.actor.system.get('name' as never)).toBe(run.getSnapshot().children['c']);
  });

  test('that replaced a named actor by another gives the name back to the first', async () => {
    const { runtime, say } = createStage();
    const world = createWorld(say);
    const machine = setup({ types, actors: world.actors }).createMachine({
      id: 'm',
      context: {},
      entry: spawnChild('counter', { id: 'c', systemId: 'name' }),
      on: {
        BAD: { actions: [stopChild('c'), spawnChild('counter', { id: 'c', systemId: 'name' }), refuse] },
      },
    });
    const run = await runtime.start(machine);
    const first = run.getSnapshot().children['c'];
    await expect(run.send({ type: 'BAD' })).rejects.toThrow(NotSerializableError);
    expect(run.actor.system.get('name' as never)).toBe(first);
    expect(run.getSnapshot().children['c']).toBe(first);
    first?.send({ type: 'NEXT' });
    await run.flush();
    expect((first as AnyActorRef).getSnapshot().value).toBe('one');
  });

  test('leaves the delays as they were', async () => {
    const clock = new SimulatedClock();
    const { runtime } = createStage({ clock });
    const machine = setup({
      types: {},
    }).createMachine({
      id: 'm',
      context: { got: [] },
      initial: 'a',
      entry: raise({ type: 'KEPT' }, { delay: 100, id: 'kept' }),
      states: {
        a: {
          after: { 50: { actions: assign({ got: ({ context }) => [...context.got, 'AFTER'] }) } },
          on: {
            BAD: {
              target: 'b',
              actions: [cancel('kept'), raise({ type: 'NEW' }, { delay: 10 }), assign({ bad: poison })],
            },
          },
        },
        b: {},
      },
      on: {
        KEPT: { actions: assign({ got: ({ context, event }) => [...context.got, event.type] }) },
        NEW: { actions: assign({ got: ({ context, event }) => [...context.got, event.type] }) },
      },
    });
    const run = await runtime.start(machine);
    clock.increment(40);
    await expect(run.send({ type: 'BAD' })).rejects.toThrow(NotSerializableError);
    clock.increment(10);
    await run.flush();
    expect(run.getSnapshot().context.got).toEqual(['AFTER']);
    clock.increment(50);
    await run.flush();
    expect(run.getSnapshot().context.got).toEqual(['AFTER', 'KEPT']);
    clock.increment(1000);
    await run.flush();
    expect(run.getSnapshot().context.got).toEqual(['AFTER', 'KEPT']);
  });

  test('leaves delays that are due at the same time in their order', async () => {
    const clock = new SimulatedClock();
    const { runtime, log, say } = createStage({ clock });
    const ids = ['first', 'second', 'third'];
    const machine = setup({ types }).createMachine({
      id: 'm',
      context: {},
      entry: ids.map((id) => raise({ type: 'DUE', id }, { delay: 10, id })),
      on: {
        BAD: { actions: [cancel('second'), cancel('first'), refuse] },
        DUE: { actions: ({ event }) => say(`${event['id']} is due`) },
      },
    });
    const run = await runtime.start(machine);
    await expect(run.send({ type: 'BAD' })).rejects.toThrow(NotSerializableError);
    clock.increment(10);
    await run.flush();
    expect(log).toEqual(['first is due', 'second is due', 'third is due']);
  });

  test('that is the first one leaves nothing behind, and nothing has started', async () => {
    const { runtime, log, say } = createStage();
    const world = createWorld(say);
    const machine = setup({ types, actors: world.actors }).createMachine({
      id: 'm',
      context: { bad: poison },
      entry: () => say('enters'),
      invoke: [{ src: 'promise' }, { src: 'callback' }],
      after: { 1: { actions: () => say('due') } },
    });
    await expect(runtime.start(machine, { id: 'r' })).rejects.toThrow(NotSerializableError);
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(log).toEqual([]);
    await expect(runtime.get('r')).rejects.toThrow(RunNotFoundError);
  });
});

describe('a refused turn that nobody waits for', () => {
  const reporting = (say: Stage['say']) => {
    const world = createWorld(say);
    const take = {
      actions: assign({ got: ({ event }: { event: AnyEventObject }) => event['output'] ?? event['value'] }),
    };
    const onError = {
      target: '.told',
      actions: assign({
        got: ({ event }: { event: AnyEventObject }) => (event as { error?: unknown }).error,
      }),
    } as const;
    const machine = (src: 'promise' | 'callback' | 'observable' | 'eventObservable') =>
      setup({ types, actors: world.actors }).createMachine({
        id: 'm',
        context: {},
        initial: 'waiting',
        states: { waiting: {}, told: {} },
        invoke: {
          src,
          id: 'c',
          onDone: take,
          onError,
          onSnapshot: { actions: assign({ got: ({ event }) => event.snapshot.context }) },
        },
        on: { EVENT: take, OK: {} },
      } as never) as unknown as AnyStateMachine;
    return { world, machine };
  };

  test.each([
    ['promise', (world) => world.resolve(poison), 'promise starts'],
    ['callback', (world) => world.sendBack({ type: 'EVENT', value: poison }), 'callback starts'],
    ['observable', (world) => world.next(poison), 'observable starts'],
    [
      'eventObservable',
      (world) => world.nextEvent({ type: 'EVENT', value: poison }),
      'event observable starts',
    ],
  ] as const satisfies readonly [string, (world: ReturnType<typeof createWorld>) => void, string][])(
    "is the error of the %s that caused it, and the parent's onError takes it",
    async (src, report, starts) => {
      const { runtime, log, say, reopen } = createStage();
      const { world, machine } = reporting(say);
      const run = await runtime.start(machine(src));
      report(world);
      await calm();
      const { value, context } = run.getSnapshot() as { value: unknown; context: Context };
      expect(value).toBe('told');
      expect(context.got).toBeInstanceOf(NotSerializableError);
      expect(log[0]).toBe(starts);
      expect(log.filter((line) => line === starts)).toHaveLength(1);
      const again = await reopen(run);
      const restored = (again.getSnapshot() as { context: Context }).context.got;
      expect(restored).toMatchObject({
        name: 'NotSerializableError',
        message: (context.got as Error).message,
      });
    },
  );

  test('disposes of the callback that caused it', async () => {
    const { runtime, log, say } = createStage();
    const { world, machine } = reporting(say);
    await runtime.start(machine('callback'));
    world.sendBack({ type: 'EVENT', value: poison });
    await calm();
    expect(log).toEqual(['callback starts', 'callback is disposed']);
  });

  test('is the end of the run where no onError takes the error', async () => {
    const { runtime, say } = createStage();
    const world = createWorld(say);
    const machine = setup({ types, actors: world.actors }).createMachine({
      id: 'm',
      context: {},
      invoke: { src: 'promise', onDone: { actions: assign({ got: ({ event }) => event.output }) } },
    });
    const run = await runtime.start(machine, { id: 'r' });
    world.resolve(poison);
    await expect(run.done()).rejects.toThrow(NotSerializableError);
    expect(run.status).toBe('failed');
    expect((await runtime.get('r')).status).toBe('failed');
  });

  test('and that a delay caused puts the run into quarantine, with the error on it', async () => {
    const clock = new SimulatedClock();
    const { runtime, log } = createStage({ clock });
    const machine = setup({ types }).createMachine({
      id: 'm',
      context: {},
      after: { 10: { actions: refuse } },
      on: { OK: {} },
    });
    const run = await runtime.start(machine, { id: 'r' });
    clock.increment(10);
    await calm();
    expect(run.status).toBe('quarantined');
    await expect(run.send({ type: 'OK' })).rejects.toThrow(RunClosedError);
    await expect(run.done()).rejects.toThrow(/context\.bad/);
    const info = await runtime.get('r');
    expect(info.status).toBe('quarantined');
    expect(log.join()).toContain('NotSerializableError');
    const viewed = await runtime.open(machine, 'r');
    expect(viewed.getSnapshot().context).toEqual({});
  });
});

describe('a turn that the store refuses', () => {
  const counting = (say: Stage['say']) => {
    const world = createWorld(say);
    const machine = setup({
      types: {},
      actors: world.actors,
    }).createMachine({
      id: 'm',
      context: { seen: [] },
      initial: 'a',
      states: {
        a: {
          invoke: [
            {
              src: 'promise',
              onDone: {
                actions: assign({ seen: ({ context, event }) => [...context.seen, String(event.output)] }),
              },
            },
            { src: 'callback', id: 'callback' },
          ],
          on: { LEAVE: 'b' },
        },
        b: { on: { BACK: 'a' } },
      },
      on: {
        NOTE: {
          actions: [
            assign({ seen: ({ context, event }) => [...context.seen, String(event['text'])] }),
            ({ event }) => say(`noted ${String(event['text'])}`),
          ],
        },
        PING: { actions: sendTo('callback', { type: 'PING' }) },
      },
    });
    return { world, machine };
  };
  const holds =
    (text: string) => (commit: { checkpoints?: readonly { body: string; header: string }[] | undefined }) =>
      (commit.checkpoints ?? []).some(({ body, header }) => body.includes(text) || header.includes(text));

  test('is refused alone: the others of its batch are committed', async () => {
    const { runtime, log, say, refuse: refuseCommits } = createStage();
    const { machine } = counting(say);
    const run = await runtime.start(machine);
    log.length = 0;
    refuseCommits(holds('huge'));
    const outcomes = await Promise.allSettled(
      ['one', 'huge', 'two'].map((text) => run.send({ type: 'NOTE', text })),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect((outcomes[1] as PromiseRejectedResult).reason).toBeInstanceOf(StoreError);
    expect(run.getSnapshot().context.seen).toEqual(['one', 'two']);
    expect(log).toEqual(['noted one', 'noted two']);
    expect(run.seq).toBe(3);
  });

  test('that stopped actors lets what they do go on, and keeps what they reported meanwhile', async () => {
    const { runtime, log, say, hold, letThrough, refuse: refuseCommits } = createStage();
    const { world, machine } = counting(say);
    const run = await runtime.start(machine);
    log.length = 0;
    refuseCommits(holds('LEAVE'));
    hold();
    const left = run.send({ type: 'LEAVE' }).catch((reason: unknown) => reason);
    const noted = run.send({ type: 'NOTE', text: 'later' });
    world.resolve('output');
    await calm();
    await letThrough();
    expect(await left).toBeInstanceOf(StoreError);
    await noted;
    await calm();
    expect(run.getSnapshot().value).toBe('a');
    expect(run.getSnapshot().context.seen.toSorted()).toEqual(['later', 'output']);
    await run.send({ type: 'PING' });
    expect(log).toEqual(['noted later', 'callback receives PING']);
  });

  const stops = ['promise is aborted', 'callback is disposed'];

  test('that stopped effects as they started leaves them running, and a release ends them', async () => {
    const { runtime, log, say, hold, letThrough, refuse: refuseCommits } = createStage();
    const run = await runtime.start(counting(say).machine);
    await run.send({ type: 'LEAVE' });
    refuseCommits(holds('LEAVE'));
    hold();
    const back = run.send({ type: 'BACK' });
    await calm();
    log.length = 0;
    const left = run.send({ type: 'LEAVE' }).catch((reason: unknown) => reason);
    await letThrough();
    expect([(await back).seq, await left]).toEqual([3, expect.any(StoreError)]);
    await run.send({ type: 'NOTE', text: 'later' });
    expect(run.status).toBe('running');
    await run.release();
    expect(log).toEqual(['promise starts', 'callback starts', 'noted later', ...stops]);
  });

  test('that is open when the run is deleted does not keep alive what it was to stop', async () => {
    const { runtime, log, say, hold, letThrough } = createStage();
    const run = await runtime.start(counting(say).machine);
    await run.send({ type: 'LEAVE' });
    hold();
    const back = run.send({ type: 'BACK' });
    await calm();
    const left = run.send({ type: 'LEAVE' }).catch((reason: unknown) => reason);
    const through = letThrough();
    hold();
    await through;
    await back;
    log.length = 0;
    await runtime.delete(run.id);
    expect(await left).toBeInstanceOf(RunClosedError);
    expect(log).toEqual(stops);
  });

  test("is an effect's error where the effect caused it", async () => {
    const { runtime, say, refuse: refuseCommits } = createStage();
    const world = createWorld(say);
    const machine = setup({ types, actors: world.actors }).createMachine({
      id: 'm',
      context: {},
      initial: 'a',
      states: {
        a: {
          invoke: {
            src: 'promise',
            onDone: { target: 'b', actions: assign({ got: ({ event }) => event.output }) },
            onError: 'c',
          },
        },
        b: {},
        c: {},
      },
    });
    const run = await runtime.start(machine);
    refuseCommits(holds('huge'));
    world.resolve('huge');
    await calm();
    expect(run.getSnapshot().value).toBe('c');
  });
});
