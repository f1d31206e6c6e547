import { describe, expect, test } from 'vitest';
import {
  Actor,
  assign,
  createActor,
  createMachine,
  emit,
  fromCallback,
  sendTo,
  setup,
  toPromise,
  waitFor,
  type AnyActorRef,
  type InspectionEvent,
} from 'xstate';
import { calm, createStage } from '../../test/stage.ts';
import { NotSerializableError, RunClosedError } from '../errors.ts';
import type { Run } from '../run.ts';

type Any = any;

const machine = setup({ types: {} }).createMachine({
  id: 'm',
  context: { n: 0 },
  initial: 'a',
  states: {
    a: {
      on: {
        ADD: { actions: [assign({ n: ({ context }) => context.n + 1 }), emit({ type: 'added' })] },
        FAIL: {
          actions: assign(() => {
            throw new Error('broken');
          }),
        },
        END: 'end',
      },
    },
    end: { type: 'final' },
  },
  output: ({ context }) => context.n,
});

describe('run.actor', () => {
  test('shows committed snapshots only', async () => {
    const { runtime, hold, letThrough } = createStage();
    const run = await runtime.start(machine);
    hold();
    const sent = run.send({ type: 'ADD' });
    await calm();
    expect(run.actor.getSnapshot().context.n).toBe(0);
    expect(run.actor.getPersistedSnapshot()).toMatchObject({ context: { n: 0 } });
    await letThrough();
    await sent;
    expect(run.actor.getSnapshot().context.n).toBe(1);
    expect(run.actor.getPersistedSnapshot()).toMatchObject({ context: { n: 1 } });
    expect(run.actor.getSnapshot()).toBe(run.getSnapshot());
  });

  test('is one object as long as the run is open, with the id of the run', async () => {
    const { runtime } = createStage();
    const run = await runtime.start(machine, { id: 'r' });
    const { actor } = run;
    await run.send({ type: 'ADD' });
    expect(run.actor).toBe(actor);
    expect(actor.id).toBe('r');
    expect(actor.start()).toBe(actor);
    expect(actor.ref).toBe(actor);
    expect((actor.getSnapshot() as Any).machine.id).toBe('m');
    expect(typeof actor.sessionId).toBe('string');
    expect(JSON.parse(JSON.stringify(actor))).toEqual({ xstate$$type: 1, id: 'r' });
  });

  test('send() may be passed on by itself', async () => {
    const { runtime } = createStage();
    const run = await runtime.start(machine);
    // oxlint-disable-next-line typescript/unbound-method -- that is what is promised
    const { send } = run.actor;
    send({ type: 'ADD' });
    await run.flush();
    expect(run.getSnapshot().context.n).toBe(1);
  });

  test('subscribe() tells each commit, until it is unsubscribed', async () => {
    const { runtime } = createStage();
    const run = await runtime.start(machine);
    const seen: number[] = [];
    const subscription = run.actor.subscribe(({ context }) => seen.push(context.n));
    await run.send({ type: 'ADD' });
    await run.send({ type: 'ADD' });
    subscription.unsubscribe();
    await run.send({ type: 'ADD' });
    expect(seen).toEqual([1, 2]);
  });

  test('the same function may subscribe twice', async () => {
    const { runtime } = createStage();
    const run = await runtime.start(machine);
    let told = 0;
    const tell = (): void => void told++;
    run.actor.subscribe(tell);
    run.actor.subscribe(tell).unsubscribe();
    await run.send({ type: 'ADD' });
    expect(told).toBe(1);
  });

  test('subscribe() tells the end: complete', async () => {
    const { runtime } = createStage();
    const run = await runtime.start(machine);
    const told: string[] = [];
    run.actor.subscribe({
      next: ({ status }) => void told.push(`next ${status}`),
      error: () => void told.push('error'),
      complete: () => void told.push('complete'),
    });
    await run.send({ type: 'END' });
    expect(told).toEqual(['next done', 'complete']);
  });

  test('subscribe() tells the end: error', async () => {
    const { runtime } = createStage();
    const run = await runtime.start(machine);
    const told: string[] = [];
    run.actor.subscribe({
      next: () => void told.push('next'),
      error: (error: Any) => void told.push(error.message),
      complete: () => void told.push('complete'),
    });
    await run.send({ type: 'FAIL' });
    expect(told).toEqual(['broken']);
  });

  test.each([
    ['END', ['complete']],
    ['FAIL', ['broken']],
  ] as const)(
    'subscribe() after the end by %s says so at once, also on an opened run',
    async (type, says) => {
      const { runtime, reopen } = createStage();
      const run = await runtime.start(machine, { id: 'r' });
      await run.send({ type });
      await calm();
      for (const one of [run, await reopen(run)]) {
        const told: string[] = [];
        const observer = {
          next: () => void told.push('next'),
          error: (error: Any) => void told.push(error.message),
          complete: () => void told.push('complete'),
        };
        one.actor.subscribe(observer);
        expect(told).toEqual(says);
        told.length = 0;
        one.actor.subscribe(observer.next, observer.error, observer.complete);
        expect(told).toEqual(says);
      }
    },
  );

  test('works with waitFor', async () => {
    const { runtime } = createStage();
    const run = await runtime.start(machine);
    const waiting = waitFor(run.actor, ({ context }) => context.n === 2);
    await run.send({ type: 'ADD' });
    await run.send({ type: 'ADD' });
    expect((await waiting).context.n).toBe(2);
    await run.send({ type: 'END' });
    await expect(waitFor(run.actor, ({ context }) => context.n === 9)).rejects.toThrow();
  });

  test('works with toPromise, before the end and after it', async () => {
    const { runtime, reopen } = createStage();
    const run = await runtime.start(machine);
    const promised = toPromise(run.actor);
    await run.send({ type: 'ADD' });
    await run.send({ type: 'END' });
    expect(await promised).toBe(1);
    await calm();
    expect(await toPromise(run.actor)).toBe(1);
    expect(await toPromise((await reopen(run)).actor)).toBe(1);

    const failing = await runtime.start(machine);
    const rejected = expect(toPromise(failing.actor)).rejects.toThrow('broken');
    await failing.send({ type: 'FAIL' });
    await rejected;
    await calm();
    await expect(toPromise(failing.actor)).rejects.toThrow('broken');
  });

  // 5.20 has no select on its actors, so it has none here.
  test.skipIf(!('select' in Actor.prototype))('works with select, where XState has it', async () => {
    const { runtime } = createStage();
    const run = await runtime.start(machine);
    const parity = (run.actor as Any).select(({ context }: Any) => context.n % 2 === 1);
    const seen: boolean[] = [];
    parity.subscribe((odd: boolean) => seen.push(odd));
    const two = (run.actor as Any).select(
      ({ context }: Any) => ({ half: Math.floor(context.n / 2) }),
      (a: Any, b: Any) => a.half === b.half,
    );
    const halves: number[] = [];
    const subscription = two.subscribe({ next: ({ half }: Any) => halves.push(half) });
    for (let i = 0; i < 4; i++) await run.send({ type: 'ADD' });
    subscription.unsubscribe();
    await run.send({ type: 'ADD' });
    expect(seen).toEqual([true, false, true, false, true]);
    expect(halves).toEqual([1, 2]);
    expect(parity.get()).toBe(true);
  });

  test('on() hears what is emitted, until it is unsubscribed', async () => {
    const { runtime } = createStage();
    const run = await runtime.start(machine);
    const heard: string[] = [];
    const some = run.actor.on('added' as never, (event: Any) => void heard.push(`one ${event.type}`));
    run.actor.on('*', (event: Any) => void heard.push(`all ${event.type}`));
    await run.send({ type: 'ADD' });
    some.unsubscribe();
    await run.send({ type: 'ADD' });
    expect(heard).toEqual(['one added', 'all added', 'all added']);
  });

  test('takes events from an actor of another system by sendTo', async () => {
    const { runtime } = createStage();
    const run = await runtime.start(machine);
    createActor(
      createMachine({ id: 'other', entry: sendTo(() => run.actor as AnyActorRef, { type: 'ADD' }) }),
    ).start();
    await run.flush();
    expect(run.getSnapshot().context.n).toBe(1);
  });

  test('is an observable for libraries that look for one', async () => {
    const { runtime } = createStage();
    const { actor }: Any = await runtime.start(machine);
    const key = (typeof Symbol === 'function' && (Symbol as Any).observable) || '@@observable';
    expect(actor[key]()).toBe(actor);
  });

  test('stop() releases the run', async () => {
    const { runtime, say, log } = createStage();
    const run = await runtime.start(
      setup({
        actors: {
          work: fromCallback(() => {
            say('starts');
            return () => say('is disposed');
          }),
        },
      }).createMachine({ id: 'm', invoke: { src: 'work' } }),
      { id: 'r' },
    );
    run.actor.stop();
    await calm();
    expect(log).toEqual(['starts', 'is disposed']);
    await expect(run.send({ type: 'ADD' })).rejects.toThrow(RunClosedError);
    expect((await runtime.open(run.machine, 'r')).status).toBe('running');
  });

  test('send() throws after the end and after a release', async () => {
    const { runtime } = createStage();
    const run = await runtime.start(machine);
    await run.release();
    expect(() => run.actor.send({ type: 'ADD' })).toThrow(RunClosedError);
    const done = await runtime.start(machine);
    await done.send({ type: 'END' });
    await calm();
    expect(() => done.actor.send({ type: 'ADD' })).toThrow(RunClosedError);
  });

  test('of a refused event throws, and the actor is as it was', async () => {
    const { runtime } = createStage();
    const run = await runtime.start(
      createMachine({
        id: 'm',
        context: {},
        on: { BAD: { actions: assign({ bad: () => () => {} }) } },
      } as Any),
    );
    expect(() => run.actor.send({ type: 'BAD' })).toThrow(NotSerializableError);
    expect(run.actor.getSnapshot().context).toEqual({});
  });
});

describe('a child of the snapshot', () => {
  const lamp = createMachine({
    id: 'lamp',
    initial: 'off',
    states: { off: { on: { NEXT: 'on' } }, on: { on: { NEXT: 'end' } }, end: { type: 'final' } },
    output: { bright: true },
  });
  const parent = setup({ actors: { lamp } }).createMachine({
    id: 'm',
    invoke: { src: 'lamp', id: 'lamp' },
    on: { NEXT: { actions: sendTo('lamp', { type: 'NEXT' }) } },
  });

  test.each([
    ['of a run that was started', false],
    ['of a run that was opened', true],
  ])('%s works with subscribe, waitFor, toPromise and send', async (_, restored) => {
    const { runtime, reopen } = createStage();
    let run: Run<typeof parent> = await runtime.start(parent);
    if (restored) run = await reopen(run);
    const ref = run.getSnapshot().children.lamp as AnyActorRef;
    const seen: unknown[] = [];
    ref.subscribe(({ value }: Any) => seen.push(value));
    const on = waitFor(ref, ({ value }: Any) => value === 'on');
    const output = toPromise(ref);
    await run.send({ type: 'NEXT' });
    ref.send({ type: 'NEXT' });
    await run.flush();
    expect((await on).value).toBe('on');
    expect(await output).toEqual({ bright: true });
    expect(seen).toEqual(['on', 'end']);
    expect(await toPromise(ref)).toEqual({ bright: true });
  });
});

describe('inspect', () => {
  test('sees the live events of a run, and its actors', async () => {
    const events: InspectionEvent[] = [];
    const { runtime } = createStage({ inspect: (event) => void events.push(event) });
    const run = await runtime.start(machine);
    expect(events.some(({ type }) => type === '@xstate.actor')).toBe(true);
    await run.send({ type: 'ADD' });
    const last = events.filter((event) => event.type === '@xstate.snapshot').at(-1) as Any;
    expect(last.event).toEqual({ type: 'ADD' });
    expect(last.snapshot.context).toEqual({ n: 1 });
  });

  test('shows a restored run at its restored state', async () => {
    const child = setup({ types: {} }).createMachine({
      id: 'child',
      context: { n: 0 },
      on: { ADD: { actions: assign({ n: ({ context }) => context.n + 1 }) } },
    });
    const parent = setup({ actors: { child } }).createMachine({
      id: 'm',
      initial: 'a',
      invoke: { src: 'child', id: 'child' },
      states: { a: { on: { ADD: { target: 'b', actions: sendTo('child', { type: 'ADD' }) } } }, b: {} },
    });
    const { runtime, reopen } = createStage();
    const run = await runtime.start(parent);
    await run.send({ type: 'ADD' });
    const events: Any[] = [];
    await reopen(run, { inspect: { next: (event) => void events.push(event) } });
    const shown = events.filter(({ type }) => type === '@xstate.snapshot').map(({ snapshot }) => snapshot);
    expect(shown.some(({ value }) => value === 'b')).toBe(true);
    expect(shown.some(({ value }) => value === 'a')).toBe(false);
    expect(shown.some(({ context }) => context?.n === 1)).toBe(true);
    expect(shown.some(({ context }) => context?.n === 0)).toBe(false);
    expect(events.filter(({ type }) => type === '@xstate.actor')).toHaveLength(2);
  });
});
