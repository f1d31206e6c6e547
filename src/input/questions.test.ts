import { assign, fromPromise, setup } from 'xstate';
import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { memoryStore } from '../../adapters/memory.ts';
import {
  asynchronous,
  nextJob,
  overriding,
  refusesWhere,
  slowStore,
  stagedStore,
} from '../../test/support/staged-store.ts';
import { stores } from '../../test/support/stores.ts';
import { typed } from '../../test/support/typed.ts';
import {
  createRuntime,
  fromDurable,
  inputRequest,
  InputClosedError,
  InputExpiredError,
  InvalidInputError,
  type PendingInput,
} from '../index.ts';

const decision = z.object({ approved: z.boolean() });

const approvals = setup({
  types: typed<{ context: { answers: string[] }; events: { type: 'again' } | { type: 'leave' } }>(),
  actors: { ask: inputRequest({ schema: z.string() }) },
}).createMachine({
  id: 'approvals',
  context: { answers: [] },
  initial: 'asking',
  states: {
    asking: {
      invoke: [
        {
          src: 'ask',
          id: 'first',
          input: { prompt: 'First?', assignee: 'ann@example.com' },
          onDone: {
            actions: assign({ answers: ({ context, event }) => [...context.answers, `1 ${event.output}`] }),
          },
        },
        {
          src: 'ask',
          id: 'second',
          input: { prompt: 'Second?', choices: ['a', 'b'], details: { at: new Date(7) } },
          onDone: {
            actions: assign({ answers: ({ context, event }) => [...context.answers, `2 ${event.output}`] }),
          },
        },
      ],
      on: { leave: 'gone', again: { target: 'asking', reenter: true } },
    },
    gone: { on: { again: 'asking' } },
  },
});

const review = setup({
  types: typed<{ context: { by: string | undefined; value: unknown } }>(),
}).createMachine({
  id: 'refund',
  context: { by: undefined, value: undefined },
  initial: 'review',
  states: {
    review: {
      tags: 'waitingForInput',
      meta: { input: { prompt: 'Refund?', schema: decision, event: 'decided' } },
      on: {
        decided: {
          target: 'over',
          actions: assign(({ event }) => ({ by: (event as never as { by: string }).by, value: event })),
        },
      },
    },
    over: {},
  },
});

describe.each(stores)('questions on %s', (_, make) => {
  it('are open at once in any number, each with its own id, and each gets its own answer', async () => {
    const runtime = createRuntime({ store: make() });
    const run = await runtime.start(approvals, { id: 'r/1', tags: ['vip'] });
    const inputs = await run.waitForInput();
    expect(run.status).toBe('waitingForInput');
    expect(inputs.map(({ id }) => id)).toEqual(['r%2F1/first', 'r%2F1/second']);
    expect(inputs[1]).toMatchObject({
      run: 'r/1',
      machine: 'approvals',
      actor: 'second',
      prompt: 'Second?',
      choices: ['a', 'b'],
      details: { at: new Date(7) },
      schema: { type: 'string' },
      tags: ['vip'],
    });
    await run.answer('r%2F1/second', 'b', { by: 'ben@example.com' });
    expect(run.pendingInputs.map(({ id }) => id)).toEqual(['r%2F1/first']);
    const receipt = await run.answer('r%2F1/first', 'a');
    expect(receipt).toEqual({ delivered: true, accepted: true, seq: run.seq });
    expect(run.getSnapshot().context.answers).toEqual(['2 b', '1 a']);
    expect(run.status).toBe('idle');
    expect(await runtime.recordOf('r%2F1/second')).toMatchObject({
      status: 'answered',
      value: 'b',
      by: 'ben@example.com',
    });
  });

  it('come back after a restart, and open again under a number', async () => {
    const store = make();
    let runtime = createRuntime({ store, machines: [approvals] });
    let run = await runtime.start(approvals, { id: 'r' });
    await run.send({ type: 'leave' });
    expect(run.pendingInputs).toEqual([]);
    expect(await runtime.recordOf('r/first')).toMatchObject({ status: 'withdrawn' });
    await runtime.close();
    runtime = createRuntime({ store, machines: [approvals] });
    run = await runtime.open(approvals, 'r');
    await run.send({ type: 'again' });
    expect(run.pendingInputs.map(({ id }) => id)).toEqual(['r/first#2', 'r/second#2']);
    await runtime.close();
    runtime = createRuntime({ store, machines: [approvals] });
    run = await runtime.open(approvals, 'r');
    expect(run.pendingInputs.map(({ id }) => id)).toEqual(['r/first#2', 'r/second#2']);
    await run.answer('r/first#2', 'late');
    expect(run.getSnapshot().context.answers).toEqual(['1 late']);
    await expect(run.answer('r/first#2', 'later')).rejects.toBeInstanceOf(InputClosedError);
    await expect(run.answer('r/first', 'later')).rejects.toMatchObject({ reason: 'withdrawn' });
  });

  it('of a tagged state give their answer as an event, with who answered', async () => {
    const runtime = createRuntime({ store: make() });
    const run = await runtime.start(review, { id: 'r' });
    const [input] = (await run.waitForInput()) as [PendingInput];
    expect(input).toMatchObject({
      id: 'r:refund.review',
      state: 'refund.review',
      prompt: 'Refund?',
      event: 'decided',
    });
    await expect(run.answer(input.id, { approved: 'yes' })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      issues: [{ path: ['approved'] }],
    });
    expect(run.pendingInputs).toHaveLength(1);
    await run.answer(input.id, { approved: true }, { by: 'ann@example.com' });
    expect(run.getSnapshot().context).toEqual({
      by: 'ann@example.com',
      value: {
        type: 'decided',
        value: { approved: true },
        inputId: 'r:refund.review',
        by: 'ann@example.com',
      },
    });
  });

  it('are answered by a runtime that has not opened the run', async () => {
    const store = make();
    const first = createRuntime({ store });
    await first.start(review, { id: 'r' });
    await first.close();
    const second = createRuntime({ store, machines: [review] });
    const inputs = [];
    for await (const input of second.inputs({ run: 'r' })) inputs.push(input);
    expect(inputs).toMatchObject([{ id: 'r:refund.review', prompt: 'Refund?' }]);
    const receipt = await second.answer('r:refund.review', { approved: false }, { by: 'ben@example.com' });
    expect(receipt).toMatchObject({ delivered: true, accepted: true, seq: 2 });
    expect((await second.get('r')).status).toBe('idle');
    await expect(second.answer('r:refund.review', { approved: true })).rejects.toMatchObject({
      code: 'INPUT_CLOSED',
      by: 'ben@example.com',
    });
  });

  it('that have not opened yet keep their answers until they do', async () => {
    const store = make();
    const runtime = createRuntime({ store, machines: [approvals] });
    let run = await runtime.start(approvals, { id: 'r' });
    expect(await run.answer('r/first#2', 'early', { by: 'eve@example.com' })).toEqual({ delivered: false });
    expect(await run.answer('r/first#2', 7)).toEqual({ delivered: false });
    expect(await runtime.recordOf('r/first#2')).toMatchObject({
      status: 'early',
      others: [{ value: 'early' }, { value: 7 }],
    });
    await run.release();
    run = await runtime.open(approvals, 'r');
    await run.send({ type: 'again' });
    await expect.poll(() => run.getSnapshot().context.answers).toEqual(['1 early']);
    await expect
      .poll(async () => (await runtime.recordOf('r/first#2'))?.others)
      .toMatchObject([{ status: 'refused', value: 7 }]);
    expect(await runtime.recordOf('r/first#2')).toMatchObject({ status: 'answered', by: 'eve@example.com' });
  });

  it('expire at their deadline, with an error or their default', async () => {
    const machine = setup({
      types: typed<{ context: { got: unknown[] } }>(),
      actors: { ask: inputRequest({ schema: z.string(), default: 'nobody' }), strict: inputRequest() },
    }).createMachine({
      id: 'deadlines',
      context: { got: [] },
      invoke: [
        {
          src: 'ask',
          id: 'kind',
          input: () => ({ prompt: 'Who?', deadline: Date.now() + 30 }),
          onDone: { actions: assign({ got: ({ context, event }) => [...context.got, event.output] }) },
        },
        {
          src: 'strict',
          id: 'strict',
          input: () => ({ prompt: 'Who?', deadline: new Date(5) }),
          onError: {
            actions: assign({ got: ({ context, event }) => [...context.got, (event.error as Error).name] }),
          },
        },
      ],
    });
    const runtime = createRuntime({ store: make() });
    const run = await runtime.start(machine, { id: 'r' });
    await expect
      .poll(() => new Set(run.getSnapshot().context.got))
      .toEqual(new Set(['InputExpiredError', 'nobody']));
    await expect(run.answer('r/strict', 'me')).rejects.toMatchObject({ reason: 'expired' });
    expect(await runtime.recordOf('r/kind')).toMatchObject({ status: 'expired', value: 'nobody' });
  });
});

describe('a question in the middle of a durable function', () => {
  const machine = setup({
    types: typed<{ context: { output: unknown; error: unknown } }>(),
    actors: {
      work: fromDurable(async ({ step }) => {
        const before = await step('count', () => ++calls);
        const answer = await step.waitForInput('ok?', { prompt: 'Go on?', schema: decision });
        return { before, answer };
      }),
    },
  }).createMachine({
    id: 'asking',
    context: { output: undefined, error: undefined },
    invoke: {
      src: 'work',
      id: 'work',
      onDone: { actions: assign({ output: ({ event }) => event.output }) },
      onError: { actions: assign({ error: ({ event }) => event.error }) },
    },
  });
  let calls = 0;

  it.each(stores)(
    'waits over a restart, at rest, and gives its answer to the function, on %s',
    async (_, make) => {
      calls = 0;
      const store = make();
      let runtime = createRuntime({ store, machines: [machine] });
      let run = await runtime.start(machine, { id: 'r' });
      const [input] = (await run.waitForInput()) as [PendingInput];
      expect(input).toMatchObject({ id: 'r/work/ok?', prompt: 'Go on?', actor: 'work/ok?' });
      await run.settled();
      expect(run.status).toBe('waitingForInput');
      await runtime.close();
      expect((await runtime.get('r')).status).toBe('waitingForInput');
      runtime = createRuntime({ store, machines: [machine] });
      run = await runtime.open(machine, 'r');
      expect(run.pendingInputs.map(({ id }) => id)).toEqual(['r/work/ok?']);
      await expect
        .poll(() => run.answer(input.id, { approved: 1 }).catch((error: unknown) => error))
        .toBeInstanceOf(InvalidInputError);
      await run.answer(input.id, { approved: true }, { by: 'ann@example.com' });
      await expect
        .poll(() => run.getSnapshot().context.output)
        .toEqual({ before: 1, answer: { approved: true } });
      expect(calls).toBe(1);
      expect(run.status).toBe('idle');
    },
  );
});

it('an answer that a person gives twice under one id is one answer', async () => {
  const runtime = createRuntime({ store: memoryStore() });
  const run = await runtime.start(review, { id: 'r' });
  const [first, second] = await Promise.all([
    run.answer('r:refund.review', { approved: true }, { id: 'click' }),
    run.answer('r:refund.review', { approved: true }, { id: 'click' }),
  ]);
  expect(second).toEqual(first);
  await expect(run.answer('r:refund.review', { approved: true })).rejects.toBeInstanceOf(InputClosedError);
});

it('an asynchronous schema is asked between two turns', async () => {
  const slow = z.string().refine(async (text) => text.length > 2);
  const machine = setup({ actors: { ask: inputRequest({ schema: slow }) } }).createMachine({
    id: 'slow',
    initial: 'a',
    states: { a: { invoke: { src: 'ask', id: 'q', onDone: 'b' } }, b: {} },
  });
  const run = await createRuntime({ store: memoryStore() }).start(machine, { id: 'r' });
  await expect(run.answer('r/q', 'no')).rejects.toBeInstanceOf(InvalidInputError);
  await run.answer('r/q', 'yes');
  expect(run.getSnapshot().value).toBe('b');
});

it('an actor below a child with the id of another gets its own answer', async () => {
  const child = setup({
    types: typed<{ context: { got: string } }>(),
    actors: { ask: inputRequest({ schema: z.string() }) },
  }).createMachine({
    id: 'child',
    context: { got: '' },
    invoke: { src: 'ask', id: 'q', onDone: { actions: assign({ got: ({ event }) => event.output }) } },
  });
  const machine = setup({ actors: { child, idle: fromPromise(async () => 1) } }).createMachine({
    id: 'parent',
    invoke: [
      { src: 'child', id: 'left' },
      { src: 'child', id: 'right' },
    ],
  });
  const run = await createRuntime({ store: memoryStore() }).start(machine, { id: 'r' });
  await run.answer('r/right/q', 'R');
  await run.answer('r/left/q', 'L');
  const contextOf = (id: 'left' | 'right') => {
    const child: { getSnapshot(): object } | undefined = run.getSnapshot().children[id];
    return child?.getSnapshot();
  };
  expect(contextOf('left')).toMatchObject({ context: { got: 'L' } });
  expect(contextOf('right')).toMatchObject({ context: { got: 'R' } });
});

it('an error that nobody catches is the one of the deadline', async () => {
  const machine = setup({ actors: { ask: inputRequest() } }).createMachine({
    id: 'strict',
    invoke: { src: 'ask', id: 'q', input: { deadline: 5 } },
  });
  const run = await createRuntime({ store: memoryStore() }).start(machine, { id: 'r' });
  await expect(run.done()).rejects.toBeInstanceOf(InputExpiredError);
});

it('that are not asked any more, as the run went back, are withdrawn', async () => {
  const machine = setup({ actors: { ask: inputRequest() } }).createMachine({
    id: 'two',
    initial: 'a',
    states: {
      a: { invoke: { src: 'ask', id: 'a', onDone: 'b' } },
      b: { invoke: { src: 'ask', id: 'b', onDone: 'c' } },
      c: {},
    },
  });
  const runtime = createRuntime({ store: memoryStore(), machines: [machine] });
  const run = await runtime.start(machine, { id: 'r' });
  await run.answer('r/a', 1);
  const again = await runtime.retry('r', { from: 1 });
  const listed: string[] = [];
  for await (const { id } of runtime.inputs()) listed.push(id);
  expect(listed).toEqual(['r/a#2']);
  expect(again.pendingInputs.map(({ id }) => id)).toEqual(['r/a#2']);
  expect(await runtime.recordOf('r/b')).toMatchObject({ status: 'withdrawn' });
  await expect(runtime.answer('r/b', 1)).rejects.toBeInstanceOf(InputClosedError);
  await again.answer('r/a#2', 1);
  expect(again.pendingInputs.map(({ id }) => id)).toEqual(['r/b#2']);
});

it('an early answer that the run cannot take does not stand before the next one', async () => {
  const machine = setup({
    types: typed<{ context: { got: unknown }; events: { type: 'go' } }>(),
    actors: { ask: inputRequest() },
  }).createMachine({
    id: 'early',
    context: { got: undefined },
    initial: 'a',
    states: {
      a: { on: { go: 'b' } },
      b: {
        invoke: {
          src: 'ask',
          id: 'q',
          onDone: {
            target: 'c',
            actions: assign({ got: ({ event }) => (event.output === 'bad' ? () => {} : event.output) }),
          },
        },
      },
      c: {},
    },
  });
  const run = await createRuntime({ store: memoryStore(), logger: () => {} }).start(machine, { id: 'r' });
  await run.answer('r/q', 'bad');
  await run.answer('r/q', 'good');
  await run.send({ type: 'go' });
  await expect.poll(() => run.getSnapshot().context.got).toBe('good');
});

it('an answer whose question opens and is answered while the store is asked about it comes second', async () => {
  const inner = memoryStore();
  let read!: () => void;
  const reading = new Promise<void>((resolve) => (read = resolve));
  let isSlow = false;
  const store = overriding(asynchronous(inner), {
    rows: async (run, kind, scan) => {
      const found = await inner.rows(run, kind, scan);
      if (isSlow && kind === 'answer') await reading;
      return found;
    },
  });
  const machine = setup({ actors: { ask: inputRequest() } }).createMachine({
    id: 'quick',
    initial: 'a',
    states: {
      a: { on: { go: 'b' } },
      b: { invoke: { src: 'ask', id: 'q', onDone: 'c' } },
      c: {},
    },
  });
  const runtime = createRuntime({ store });
  const run = await runtime.start(machine, { id: 'r' });
  await run.answer('r/q', 1, { id: 'first', by: 'ann@example.com' });
  isSlow = true;
  const again = run.answer('r/q', 1, { id: 'first' });
  const second = run.answer('r/q', 2, { by: 'ben@example.com' });
  await run.send({ type: 'go' });
  await expect.poll(() => run.getSnapshot().value).toBe('c');
  read();
  expect(await again).toMatchObject({ delivered: true, accepted: true });
  await expect(second).rejects.toMatchObject({ code: 'INPUT_CLOSED', by: 'ann@example.com' });
  expect(await runtime.recordOf('r/q')).toMatchObject({ status: 'answered', value: 1, others: [] });
});

describe('an early answer', () => {
  const machine = setup({
    types: typed<{ events: { type: 'go' } | { type: 'end' } }>(),
    actors: { ask: inputRequest() },
  }).createMachine({
    id: 'later',
    initial: 'a',
    states: {
      a: { on: { go: 'b', end: 'c' } },
      b: { invoke: { src: 'ask', id: 'q' } },
      c: { type: 'final' },
    },
  });

  it('that the store refuses does not wait, and can be given again', async () => {
    const store = stagedStore(memoryStore());
    const run = await createRuntime({ store, logger: () => {} }).start(machine, { id: 'r' });
    store.next(refusesWhere(({ put }) => put?.some(({ kind }) => kind === 'answer') ?? false));
    await expect(run.answer('r/q', 1, { id: 'first' })).rejects.toMatchObject({ code: 'STORE' });
    expect(await store.rows('r', 'answer', {})).toEqual([]);
    expect(await run.answer('r/q', 1, { id: 'first' })).toEqual({ delivered: false });
    expect(await store.rows('r', 'answer', {})).toHaveLength(1);
  });

  it('that is given twice is kept before anybody is told so', async () => {
    const { store, run } = await startedSlow();
    const told: string[] = [];
    const given = ['first', 'second'].map(async (name) => {
      await run.answer('r/q', 1, { id: 'one' });
      told.push(name);
    });
    await nextJob();
    expect(told).toEqual([]);
    await store.letAll();
    await Promise.all(given);
    expect(await store.rows('r', 'answer', {})).toHaveLength(1);
  });

  const ending = setup({
    types: typed<{ events: { type: 'go' } }>(),
    actors: { ask: inputRequest() },
  }).createMachine({
    id: 'ending',
    initial: 'a',
    states: {
      a: { on: { go: 'b' } },
      b: { invoke: { src: 'ask', id: 'q', onDone: 'c' } },
      c: { type: 'final' },
    },
  });

  it.for([
    ['goes on', machine],
    ['ends', ending],
  ] as const)(
    'that is given again while its question opens waits no more, where the run %s',
    async ([, asks]) => {
      const store = memoryStore();
      const commit = vi.spyOn(store, 'commit');
      const logger = vi.fn();
      const runtime = createRuntime({ store, logger });
      const run = await runtime.start(asks, { id: 'r' });
      expect(await run.answer('r/q', 1, { id: 'one' })).toEqual({ delivered: false });
      const went = run.send({ type: 'go' });
      expect(await run.answer('r/q', 1, { id: 'one' })).toMatchObject({ delivered: true, accepted: true });
      await went;
      await expect.poll(() => store.rows('r', 'answer', {})).toMatchObject([{ key: 'r/q' }]);
      expect(await runtime.recordOf('r/q')).toMatchObject({ status: 'answered', id: 'one', others: [] });
      // With the turn that took it: no crash comes between.
      const drops = commit.mock.calls
        .flatMap(([batch]) => batch)
        .filter(({ drop }) => drop?.[0]?.kind === 'answer');
      expect(drops[0]?.close).toEqual(['r/q']);
      expect(logger).not.toHaveBeenCalled();
    },
  );

  it('comes too late as soon as the run has ended, also where that is not committed yet', async () => {
    const { store, run } = await startedSlow();
    const ended = run.send({ type: 'end' });
    const answered = run.answer('r/q', 1);
    answered.catch(() => {});
    await nextJob();
    await store.letAll();
    expect(await ended).toMatchObject({ accepted: true });
    await expect(answered).rejects.toMatchObject({ code: 'RUN_CLOSED' });
    await expect(run.send({ type: 'end' })).rejects.toThrow('is at its end');
    expect(await store.rows('r', 'answer', {})).toEqual([]);
  });

  async function startedSlow() {
    const store = slowStore(memoryStore());
    const starting = createRuntime({ store, logger: () => {} }).start(machine, { id: 'r' });
    await expect.poll(() => store.waiting).toBe(1);
    await store.letOne();
    return { store, run: await starting };
  }
});

it('an answer to a question whose turn is taken back waits until it opens again', async () => {
  const store = stagedStore(asynchronous(memoryStore()));
  const machine = setup({ actors: { ask: inputRequest() } }).createMachine({
    id: 'refused',
    initial: 'a',
    states: { a: { on: { go: 'b' } }, b: { invoke: { src: 'ask', id: 'q', onDone: 'c' } }, c: {} },
  });
  const run = await createRuntime({ store, logger: () => {} }).start(machine, { id: 'r' });
  store.always(
    refusesWhere(({ checkpoints = [] }) => checkpoints.some(({ header }) => header.includes('"go"'))),
  );
  const going = expect(run.send({ type: 'go' })).rejects.toMatchObject({ code: 'STORE' });
  expect(await run.answer('r/q', 1)).toEqual({ delivered: false });
  await going;
  store.always(undefined);
  await run.send({ type: 'go' });
  await expect.poll(() => run.getSnapshot().value).toBe('c');
});

it('an answer goes to no other question where the code of its schema has closed its own', async () => {
  let meddle: (() => void) | undefined;
  const schema = z.string().refine(() => (meddle?.(), true));
  const machine = setup({}).createMachine({
    id: 'm',
    initial: 'one',
    states: {
      one: {
        tags: 'waitingForInput',
        meta: { input: { event: 'told', schema } },
        on: { told: 'two', skip: 'two' },
      },
      two: { tags: 'waitingForInput', meta: { input: { event: 'told' } }, on: { told: 'three' } },
      three: {},
    },
  });
  const run = await createRuntime({ store: memoryStore() }).start(machine, { id: 'r' });
  meddle = () => {
    meddle = undefined;
    void run.send({ type: 'skip' });
  };
  await expect(run.answer('r:m.one', 'A')).rejects.toThrow(InputClosedError);
  expect(run.getSnapshot().value).toBe('two');
  expect(run.pendingInputs.map(({ id }) => id)).toEqual(['r:m.two']);
});

it('questions keep the order in which they opened, while one is answered and after that is refused', async () => {
  const store = stagedStore(asynchronous(memoryStore()));
  const machine = setup({ actors: { ask: inputRequest() } }).createMachine({
    id: 'm',
    invoke: ['a', 'b', 'c'].map((id) => ({ src: 'ask' as const, id })),
  });
  const run = await createRuntime({ store, logger: () => {} }).start(machine, { id: 'r' });
  const asked = (): string[] => run.pendingInputs.map(({ actor }) => actor);
  store.always(refusesWhere(({ close = [] }) => close.length > 0));
  const answering = expect(run.answer('r/b', 1)).rejects.toMatchObject({ code: 'STORE' });
  expect(asked()).toEqual(['a', 'b', 'c']);
  await answering;
  expect(asked()).toEqual(['a', 'b', 'c']);
  store.always(undefined);
  await run.answer('r/b', 1);
  expect(asked()).toEqual(['a', 'c']);
});
