import { createRuntime } from 'savepoint';
import type { CheckpointInfo, HistoryQuery, Run, Runtime, RuntimeOptions, Store } from 'savepoint';
import { memoryStore } from 'savepoint/memory';
import {
  assign,
  createActor,
  createMachine,
  fromPromise,
  sendParent,
  sendTo,
  setup,
  SimulatedClock,
} from 'xstate';
import type { AnyStateMachine } from 'xstate';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { counter } from '../test/support/counter.ts';
import { nextJob, slowStore, stagedStore } from '../test/support/staged-store.ts';
import { stores, temporarySqlite } from '../test/support/stores.ts';
import { typed } from '../test/support/typed.ts';
import type { RunCommit } from './store.ts';

function runtimeOn(store: Store, options: Partial<RuntimeOptions> = {}): Runtime {
  const runtime = createRuntime({ store, machines: [counter], logger: () => {}, ...options });
  onTestFinished(() => runtime.close({ grace: 0 }));
  return runtime;
}

const startedOn = (store: Store, options?: Partial<RuntimeOptions>): Promise<Run<typeof counter>> =>
  runtimeOn(store, options).start(counter, { id: 'order-1' });

async function listed(history: AsyncIterable<CheckpointInfo>): Promise<CheckpointInfo[]> {
  const infos: CheckpointInfo[] = [];
  for await (const info of history) infos.push(info);
  return infos;
}

const seqsOf = async (run: Run, query?: HistoryQuery): Promise<number[]> =>
  (await listed(run.history(query))).map(({ seq }) => seq);

const upTo = (last: number): number[] => Array.from({ length: last }, (_, at) => at + 1);

/** What the bytes of one blob may be, too many to be stored where they are used. */
const bytes = (fill: number): Uint8Array => new Uint8Array(9000).fill(fill);

describe.each(stores)('history on %s', (_, makeStore) => {
  it('tells of each checkpoint its seq, time, cause, state value and size', async () => {
    let time = 1000;
    const run = await startedOn(makeStore(), { clock: { setTimeout, clearTimeout, now: () => time++ } });
    await run.send({ type: 'add', by: 2 }, { id: 'click-7', by: 'ann@example.com' });
    await run.send({ type: 'ask' });
    const [first, ...later] = await listed(run.history());
    expect(first).toEqual({
      seq: 1,
      time: expect.any(Number),
      cause: { type: 'start', event: { type: 'xstate.init' } },
      value: 'counting',
      bytes: expect.any(Number),
      kind: 'base',
    });
    const common = { time: expect.any(Number), bytes: expect.any(Number), kind: 'delta' };
    expect(later).toEqual([
      {
        seq: 2,
        value: 'counting',
        cause: { type: 'event', event: { type: 'add' }, id: 'click-7', by: 'ann@example.com' },
        ...common,
      },
      { seq: 3, value: 'asking', cause: { type: 'event', event: { type: 'ask' } }, ...common },
    ]);
    const times = [first!, ...later].map((info) => info.time);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(first!.bytes).toBeGreaterThan(later[0]!.bytes);
  });

  it('goes from old to new, or the other way, and from, to and so many as it is asked', async () => {
    const run = await startedOn(makeStore());
    await Promise.all(upTo(9).map(() => run.send({ type: 'add' })));
    const table: [HistoryQuery, number[]][] = [
      [{}, upTo(10)],
      [{ order: 'asc' }, upTo(10)],
      [{ order: 'desc' }, upTo(10).toReversed()],
      [{ from: 8 }, [8, 9, 10]],
      [{ to: 3 }, [1, 2, 3]],
      [{ from: 4, to: 6 }, [4, 5, 6]],
      [{ from: 4, to: 6, order: 'desc' }, [6, 5, 4]],
      [{ from: 4, to: 6, order: 'desc', limit: 2 }, [6, 5]],
      [{ limit: 1 }, [1]],
      [{ limit: 1, order: 'desc' }, [10]],
      [{ limit: 0 }, []],
      [{ from: 11 }, []],
      [{ to: 0 }, []],
      [{ from: 6, to: 4 }, []],
    ];
    for (const [query, seqs] of table) expect(await seqsOf(run, query), JSON.stringify(query)).toEqual(seqs);
  });

  it('lists each of 450 checkpoints once, also while more are made', async () => {
    const run = await startedOn(makeStore());
    await Promise.all(upTo(449).map(() => run.send({ type: 'add' })));
    for (const order of ['asc', 'desc'] as const) {
      const seqs: number[] = [];
      const before = run.seq;
      for await (const { seq } of run.history({ order })) {
        if (seqs.length === 0) await run.send({ type: 'add' });
        if (seq <= before) seqs.push(seq);
      }
      expect(seqs).toEqual(order === 'asc' ? upTo(before) : upTo(before).toReversed());
    }
  });

  it('gives each checkpoint as it was, over several bases', async () => {
    const store = makeStore();
    const run = await startedOn(store);
    const texts = upTo(40).map((n) => `${n} `.repeat(n * 20));
    for (const value of texts) await run.send({ type: 'keep', value });
    const kinds = (await listed(run.history())).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'base').length).toBeGreaterThan(2);
    expect(kinds.filter((kind) => kind === 'delta').length).toBeGreaterThan(10);
    await run.release();
    const runtime = runtimeOn(store);
    for (const [at, kept] of texts.entries()) {
      const { snapshot, ...info } = await runtime.checkpoint('order-1', at + 2);
      expect(info).toMatchObject({ seq: at + 2, value: 'counting', cause: { event: { type: 'keep' } } });
      expect(snapshot).toMatchObject({ status: 'active', value: 'counting', context: { count: 0, kept } });
    }
  });

  it('gives the definition that wrote it, also of what was written since the last base', async () => {
    const machine = setup({}).createMachine({ id: 'order', version: '3', on: { go: {} } });
    const run = await runtimeOn(makeStore()).start(machine, { id: 'order-1' });
    await run.send({ type: 'go' });
    for (const seq of [1, 2])
      expect((await run.checkpoint(seq)).definition).toEqual({
        machine: 'order',
        version: '3',
        structure: expect.stringMatching(/./),
        xstate: 5,
        format: 1,
      });
  });

  it.each([0, -1, 4, 1.5, NaN, Infinity])('keeps no checkpoint with seq %d', async (seq) => {
    const store = makeStore();
    const run = await startedOn(store);
    await Promise.all([run.send({ type: 'add' }), run.send({ type: 'add' })]);
    const notFound = { code: 'CHECKPOINT_NOT_FOUND', run: 'order-1', seq };
    await expect(run.checkpoint(seq)).rejects.toMatchObject(notFound);
    await expect(runtimeOn(store).checkpoint('order-1', seq)).rejects.toMatchObject(notFound);
  });

  it('can be read of a run that is open elsewhere, released, or at its end', async () => {
    const store = makeStore();
    const runtime = runtimeOn(store);
    const run = await startedOn(store);
    await run.send({ type: 'add' });
    const isThere = async (last: number): Promise<void> => {
      expect(await listed(runtime.history('order-1'))).toHaveLength(last);
      expect((await runtime.checkpoint('order-1', last)).seq).toBe(last);
      expect(await seqsOf(run)).toEqual(upTo(last));
      expect((await run.checkpoint(last)).seq).toBe(last);
    };
    await isThere(2);
    await run.release();
    await isThere(2);
    const again = await runtimeOn(store).open(counter, 'order-1');
    await again.send({ type: 'finish' });
    await again.done();
    await isThere(3);
    expect((await again.checkpoint(3)).snapshot).toMatchObject({ status: 'done', output: 1 });
  });

  it('does not find the history of a run that never was', async () => {
    const runtime = runtimeOn(makeStore());
    await expect(listed(runtime.history('never'))).rejects.toMatchObject({
      code: 'RUN_NOT_FOUND',
      run: 'never',
    });
    await expect(runtime.checkpoint('never', 1)).rejects.toMatchObject({
      code: 'CHECKPOINT_NOT_FOUND',
      run: 'never',
      seq: 1,
    });
  });
});

describe('a checkpoint', () => {
  it('has the same size in the list and by itself', async () => {
    const run = await startedOn(memoryStore());
    await run.send({ type: 'keep', value: 'ä'.repeat(1000) });
    for (const { seq, bytes: size } of await listed(run.history()))
      expect((await run.checkpoint(seq)).bytes).toBe(size);
  });

  it('has the same size in the list and by itself, on SQLite', async () => {
    const run = await startedOn(temporarySqlite());
    await run.send({ type: 'keep', value: 'ä'.repeat(1000) });
    for (const { seq, bytes: size } of await listed(run.history()))
      expect((await run.checkpoint(seq)).bytes).toBe(size);
  });

  it('is what createActor takes', async () => {
    const child = createMachine({
      id: 'child',
      initial: 'small',
      states: { small: { on: { grow: 'large' } }, large: {} },
    });
    const machine = setup({
      types: typed<{ context: { at: Date | undefined } }>(),
      actors: { child },
    }).createMachine({
      id: 'order',
      context: { at: undefined },
      invoke: { src: 'child', id: 'child' },
      on: { grow: { actions: [assign({ at: () => new Date(5) }), sendTo('child', { type: 'grow' })] } },
    });
    const run = await runtimeOn(memoryStore()).start(machine);
    await run.send({ type: 'grow' });
    await run.send({ type: 'grow' });
    const { snapshot } = await run.checkpoint(2);
    const actor = createActor(machine, { snapshot: snapshot as never }).start();
    expect(actor.getSnapshot().context).toEqual({ at: new Date(5) });
    expect(actor.getSnapshot().children.child?.getSnapshot().value).toBe('large');
    actor.stop();
  });

  it('belongs to who reads it: what is done to it does not reach the run, nor the next reader', async () => {
    const run = await startedOn(memoryStore());
    await run.send({ type: 'keep', value: { list: [1] } });
    const { snapshot } = await run.checkpoint(2);
    (snapshot as { context: { kept: { list: number[] } } }).context.kept.list.push(2);
    expect(run.getSnapshot().context.kept).toEqual({ list: [1] });
    expect((await run.checkpoint(2)).snapshot).toMatchObject({ context: { kept: { list: [1] } } });
  });

  it('does not hold what is not committed yet', async () => {
    const store = slowStore(memoryStore());
    const starting = startedOn(store);
    await vi.waitFor(() => expect(store.waiting).toBe(1), { interval: 1 });
    await store.letOne();
    const run = await starting;
    const sent = run.send({ type: 'add' });
    await expect(run.checkpoint(2)).rejects.toMatchObject({ code: 'CHECKPOINT_NOT_FOUND' });
    await store.letAll();
    await sent;
    expect((await run.checkpoint(2)).seq).toBe(2);
  });
});

describe('the cause of a checkpoint', () => {
  const causesOf = async (run: Run): Promise<unknown[]> =>
    (await listed(run.history({ from: 2 }))).map(({ cause }) => cause);

  it('is the delay that was due, with the actor that it went to', async () => {
    const clock = new SimulatedClock();
    const child = createMachine({
      id: 'child',
      initial: 'waiting',
      states: { waiting: { after: { 500: 'over' } }, over: {} },
    });
    const machine = setup({ actors: { child } }).createMachine({
      id: 'order',
      initial: 'open',
      states: { open: { invoke: { src: 'child', id: 'wait' }, after: { 1000: 'late' } }, late: {} },
    });
    const run = await runtimeOn(memoryStore(), { clock }).start(machine);
    clock.increment(1000);
    await run.settled();
    await nextJob();
    expect(await causesOf(run)).toEqual([
      { type: 'delay', event: { type: expect.stringContaining('500') }, actor: 'wait' },
      { type: 'delay', event: { type: 'xstate.after.1000.order.open' } },
    ]);
  });

  it('is the outcome of an effect, with the path of its actor', async () => {
    const work = fromPromise(async () => 7);
    const child = setup({ actors: { work } }).createMachine({
      id: 'child',
      initial: 'working',
      states: { working: { invoke: { src: 'work', id: 'job', onDone: 'over' } }, over: { type: 'final' } },
    });
    const machine = setup({ actors: { child } }).createMachine({
      id: 'order',
      initial: 'open',
      states: { open: { invoke: { src: 'child', id: 'desk', onDone: 'over' } }, over: { type: 'final' } },
    });
    const run = await runtimeOn(memoryStore()).start(machine);
    await run.done();
    expect(await causesOf(run)).toEqual([
      { type: 'actor', event: { type: expect.any(String) }, actor: 'desk/job' },
    ]);
  });

  it('is the event from outside, however many actors take part in its turn', async () => {
    const child = createMachine({ id: 'child', on: { ping: { actions: sendParent({ type: 'pong' }) } } });
    const machine = setup({ actors: { child } }).createMachine({
      id: 'order',
      initial: 'open',
      invoke: { src: 'child', id: 'child' },
      states: {
        open: { on: { ping: { actions: sendTo('child', { type: 'ping' }) }, pong: 'over' } },
        over: {},
      },
    });
    const run = await runtimeOn(memoryStore()).start(machine);
    await run.send({ type: 'ping' }, { by: 'ben@example.com' });
    expect(run.getSnapshot().value).toBe('over');
    expect(await causesOf(run)).toEqual([{ type: 'event', event: { type: 'ping' }, by: 'ben@example.com' }]);
  });
});

describe("with history: 'replace'", () => {
  const replace = { history: 'replace' } as const;

  it('older checkpoints go with the commit that writes the next base', async () => {
    const store = stagedStore(memoryStore());
    const run = await startedOn(store, replace);
    for (const n of upTo(30)) await run.send({ type: 'keep', value: `${n} `.repeat(500) });
    const seqs = await seqsOf(run);
    expect(seqs.length).toBeLessThan(31);
    expect(seqs.at(-1)).toBe(31);
    expect((await run.checkpoint(31)).snapshot).toMatchObject({ context: { kept: '30 '.repeat(500) } });
    await expect(run.checkpoint(1)).rejects.toMatchObject({ code: 'CHECKPOINT_NOT_FOUND' });
    const dropping = store.batches.flat().filter(({ dropBefore }) => dropBefore !== undefined);
    for (const { dropBefore, checkpoints } of dropping)
      expect(checkpoints?.some(({ seq, base }) => base && seq === dropBefore)).toBe(true);
  });

  it('a run goes on from what is kept, over release and open', async () => {
    const store = memoryStore();
    for (let opening = 0; opening < 5; opening++) {
      const run = await runtimeOn(store, replace).ensure(counter, { id: 'order-1' });
      for (const n of upTo(10)) await run.send({ type: 'keep', value: `${n} `.repeat(500) });
      await run.send({ type: 'add' });
      expect(run.getSnapshot().context.count).toBe(opening + 1);
      await run.release();
    }
    expect((await runtimeOn(store).get('order-1')).seq).toBe(56);
  });

  describe.each(stores)('on %s', (_, makeStore) => {
    /** Puts and drops of blobs are followed; what is left must be what the state refers to. */
    const tracked = () => {
      const store = stagedStore(makeStore());
      const keys = (): string[] => {
        const there = new Set<string>();
        const blobs = (rows: RunCommit['drop'] = []) => rows.filter(({ kind }) => kind === 'blob');
        for (const { put, drop } of store.batches.flat()) {
          for (const { key } of blobs(drop)) there.delete(key);
          for (const { key } of blobs(put)) there.add(key);
        }
        return [...there];
      };
      const left = async (): Promise<number> => {
        for (const key of keys()) {
          const [row] = await store.rows('order-1', 'blob', { key });
          expect(row?.value).toBeInstanceOf(Uint8Array);
        }
        return keys().length;
      };
      return { store, left };
    };
    /** Enough changes that a base is written. */
    const toNextBase = async (run: Run<typeof counter>): Promise<void> => {
      const before = run.seq;
      for (let n = 0; n < 400; n++) {
        await run.send({ type: 'add' });
        const infos = await listed(run.history({ from: before + 1, order: 'desc', limit: 1 }));
        if (infos[0]?.kind === 'base') return;
      }
      throw new Error('There was no base.');
    };

    it('a blob that nothing refers to is freed with the next base, one that something does stays', async () => {
      const { store, left } = tracked();
      const run = await startedOn(store, replace);
      await run.send({ type: 'keep', value: { one: bytes(1), two: bytes(2) } });
      expect(await left()).toBe(2);
      await run.send({ type: 'keep', value: { two: bytes(2) } });
      await toNextBase(run);
      expect(await left()).toBe(1);
      await run.release();
      const again = await runtimeOn(store, replace).open(counter, 'order-1');
      expect(again.getSnapshot().context.kept).toEqual({ two: bytes(2) });
    });

    it('they are freed, or stay, as well where the run was opened again in between', async () => {
      const { store, left } = tracked();
      const run = await startedOn(store, replace);
      await run.send({ type: 'keep', value: [bytes(1), bytes(2)] });
      await run.release();
      const second = await runtimeOn(store, replace).open(counter, 'order-1');
      await second.send({ type: 'keep', value: [bytes(2), bytes(3)] });
      await second.release();
      const third = await runtimeOn(store, replace).open(counter, 'order-1');
      await toNextBase(third);
      expect(await left()).toBe(2);
      await third.send({ type: 'keep', value: undefined });
      await third.release();
      const fourth = await runtimeOn(store, replace).open(counter, 'order-1');
      await toNextBase(fourth);
      expect(await left()).toBe(0);
    });

    it('one that was freed and comes back is stored again', async () => {
      const { store, left } = tracked();
      const run = await startedOn(store, replace);
      for (let round = 0; round < 2; round++) {
        await run.send({ type: 'keep', value: bytes(1) });
        expect(await left()).toBe(1);
        await run.send({ type: 'keep', value: 'none' });
        await toNextBase(run);
        expect(await left()).toBe(0);
      }
      await run.send({ type: 'keep', value: bytes(1) });
      await run.release();
      const again = await runtimeOn(store, replace).open(counter, 'order-1');
      expect(again.getSnapshot().context.kept).toEqual(bytes(1));
    });

    it('one that comes back in the turn after the base stays, also where both are one commit', async () => {
      const { store, left } = tracked();
      const run = await startedOn(store, replace);
      await run.send({ type: 'keep', value: bytes(1) });
      const sent: Promise<unknown>[] = [run.send({ type: 'keep', value: 'none' })];
      for (let n = 0; n < 200; n++) sent.push(run.send({ type: 'add' }));
      sent.push(run.send({ type: 'keep', value: bytes(1) }));
      for (let n = 0; n < 200; n++) sent.push(run.send({ type: 'add' }));
      await Promise.all(sent);
      expect(await left()).toBe(1);
      await run.release();
      const again = await runtimeOn(store, replace).open(counter, 'order-1');
      expect(again.getSnapshot().context.kept).toEqual(bytes(1));
    });
  });

  it('a run that was kept whole loses its older checkpoints once it is opened so', async () => {
    const store = memoryStore();
    const run = await startedOn(store);
    for (const n of upTo(10)) await run.send({ type: 'keep', value: `${n} `.repeat(1000) });
    expect(await seqsOf(run)).toEqual(upTo(11));
    await run.release();
    const again = await runtimeOn(store, replace).open(counter, 'order-1');
    for (const n of upTo(10)) await again.send({ type: 'keep', value: `${n} `.repeat(1000) });
    expect((await seqsOf(again))[0]).toBeGreaterThan(11);
  });
});

it('the state value is that of the root, also where it is parallel or has none', async () => {
  const runtime = runtimeOn(memoryStore());
  const valueOf = async (machine: AnyStateMachine): Promise<unknown> =>
    (await listed((await runtime.start(machine)).history()))[0]!.value;
  const nested = { a: {}, b: { initial: 'c', states: { c: {} } } };
  expect(await valueOf(createMachine({ id: 'm', type: 'parallel', states: nested }))).toEqual({
    a: {},
    b: 'c',
  });
  expect(await valueOf(createMachine({ id: 'm' }))).toEqual({});
});
