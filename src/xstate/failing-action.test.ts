import { describe, expect, test, vi } from 'vitest';
import { assign, createMachine, emit, fromCallback, fromPromise, sendTo, setup } from 'xstate';
import { calm, createStage } from '../../test/stage.ts';
import type { Run } from '../run.ts';

type Any = any;

const broken = (): never => {
  throw new Error('broken');
};

describe('a custom action that throws after the commit', () => {
  test('fails the run, in a checkpoint of its own behind the turn', async () => {
    const { runtime, log, say } = createStage();
    const machine = createMachine({
      id: 'm',
      initial: 'a',
      states: { a: { on: { GO: 'b' } }, b: { entry: [() => say('one'), broken, () => say('two')] } },
    });
    const run: Run<Any> = await runtime.start(machine, { id: 'r' });
    const errors: unknown[] = [];
    run.subscribe({ error: (error) => errors.push(error) });
    const receipt = await run.send({ type: 'GO' });
    expect(receipt).toEqual({ delivered: true, accepted: true, seq: 2 });
    await expect(run.done()).rejects.toThrow('broken');
    await calm();
    expect(log).toEqual(['one']);
    expect(run.status).toBe('failed');
    expect(run.seq).toBe(3);
    expect((await runtime.checkpoint('r', 2)).value).toBe('b');
    expect(errors).toEqual([expect.objectContaining({ message: 'broken' })]);
    expect((await runtime.get('r')).status).toBe('failed');
  });

  test('leaves the run failed for those who open it', async () => {
    const { runtime, reopen } = createStage();
    const run: Run<Any> = await runtime.start(createMachine({ id: 'm', on: { GO: { actions: broken } } }));
    await run.send({ type: 'GO' });
    await calm();
    const again = await reopen(run);
    expect(again.status).toBe('failed');
    expect(again.getSnapshot()).toMatchObject({ status: 'error', error: { message: 'broken' } });
    await expect(again.done()).rejects.toThrow('broken');
  });

  test("of a child is taken by its parent's onError", async () => {
    const { runtime, log, say, reopen } = createStage();
    const child = createMachine({
      id: 'child',
      on: { GO: { actions: [() => say('one'), broken, () => say('two')] } },
    });
    const machine = setup({ actors: { child } }).createMachine({
      id: 'm',
      initial: 'a',
      states: {
        a: {
          invoke: {
            src: 'child',
            id: 'child',
            onError: {
              target: 'b',
              actions: ({ event }) => say(`parent is told: ${(event.error as Error).message}`),
            },
          },
          on: { GO: { actions: [sendTo('child', { type: 'GO' }), () => say('parent acts')] } },
        },
        b: {},
      },
    });
    const run: Run<Any> = await runtime.start(machine);
    await run.send({ type: 'GO' });
    await calm();
    expect(run.getSnapshot().value).toBe('b');
    expect(log.toSorted()).toEqual(['one', 'parent acts', 'parent is told: broken']);
    expect(run.seq).toBe(3);
    expect((await reopen(run)).getSnapshot().value).toBe('b');
  });

  test('of a child fails the run where no onError takes it', async () => {
    const { runtime } = createStage();
    const child = createMachine({ id: 'child', on: { GO: { actions: broken } } });
    const run: Run<Any> = await runtime.start(
      setup({ actors: { child } }).createMachine({
        id: 'm',
        invoke: { src: 'child', id: 'child' },
        on: { GO: { actions: sendTo('child', { type: 'GO' }) } },
      }),
    );
    await run.send({ type: 'GO' });
    await expect(run.done()).rejects.toThrow('broken');
  });

  test('drops the later actions of its own actor only', async () => {
    const { runtime, log, say } = createStage();
    const worker = (name: string, fails: boolean) =>
      createMachine({
        id: name,
        on: {
          GO: { actions: [() => say(`${name} one`), ...(fails ? [broken] : []), () => say(`${name} two`)] },
        },
      });
    const machine = setup({
      actors: { bad: worker('bad', true), good: worker('good', false) },
    }).createMachine({
      id: 'm',
      invoke: [
        { src: 'bad', id: 'bad', onError: {} },
        { src: 'good', id: 'good' },
      ],
      on: {
        GO: { actions: [sendTo('bad', { type: 'GO' }), sendTo('good', { type: 'GO' }), () => say('root')] },
      },
    });
    const run: Run<Any> = await runtime.start(machine);
    await run.send({ type: 'GO' });
    await calm();
    expect(log).toEqual(expect.arrayContaining(['bad one', 'good one', 'good two', 'root']));
    expect(log).not.toContain('bad two');
    expect(run.status).toBe('idle');
  });

  test('in the first turn fails the run after its start', async () => {
    const { runtime, log, say } = createStage();
    const run: Run<Any> = await runtime.start(
      createMachine({ id: 'm', entry: [() => say('one'), broken, () => say('two')] }),
      { id: 'r' },
    );
    await expect(run.done()).rejects.toThrow('broken');
    expect(log).toEqual(['one']);
    expect((await runtime.get('r')).status).toBe('failed');
    expect((await runtime.checkpoint('r', 1)).snapshot).toMatchObject({ status: 'active' });
  });

  test('with something that no store takes is described', async () => {
    const { runtime, reopen } = createStage();
    class Odd {
      readonly secret = (): void => {};
    }
    const run: Run<Any> = await runtime.start(
      createMachine({
        id: 'm',
        on: {
          GO: {
            actions: () => {
              throw new Odd();
            },
          },
        },
      }),
      { id: 'r' },
    );
    await run.send({ type: 'GO' });
    await calm();
    expect(run.status).toBe('failed');
    const again = await reopen(run);
    expect(again.getSnapshot()).toMatchObject({ status: 'error', error: expect.any(Error) });
  });
});

describe('code that runs inside the turn and throws', () => {
  const inside: Record<string, object> = {
    'an assigner': { on: { GO: { actions: assign(broken) } } },
    'a guard': { on: { GO: { guard: broken, target: '.b' } } },
    'a params function': { on: { GO: { actions: { type: 'act', params: broken } } } },
    'the input of an invoke': {
      on: { GO: '.b' },
      states: { a: {}, b: { invoke: { src: 'work', input: broken } } },
    },
  };

  test.each(Object.keys(inside))('%s: fails the machine as in XState, in that turn', async (name) => {
    const { runtime, reopen } = createStage();
    const machine = (
      setup({ actions: { act: () => {} }, actors: { work: fromPromise(async () => {}) } }) as Any
    ).createMachine({
      id: 'm',
      initial: 'a',
      states: { a: {}, b: {} },
      ...inside[name],
    });
    const run: Run<Any> = await runtime.start(machine, { id: 'r' });
    await run.send({ type: 'GO' });
    await calm();
    expect(run.status).toBe('failed');
    expect(run.seq).toBe(2);
    await expect(run.done()).rejects.toThrow('broken');
    expect((await reopen(run)).getSnapshot().status).toBe('error');
  });
});

describe('an effect that throws', () => {
  const sources: Record<string, Any> = {
    'a callback, when it starts': fromCallback(broken),
    'a promise creator': fromPromise(broken as Any),
    'a promise': fromPromise(async () => broken()),
    "a callback's receive": fromCallback(({ receive }) => receive(broken)),
  };

  test.each(Object.keys(sources))("%s: its parent's onError takes it", async (name) => {
    const { runtime } = createStage();
    const machine = setup({ actors: { work: sources[name] } }).createMachine({
      id: 'm',
      initial: 'a',
      states: {
        a: {
          invoke: { src: 'work', id: 'work', onError: 'b' },
          on: { PING: { actions: sendTo('work', { type: 'PING' }) } },
        },
        b: {},
      },
    });
    const run: Run<Any> = await runtime.start(machine);
    if (name.includes('receive')) await run.send({ type: 'PING' });
    await calm();
    expect(run.getSnapshot().value).toBe('b');
    expect(run.seq).toBe(name.includes('receive') ? 3 : 2);
  });
});

describe('an observer or listener that throws', () => {
  test('harms neither the run nor the others', async () => {
    const thrown: unknown[] = [];
    const listeners = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', (error) => thrown.push(error.message));
    try {
      const { runtime, log, say } = createStage();
      const machine = createMachine({ id: 'm', on: { GO: { actions: emit({ type: 'told' }) } } });
      const run: Run<Any> = await runtime.start(machine);
      run.actor.on('told', broken);
      run.actor.on('told', () => say('listener'));
      run.subscribe(broken);
      run.subscribe(() => say('observer'));
      await run.send({ type: 'GO' });
      await run.send({ type: 'GO' });
      // As in XState, the error of an observer goes to the global handler, by a timer.
      await vi.waitFor(() => expect(thrown).toEqual(['broken', 'broken']));
      expect(log.filter((line) => !line.startsWith('logged'))).toEqual([
        'listener',
        'observer',
        'listener',
        'observer',
      ]);
      expect(run.status).toBe('idle');
    } finally {
      process.removeAllListeners('uncaughtException');
      for (const listener of listeners) process.on('uncaughtException', listener);
    }
  });
});

test('an action that sends an event and throws: the failure comes first', async () => {
  const { runtime, say } = createStage();
  const machine = createMachine({
    id: 'm',
    on: {
      GO: { actions: [({ self }: Any) => self.send({ type: 'SELF' }), broken] },
      SELF: { actions: () => say('SELF') },
    },
  });
  const run: Run<Any> = await runtime.start(machine);
  await run.send({ type: 'GO' });
  await calm();
  expect(run.status).toBe('failed');
});
