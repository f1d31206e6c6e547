import { assign, enqueueActions, fromPromise, setup } from 'xstate';
import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../adapters/memory.ts';
import { mortalStore, nextJob, overriding } from '../../test/support/staged-store.ts';
import { stores } from '../../test/support/stores.ts';
import { typed } from '../../test/support/typed.ts';
import { createRuntime, currentEffect, NotSerializableError, sendToRun, StoreError } from '../index.ts';

/** A machine with named actions that a test gives. */
function tracking(track: (line: string, effectId: string | undefined) => unknown) {
  return setup({
    types: typed<{ context: { n: number }; events: { type: 'go' } | { type: 'twice' } }>(),
    actions: {
      track: ({ context, event }, params: { what: unknown }) =>
        track(`${String(params.what)} ${context.n} ${event.type}`, currentEffect()?.effectId),
      fail: () => {
        throw new Error('broken');
      },
    },
  }).createMachine({
    id: 'tracking',
    context: { n: 0 },
    on: {
      go: {
        actions: [
          assign({ n: ({ context }) => context.n + 1 }),
          { type: 'track', params: ({ context }) => ({ what: context.n }) },
        ],
      },
      twice: {
        actions: [
          { type: 'track', params: { what: 'a' } },
          { type: 'track', params: { what: 'b' } },
        ],
      },
    },
  });
}

describe.each(stores)('the outbox on %s', (_, make) => {
  it('runs a named action once, and is empty at rest', async () => {
    const store = make();
    const lines: string[] = [];
    const machine = tracking((line, id) => lines.push(`${line} ${id}`));
    const run = await createRuntime({ store }).start(machine, { id: 'r' });
    await run.send({ type: 'go' });
    await run.send({ type: 'twice' });
    await run.settled();
    expect(lines).toEqual(['1 1 go r:2.0', 'a 1 twice r:3.0', 'b 1 twice r:3.1']);
    expect(await store.rows('r', 'outbox', {})).toEqual([]);
    expect(run.status).toBe('idle');
    expect((await store.runs({ run: 'r', limit: 1 }))[0]?.status).toBe('idle');
  });

  it('runs what a dead process left again, in order, under the same ids, with the context of its turn', async () => {
    const behind = make();
    const mortal = mortalStore(behind);
    const lines: string[] = [];
    const stuck = tracking((line, id) => {
      lines.push(`first: ${line} ${id}`);
      return new Promise(() => {});
    });
    const first = await createRuntime({ store: mortal, limits: { lease: 50 } }).start(stuck, { id: 'r' });
    await first.send({ type: 'go' });
    await first.send({ type: 'go' });
    await first.send({ type: 'twice' });
    expect(first.status).toBe('running');
    mortal.die();
    const machine = tracking((line, id) => lines.push(`second: ${line} ${id}`));
    const runtime = createRuntime({ store: behind, machines: [machine] });
    const run = await runtime.open('r', { wait: 1000 });
    await run.settled();
    expect(lines).toEqual([
      'first: 1 1 go r:2.0',
      'second: 1 1 go r:2.0',
      'second: 2 2 go r:3.0',
      'second: a 2 twice r:4.0',
      'second: b 2 twice r:4.1',
    ]);
    expect(await behind.rows('r', 'outbox', {})).toEqual([]);
  });

  it('holds a run that is at its end until its last action is done', async () => {
    let release = (): void => {};
    const machine = setup({
      actions: { last: () => new Promise<void>((resolve) => (release = resolve)) as unknown },
    }).createMachine({ id: 'ending', initial: 'end', states: { end: { type: 'final', entry: 'last' } } });
    const store = make();
    const run = await createRuntime({ store }).start(machine, { id: 'r' });
    expect(run.status).toBe('done');
    await run.done();
    expect((await store.runs({ run: 'r', limit: 1 }))[0]?.status).toBe('running');
    release();
    await expect.poll(async () => (await store.runs({ run: 'r', limit: 1 }))[0]?.status).toBe('done');
    expect(await store.rows('r', 'outbox', {})).toEqual([]);
  });
});

it('an action waits for the promise of the one before it, over turns', async () => {
  const lines: string[] = [];
  let settle = (): void => {};
  const machine = tracking((line) => {
    lines.push(line);
    return line.startsWith('1') ? new Promise<void>((resolve) => (settle = resolve)) : undefined;
  });
  const run = await createRuntime({ store: memoryStore() }).start(machine, { id: 'r' });
  await run.send({ type: 'go' });
  await run.send({ type: 'twice' });
  expect(lines).toEqual(['1 1 go']);
  settle();
  await run.settled();
  expect(lines).toEqual(['1 1 go', 'a 1 twice', 'b 1 twice']);
});

it('params that cannot be stored refuse their turn', async () => {
  const machine = setup({ actions: { track: (_args, _params: { what: unknown }) => {} } }).createMachine({
    id: 'refused',
    on: { go: { actions: { type: 'track', params: { what: () => {} } } } },
  });
  const run = await createRuntime({ store: memoryStore() }).start(machine, { id: 'r' });
  const error = await run.send({ type: 'go' }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(NotSerializableError);
  expect(error).toMatchObject({ path: "action('track').params.what" });
  await run.settled();
  expect(run.seq).toBe(1);
});

it('a turn that is refused for its params leaves the next one to tell which definition wrote it', async () => {
  const store = memoryStore();
  const version = (name: string) =>
    setup({ actions: { track: (_args, _params: { what: unknown }) => {} } }).createMachine({
      id: 'refused',
      version: name,
      on: {
        bad: { actions: { type: 'track', params: { what: () => {} } } },
        good: { actions: { type: 'track', params: { what: 1 } } },
      },
    });
  await (await createRuntime({ store }).start(version('1'), { id: 'r' })).release();
  const run = await createRuntime({ store }).open(version('2'), 'r');
  await expect(run.send({ type: 'bad' })).rejects.toBeInstanceOf(NotSerializableError);
  await run.send({ type: 'good' });
  expect((await run.checkpoint(2)).definition.version).toBe('2');
});

it('an event that cannot be stored is no reason to refuse: what can be kept of it is', async () => {
  const store = memoryStore();
  const machine = setup({
    types: typed<{ events: { type: 'go'; n: number; reply: () => void } }>(),
    actions: { wait: () => new Promise(() => {}) as unknown },
  }).createMachine({ id: 'kept', on: { go: { actions: 'wait' } } });
  const run = await createRuntime({ store }).start(machine, { id: 'r' });
  await run.send({ type: 'go', n: 1, reply: () => {} });
  const [row] = await store.rows('r', 'outbox', {});
  expect(JSON.parse(row!.value as string)).toMatchObject({ type: 'wait', event: { type: 'go', n: 1 } });
});

it('an action that throws fails its actor, and is done', async () => {
  const store = memoryStore();
  const machine = setup({
    actions: {
      fail: () => {
        throw new Error('broken');
      },
      after: () => {},
    },
  }).createMachine({ id: 'failing', on: { go: { actions: ['fail', 'after'] } } });
  const run = await createRuntime({ store }).start(machine, { id: 'r' });
  await run.send({ type: 'go' });
  await expect(run.done()).rejects.toThrow('broken');
  await expect.poll(() => store.rows('r', 'outbox', {})).toEqual([]);
});

it('an inline action that may not have run is reported, to the logger and in the history', async () => {
  const behind = memoryStore();
  const mortal = mortalStore(behind);
  const machine = setup({}).createMachine({
    id: 'inline',
    on: {
      go: {
        actions: function notify() {
          mortal.die();
        },
      },
    },
  });
  const first = await createRuntime({ store: mortal, limits: { lease: 50 } }).start(machine, { id: 'r' });
  await first.send({ type: 'go' });
  await nextJob();
  const said: unknown[] = [];
  const runtime = createRuntime({
    store: behind,
    machines: [machine],
    logger: (...args) => said.push(args[0]),
  });
  const run = await runtime.open('r', { wait: 1000 });
  await run.settled();
  expect(said).toEqual([
    expect.stringContaining("The inline action 'notify' of turn 2 of run 'r' may not have run"),
  ]);
  const seen: unknown[] = [];
  for await (const { seq, interrupted } of run.history()) seen.push([seq, interrupted]);
  expect(seen).toEqual([
    [1, undefined],
    [2, ['notify']],
  ]);
});

it('actions of children have ids of their own, and are found again', async () => {
  const behind = memoryStore();
  const mortal = mortalStore(behind);
  const lines: string[] = [];
  const build = (name: string, result: unknown) => {
    const child = setup({
      actions: {
        hello: ({ self }) => {
          lines.push(`${name} ${self.id} ${currentEffect()?.effectId}`);
          return result as void;
        },
      },
    }).createMachine({ id: 'child', entry: enqueueActions(({ enqueue }) => enqueue('hello')) });
    return setup({ actors: { child } }).createMachine({ id: 'parent', invoke: { src: 'child', id: 'kid' } });
  };
  await createRuntime({ store: mortal, limits: { lease: 50 } }).start(build('first', new Promise(() => {})), {
    id: 'r',
  });
  mortal.die();
  const runtime = createRuntime({ store: behind, machines: [build('second', undefined)] });
  await (await runtime.open('r', { wait: 1000 })).settled();
  expect(lines).toEqual(['first kid r/kid:1.0', 'second kid r/kid:1.0']);
});

describe('sendToRun', () => {
  const target = setup({
    types: typed<{ context: { got: number[] }; events: { type: 'paid'; n: number } }>(),
  }).createMachine({
    id: 'target',
    context: { got: [] },
    on: { paid: { actions: assign({ got: ({ context, event }) => [...context.got, event.n] }) } },
  });
  const source = setup({
    types: typed<{ context: { to: string; n: number }; events: { type: 'go' }; input: { to: string } }>(),
    actors: { idle: fromPromise(async () => 1) },
  }).createMachine({
    id: 'source',
    context: ({ input }) => ({ to: input.to, n: 0 }),
    on: {
      go: {
        actions: [
          assign({ n: ({ context }) => context.n + 1 }),
          sendToRun(
            ({ context }) => context.to,
            ({ context }) => ({ type: 'paid', n: context.n }),
          ),
        ],
      },
    },
  });

  it('delivers to a run that is open here, and to one that is not, once', async () => {
    const runtime = createRuntime({ store: memoryStore(), machines: [target, source] });
    const open = await runtime.start(target, { id: 'open' });
    await (await runtime.start(target, { id: 'closed' })).release();
    const a = await runtime.start(source, { id: 'a', input: { to: 'open' } });
    const b = await runtime.start(source, { id: 'b', input: { to: 'closed' } });
    await a.send({ type: 'go' });
    await a.send({ type: 'go' });
    await b.send({ type: 'go' });
    await expect.poll(() => open.getSnapshot().context.got).toEqual([1, 2]);
    await expect.poll(async () => (await runtime.get('closed')).seq).toBe(2);
    expect((await runtime.checkpoint('closed', 2)).snapshot).toMatchObject({ context: { got: [1] } });
  });

  it('to nobody is reported, and does not stop the run', async () => {
    const said: unknown[] = [];
    const runtime = createRuntime({ store: memoryStore(), logger: (...args) => said.push(args) });
    const run = await runtime.start(source, { id: 'a', input: { to: 'nobody' } });
    await run.send({ type: 'go' });
    await run.settled();
    expect(said).toHaveLength(1);
  });

  it('goes on trying while the store fails', async () => {
    const behind = memoryStore();
    let failures = 0;
    const store = overriding(behind, {
      enqueue: (...args) => {
        if (failures-- > 0) throw new StoreError('The file is busy.', 'failed');
        return behind.enqueue(...args);
      },
    });
    const runtime = createRuntime({ store, logger: () => {} });
    const open = await runtime.start(target, { id: 'open' });
    const run = await runtime.start(source, { id: 'a', input: { to: 'open' } });
    failures = 3;
    await run.send({ type: 'go' });
    expect(run.status).toBe('running');
    await expect.poll(() => open.getSnapshot().context.got).toEqual([1]);
    await run.settled();
    expect(await store.rows('a', 'outbox', {})).toEqual([]);
  });
});

it('an action that is run again behind another has the context of its turn', async () => {
  const behind = memoryStore();
  const store = mortalStore(behind);
  const seen: unknown[] = [];
  const acting = (act: (n: number) => unknown) =>
    setup({
      types: typed<{ context: { n: number }; events: { type: 'go' } | { type: 'count' } }>(),
      actions: {
        first: ({ context }) => act(context.n) as void,
        second: ({ context }) => void act(context.n + 100),
      },
    }).createMachine({
      id: 'acting',
      context: { n: 0 },
      on: {
        go: { actions: ['first', 'second'] },
        count: { actions: assign({ n: ({ context }) => context.n + 1 }) },
      },
    });
  const dying = createRuntime({ store, limits: { lease: 20 } });
  await (
    await dying.start(
      acting(() => new Promise(() => {})),
      { id: 'r' },
    )
  ).send({ type: 'go' });
  store.die();
  let open!: () => void;
  const gate = new Promise<void>((resolve) => (open = resolve));
  const machine = acting((n) => {
    seen.push(n);
    return gate;
  });
  const run = await createRuntime({ store: behind }).open(machine, 'r', { wait: 2000 });
  await run.send({ type: 'count' });
  open();
  await run.settled();
  expect(seen).toEqual([0, 100]);
});
