/** Runs that nobody has loaded, or that another process holds. */
import { assign, fromPromise, setup } from 'xstate';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { memoryStore } from '../../adapters/memory.ts';
import {
  asynchronous,
  mortalStore,
  nextJob,
  overriding,
  slowStore,
} from '../../test/support/staged-store.ts';
import { stores } from '../../test/support/stores.ts';
import { typed } from '../../test/support/typed.ts';
import {
  createRuntime,
  inputRequest,
  InputClosedError,
  InvalidArgumentError,
  RunClosedError,
  RunNotFoundError,
  StoreError,
  type InputEvent,
  type RuntimeOptions,
} from '../index.ts';

const counting = setup({
  types: typed<{ context: { seen: string[] }; events: { type: 'add'; what: string } | { type: 'end' } }>(),
}).createMachine({
  id: 'counting',
  context: { seen: [] },
  initial: 'open',
  states: {
    open: {
      on: {
        add: { actions: assign({ seen: ({ context, event }) => [...context.seen, event.what] }) },
        end: 'over',
      },
    },
    over: { type: 'final' },
  },
});

const asking = setup({
  types: typed<{ context: { answer: string; n: number } }>(),
  actors: { ask: inputRequest({ schema: z.object({ text: z.string() }) }) },
}).createMachine({
  id: 'asking',
  context: { answer: '', n: 0 },
  initial: 'asking',
  states: {
    asking: {
      invoke: {
        src: 'ask',
        id: 'q',
        input: { prompt: 'Well?', assignee: 'ann@example.com' },
        onDone: {
          target: 'over',
          actions: assign({ answer: ({ event }) => event.output.text, n: ({ context }) => context.n + 1 }),
        },
      },
    },
    over: {},
  },
});

const never = new Promise<never>(() => {});

const quiet: Partial<RuntimeOptions> = { logger: () => {}, limits: { poll: 10 } };

describe.each(stores)('send() on %s', (_, make) => {
  it('opens a run that nobody has, delivers, and lets go of it at rest', async () => {
    const store = make();
    const runtime = createRuntime({ store, machines: [counting], ...quiet });
    await (await runtime.start(counting, { id: 'r' })).release();
    expect(await runtime.send('r', { type: 'add', what: 'a' }, { id: 'e1' })).toEqual({
      delivered: true,
      accepted: true,
      seq: 2,
    });
    expect(await runtime.send('r', { type: 'add', what: 'again' }, { id: 'e1' })).toMatchObject({ seq: 2 });
    expect(await runtime.send('r', { type: 'nothing' })).toEqual({ delivered: true, accepted: false });
    await expect(runtime.send('r', { type: 'nothing' }, { required: true })).rejects.toMatchObject({
      code: 'EVENT_NOT_ACCEPTED',
    });
    const other = createRuntime({ store, ...quiet });
    await expect
      .poll(() =>
        other.open(counting, 'r').then(
          (run) => run.getSnapshot().context.seen,
          () => [],
        ),
      )
      .toEqual(['a']);
  });

  it('leaves the event for another process that holds the run, in order, once for each id', async () => {
    const store = make();
    const holder = createRuntime({ store, ...quiet });
    const run = await holder.start(counting, { id: 'r' });
    const other = createRuntime({ store, machines: [counting], ...quiet });
    for (const what of ['a', 'b', 'c'])
      expect(await other.send('r', { type: 'add', what }, { id: what, by: 'ben' })).toEqual({
        delivered: false,
      });
    expect(await other.send('r', { type: 'add', what: 'a' }, { id: 'a' })).toMatchObject({
      delivered: expect.any(Boolean),
    });
    await expect.poll(() => run.getSnapshot().context.seen).toEqual(['a', 'b', 'c']);
    expect(await other.send('r', { type: 'add', what: 'a' }, { id: 'a' })).toEqual({
      delivered: true,
      accepted: true,
      seq: 2,
    });
    // The holder finds the id used, too.
    expect(await run.send({ type: 'add', what: 'a' }, { id: 'a' })).toMatchObject({ seq: 2 });
    expect(run.getSnapshot().context.seen).toEqual(['a', 'b', 'c']);
    const by: unknown[] = [];
    for await (const { cause } of run.history()) by.push(cause.by);
    expect(by).toEqual([undefined, 'ben', 'ben', 'ben']);
  });

  it('counts an id once that another process left just before', async () => {
    const store = make();
    const holder = createRuntime({ store, logger: () => {}, limits: { poll: 60_000 } });
    const run = await holder.start(counting, { id: 'r' });
    const other = createRuntime({ store, ...quiet });
    await other.send('r', { type: 'add', what: 'theirs' }, { id: 'x' });
    const receipt = await run.send({ type: 'add', what: 'ours' }, { id: 'x' });
    expect(receipt).toMatchObject({ delivered: true, accepted: true });
    expect(run.getSnapshot().context.seen).toEqual(['theirs']);
  });

  it('stores the event where the machine is not known, for whoever knows it', async () => {
    const store = make();
    await (await createRuntime({ store }).start(counting, { id: 'r' })).release();
    const stranger = createRuntime({ store, ...quiet });
    expect(await stranger.send('r', { type: 'add', what: 'a' })).toEqual({ delivered: false });
    const runtime = createRuntime({ store, machines: [counting], ...quiet });
    const report = await runtime.recover();
    expect(report).toEqual({ opened: ['r'], quarantined: [], failed: [] });
    const run = await runtime.open(counting, 'r');
    expect(run.getSnapshot().context.seen).toEqual(['a']);
    await runtime.close();
  });

  it('gives the first receipt again, also where the run has ended since, and whoever asks', async () => {
    const store = make();
    const runtime = createRuntime({ store, machines: [counting], ...quiet });
    const run = await runtime.start(counting, { id: 'r' });
    await run.send({ type: 'end' }, { id: 'last' });
    await run.settled();
    const receipt = { delivered: true, accepted: true, seq: 2 };
    expect(await runtime.send('r', { type: 'end' }, { id: 'last' })).toEqual(receipt);
    const stranger = createRuntime({ store, ...quiet });
    expect(await stranger.send('r', { type: 'end' }, { id: 'last' })).toEqual(receipt);
    await expect(stranger.send('r', { type: 'end' }, { id: 'later' })).rejects.toBeInstanceOf(RunClosedError);
  });

  it('tells of a run that is missing, at its end, or deleted', async () => {
    const store = make();
    const runtime = createRuntime({ store, machines: [counting], ...quiet });
    await expect(runtime.send('nobody', { type: 'add' })).rejects.toBeInstanceOf(RunNotFoundError);
    const run = await runtime.start(counting, { id: 'r' });
    await run.send({ type: 'end' });
    await expect(runtime.send('r', { type: 'add' })).rejects.toBeInstanceOf(RunClosedError);
    await run.settled();
    await expect(runtime.send('r', { type: 'add' })).rejects.toBeInstanceOf(RunClosedError);
    await runtime.delete('r');
    await expect(runtime.send('r', { type: 'add' })).rejects.toMatchObject({
      code: expect.stringMatching(/RUN_/),
    });
    await expect(runtime.send('r', 'add' as never)).rejects.toBeInstanceOf(InvalidArgumentError);
  });
});

describe.each(stores)('answer() on %s', (_, make) => {
  it('from two processes has one winner, and the other is told who', async () => {
    const store = make();
    const holder = createRuntime({ store, ...quiet });
    const run = await holder.start(asking, { id: 'r' });
    const others = [1, 2].map(() => createRuntime({ store, machines: [asking], ...quiet }));
    const results = await Promise.allSettled([
      others[0]!.answer('r/q', { text: 'ann' }, { by: 'ann@example.com' }),
      others[1]!.answer('r/q', { text: 'ben' }, { by: 'ben@example.com' }),
      run.answer('r/q', { text: 'eve' }, { by: 'eve@example.com' }),
    ]);
    await expect.poll(() => run.getSnapshot().context.n).toBe(1);
    const record = await holder.recordOf('r/q');
    const names = ['ann', 'ben', 'eve'];
    const winner = names.indexOf(run.getSnapshot().context.answer);
    expect(record).toMatchObject({ status: 'answered', by: `${names[winner]!}@example.com` });
    results.forEach((result, at) => {
      if (at === winner) expect(result.status).toBe('fulfilled');
      else
        expect(result).toMatchObject({ status: 'rejected', reason: { by: `${names[winner]!}@example.com` } });
    });
  });

  it('is checked before it is left for another process', async () => {
    const store = make();
    await createRuntime({ store, logger: () => {}, limits: { poll: 60_000 } }).start(asking, { id: 'r' });
    const other = createRuntime({ store, machines: [asking], ...quiet });
    await expect(other.answer('r/q', { text: 7 })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    expect(await other.answer('r/q', { text: 'ok' }, { id: 'click', by: 'ann' })).toEqual({
      delivered: false,
    });
    expect(await other.answer('r/q', { text: 'ok' }, { id: 'click', by: 'ann' })).toEqual({
      delivered: false,
    });
    await expect(other.answer('r/q', { text: 'late' })).rejects.toBeInstanceOf(InputClosedError);
  });

  it('that nobody can check is queued, and the first valid one wins', async () => {
    const store = make();
    const holder = createRuntime({ store, logger: () => {}, limits: { poll: 60_000 } });
    const run = await holder.start(asking, { id: 'r' });
    const stranger = createRuntime({ store, ...quiet });
    for (const text of [7, 'first', 'second'])
      expect(await stranger.answer('r/q', { text }, { by: String(text) })).toEqual({ delivered: false });
    await run.release();
    const runtime = createRuntime({ store, machines: [asking], ...quiet });
    await runtime.recover();
    await expect.poll(() => runtime.recordOf('r/q')).toMatchObject({ status: 'answered', by: 'first' });
    expect((await runtime.recordOf('r/q'))?.others).toMatchObject([
      { status: 'refused', by: '7' },
      { status: 'refused', by: 'second' },
    ]);
    await runtime.close();
  });

  it('of another run, of no run, or that is too large is refused', async () => {
    const runtime = createRuntime({ store: make(), machines: [asking], limits: { answerBytes: 1000 } });
    const run = await runtime.start(asking, { id: 'r' });
    await expect(run.answer('s/q', {})).rejects.toBeInstanceOf(InvalidArgumentError);
    await expect(runtime.answer('s/q', {})).rejects.toBeInstanceOf(RunNotFoundError);
    await expect(runtime.answer('nonsense', {})).rejects.toBeInstanceOf(InvalidArgumentError);
    await expect(run.answer('r/q', { text: 'x'.repeat(2000) })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    });
    await expect(run.answer('r/q', { text: () => 1 })).rejects.toMatchObject({ code: 'NOT_SERIALIZABLE' });
    expect(run.pendingInputs).toHaveLength(1);
  });

  it('to a question that never opens is recorded as such at the end of its run', async () => {
    const store = make();
    const runtime = createRuntime({ store, machines: [counting], ...quiet });
    const run = await runtime.start(counting, { id: 'r' });
    await runtime.answer('r/later', 'yes', { by: 'ann' });
    await run.send({ type: 'end' });
    await run.settled();
    await expect
      .poll(() => runtime.recordOf('r/later'))
      .toMatchObject({
        status: 'neverOpened',
        others: [{ status: 'neverOpened', value: 'yes', by: 'ann' }],
      });
    await expect(runtime.answer('r/other', 1)).rejects.toBeInstanceOf(RunClosedError);
  });
});

describe.each(stores)('inputs() on %s', (_, make) => {
  it('lists open questions over all runs, by who is asked, by machine, by tag and by time', async () => {
    const runtime = createRuntime({ store: make() });
    for (let i = 0; i < 5; i++) await runtime.start(asking, { id: `r${i}`, tags: i % 2 ? ['odd'] : [] });
    await runtime.start(counting, { id: 'none' });
    const ids = async (query?: Parameters<typeof runtime.inputs>[0]): Promise<string[]> => {
      const found: string[] = [];
      for await (const { id } of runtime.inputs(query)) found.push(id);
      return found;
    };
    expect(await ids()).toEqual(['r0/q', 'r1/q', 'r2/q', 'r3/q', 'r4/q']);
    expect(await ids({ tag: 'odd', assignee: 'ann@example.com' })).toEqual(['r1/q', 'r3/q']);
    expect(await ids({ machine: 'counting' })).toEqual([]);
    expect(await ids({ run: 'r2', machine: 'asking' })).toEqual(['r2/q']);
    expect(await ids({ before: new Date(5) })).toEqual([]);
  });

  it('watchInputs() tells what opens and closes, here and in other processes', async () => {
    const store = make();
    const here = createRuntime({ store, ...quiet });
    const there = createRuntime({ store, ...quiet });
    const before = await there.start(asking, { id: 'before' });
    const events: string[] = [];
    const watching = (async () => {
      for await (const { type, input } of here.watchInputs({
        machine: 'asking',
      }) as AsyncIterable<InputEvent>) {
        events.push(`${type} ${input.id} ${input.prompt}`);
        if (events.length === 5) return;
      }
    })();
    await expect.poll(() => events).toEqual([]);
    await new Promise((resolve) => setTimeout(resolve, 30));
    const mine = await here.start(asking, { id: 'mine' });
    await expect.poll(() => events).toEqual(['opened mine/q Well?']);
    const theirs = await there.start(asking, { id: 'theirs' });
    await expect.poll(() => events.at(-1)).toBe('opened theirs/q Well?');
    await mine.answer('mine/q', { text: '' });
    await theirs.answer('theirs/q', { text: '' });
    await before.answer('before/q', { text: '' });
    await watching;
    expect(events.slice(2).toSorted()).toEqual([
      'closed before/q Well?',
      'closed mine/q Well?',
      'closed theirs/q Well?',
    ]);
  });
});

it('watching tells of a question once, though it closes while the store is asked', async () => {
  const behind = memoryStore();
  let isLooking = false;
  let look!: () => void;
  const looking = new Promise<void>((resolve) => (look = resolve));
  const store = overriding(asynchronous(behind), {
    questions: async (scan) => {
      const found = await behind.questions(scan);
      if (found.length > 0 && scan.run === undefined) isLooking = true;
      if (isLooking) await looking;
      return found;
    },
  });
  const runtime = createRuntime({ store, ...quiet });
  const told: string[] = [];
  const watching = (async () => {
    for await (const { type } of runtime.watchInputs()) told.push(type);
  })();
  const run = await runtime.start(asking, { id: 'r' });
  await expect.poll(() => isLooking).toBe(true);
  await run.answer('r/q', { text: 'yes' });
  look();
  await new Promise((resolve) => setTimeout(resolve, 50));
  await runtime.close();
  await watching;
  expect(told).toEqual(['opened', 'closed']);
});

it('watching ends with its loop, also while it waits, and with the runtime', async () => {
  const runtime = createRuntime({ store: memoryStore() });
  const watch = runtime.watchInputs();
  const waiting = watch.next();
  await watch.return?.();
  expect(await waiting).toEqual({ value: undefined, done: true });
  const other = runtime.watchInputs().next();
  await runtime.close();
  expect(await other).toEqual({ value: undefined, done: true });
});

it('a message outlives the process that took it and did not commit', async () => {
  const behind = memoryStore();
  const mortal = mortalStore(behind);
  const holder = createRuntime({ store: mortal, logger: () => {}, limits: { lease: 30, poll: 60_000 } });
  await holder.start(counting, { id: 'r' });
  const other = createRuntime({ store: behind, machines: [counting], ...quiet });
  await other.send('r', { type: 'add', what: 'a' });
  mortal.die();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await other.recover()).toMatchObject({ opened: ['r'] });
  const run = await other.open(counting, 'r');
  expect(run.getSnapshot().context.seen).toEqual(['a']);
  expect(await behind.rows('r', 'inbox', {})).toEqual([]);
  await other.close();
});

it('a run that is opened for a moment stays when somebody opens it meanwhile', async () => {
  const runtime = createRuntime({ store: memoryStore(), machines: [counting] });
  await (await runtime.start(counting, { id: 'r' })).release();
  const sending = runtime.send('r', { type: 'add', what: 'a' });
  const run = await runtime.open(counting, 'r');
  await sending;
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(await run.send({ type: 'add', what: 'b' })).toMatchObject({ accepted: true });
  expect(run.getSnapshot().context.seen).toEqual(['a', 'b']);
});

it('an idle effect is no reason to keep a run: a promise is', async () => {
  const working = setup({ actors: { work: fromPromise(() => new Promise(() => {})) } }).createMachine({
    id: 'working',
    invoke: { src: 'work', id: 'work' },
    on: { poke: {} },
  });
  const store = memoryStore();
  const runtime = createRuntime({ store, machines: [working, counting] });
  await (await runtime.start(working, { id: 'busy' })).release();
  await runtime.send('busy', { type: 'poke' });
  const other = createRuntime({ store, machines: [working] });
  await expect(other.open('busy')).rejects.toMatchObject({ code: 'RUN_LOCKED' });
});

it('a message that comes while its run is being let go of is delivered by whoever opens it next', async () => {
  const store = memoryStore();
  let end!: () => void;
  const work = fromPromise(() => new Promise<void>((resolve) => (end = resolve)));
  const machine = setup({
    types: typed<{ context: { seen: string[] }; events: { type: 'add'; what: string } }>(),
    actors: { work },
  }).createMachine({
    id: 'lingering',
    context: { seen: [] },
    invoke: { src: 'work' },
    on: { add: { actions: assign({ seen: ({ context, event }) => [...context.seen, event.what] }) } },
  });
  const runtime = createRuntime({ store, ...quiet });
  const run = await runtime.start(machine, { id: 'r' });
  const closed = runtime.close({ grace: 60_000 });
  const other = createRuntime({ store, ...quiet });
  expect(await other.send('r', { type: 'add', what: 'a' })).toEqual({ delivered: false });
  expect(await other.answer('r/q', 1)).toEqual({ delivered: false });
  // Whoever holds it looks again and again.
  await new Promise((resolve) => setTimeout(resolve, 50));
  end();
  await closed;
  expect(run.getSnapshot().context.seen).toEqual([]);
  const next = await other.open(machine, 'r');
  await expect.poll(() => next.getSnapshot().context.seen).toEqual(['a']);
  await expect.poll(() => other.recordOf('r/q')).toMatchObject({ status: 'early' });
  await other.close({ grace: 0 });
});

it('an event with an id is overtaken neither by an answer nor by a call that were left behind it', async () => {
  const behind = memoryStore();
  const machine = setup({
    types: typed<{ context: { seen: string[] }; events: { type: 'add'; what: string } }>(),
    actors: { ask: inputRequest() },
  }).createMachine({
    id: 'in order',
    context: { seen: [] },
    on: { add: { actions: assign({ seen: ({ context, event }) => [...context.seen, event.what] }) } },
    invoke: {
      src: 'ask',
      id: 'q',
      onDone: { actions: assign({ seen: ({ context }) => [...context.seen, 'answer'] }) },
    },
  });
  const run = await createRuntime({ store: asynchronous(behind), ...quiet, limits: { poll: 50 } }).start(
    machine,
    { id: 'r' },
  );
  const other = createRuntime({ store: behind, ...quiet });
  await other.send('r', { type: 'add', what: 'a' }, { id: 'a' });
  await other.answer('r/q', 1);
  await other.send('r', { type: 'add', what: 'b' }, { id: 'b' });
  await other.cancel('r');
  await expect.poll(() => run.status).toBe('cancelled');
  expect(run.getSnapshot().context.seen).toEqual(['a', 'answer', 'b']);
});

it('a message whose delivery takes for ever holds up no other run', async () => {
  const store = memoryStore();
  const slow = { '~standard': { version: 1 as const, vendor: 'test', validate: () => never } };
  const patient = setup({ actors: { ask: inputRequest({ schema: slow }) } }).createMachine({
    id: 'patient',
    invoke: { src: 'ask', id: 'q' },
  });
  const runtime = createRuntime({ store, ...quiet });
  await runtime.start(patient, { id: 'a' });
  const run = await runtime.start(counting, { id: 'b' });
  const other = createRuntime({ store, ...quiet });
  await other.answer('a/q', 1);
  await new Promise((resolve) => setTimeout(resolve, 50));
  await other.send('b', { type: 'add', what: 'x' });
  await expect.poll(() => run.getSnapshot().context.seen).toEqual(['x']);
});

it('a message is kept while the store cannot say whether its id was used', async () => {
  const behind = memoryStore();
  let failures = 0;
  const store = overriding(behind, {
    rows: (run, kind, scan) => {
      if (kind === 'event' && failures-- > 0) throw new StoreError('The file is busy.', 'failed');
      return behind.rows(run, kind, scan);
    },
  });
  const run = await createRuntime({ store, ...quiet }).start(counting, { id: 'r' });
  failures = 2;
  await createRuntime({ store: behind, ...quiet }).send('r', { type: 'add', what: 'x' }, { id: 'e' });
  await expect.poll(() => run.getSnapshot().context.seen).toEqual(['x']);
});

it('an id that is sent and left at the same time counts once, and its message goes', async () => {
  const behind = memoryStore();
  const store = slowStore(behind);
  const starting = createRuntime({ store, ...quiet }).start(counting, { id: 'r' });
  await expect.poll(() => store.waiting).toBe(1);
  await store.letOne();
  const run = await starting;
  const sent = run.send({ type: 'add', what: 'x' }, { id: 'e' });
  await nextJob();
  await createRuntime({ store: behind, ...quiet }).send('r', { type: 'add', what: 'x' }, { id: 'e' });
  // It has been looked at, and waits for the call.
  await new Promise((resolve) => setTimeout(resolve, 50));
  await store.letAll();
  expect(await sent).toMatchObject({ accepted: true, seq: 2 });
  await expect.poll(() => behind.runs({ undelivered: true, limit: 1 })).toEqual([]);
  expect(run.getSnapshot().context.seen).toEqual(['x']);
});

it('a message whose id was sent before it was looked at goes, also where commits follow behind', async () => {
  const store = memoryStore();
  const limits = { poll: 30 };
  const runtime = createRuntime({ store, ...quiet, limits, durability: 'async' });
  const run = await runtime.start(counting, { id: 'r' });
  await createRuntime({ store, ...quiet }).send('r', { type: 'add', what: 'x' }, { id: 'e' });
  await run.send({ type: 'add', what: 'x' }, { id: 'e' });
  await expect.poll(() => store.runs({ undelivered: true, limit: 1 })).toEqual([]);
  expect(run.getSnapshot().context.seen).toEqual(['x']);
});

it('an answer that a state does not name never keeps one from it that it does', async () => {
  const store = memoryStore();
  const machine = setup({ types: typed<{ events: { type: 'yes' } }>() }).createMachine({
    id: 'tagged',
    initial: 'a',
    states: { a: { tags: 'waitingForInput', on: { yes: 'b' } }, b: {} },
  });
  const holder = createRuntime({ store, ...quiet, limits: { poll: 50 } });
  const run = await holder.start(machine, { id: 'r' });
  const other = createRuntime({ store, machines: [machine], ...quiet });
  expect(await other.answer('r:tagged.a', { type: 'no' })).toEqual({ delivered: false });
  expect(await other.answer('r:tagged.a', { type: 'yes' })).toEqual({ delivered: false });
  await expect.poll(() => run.getSnapshot().value).toBe('b');
});

it('a run at its end takes nothing, also where its machine is not known', async () => {
  const store = memoryStore();
  const run = await createRuntime({ store, ...quiet }).start(counting, { id: 'r' });
  await run.send({ type: 'end' });
  await run.done();
  const stranger = createRuntime({ store, ...quiet });
  await expect(stranger.send('r', { type: 'add' })).rejects.toBeInstanceOf(RunClosedError);
  await expect(stranger.answer('r/q', 1)).rejects.toBeInstanceOf(RunClosedError);
  expect(await store.rows('r', 'inbox', {})).toEqual([]);
});

it('a run that its holder lets go of at this moment is taken anew', async () => {
  const runtime = createRuntime({ store: asynchronous(memoryStore()), machines: [counting], ...quiet });
  let run = await runtime.start(counting, { id: 'r' });
  for (const id of ['a', 'b', 'c']) {
    const sent = runtime.send('r', { type: 'add', what: id }, { id });
    await run.release();
    expect(await sent).toMatchObject({ accepted: true });
    run = await runtime.open(counting, 'r');
  }
  expect(run.getSnapshot().context.seen).toEqual(['a', 'b', 'c']);
});
