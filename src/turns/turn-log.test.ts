import { createRuntime, StoreError } from 'savepoint';
import type { Run, Runtime, RuntimeOptions, Store } from 'savepoint';
import { memoryStore } from 'savepoint/memory';
import { assign, createMachine, fromPromise, setup, SimulatedClock } from 'xstate';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { counter } from '../../test/support/counter.ts';
import {
  asynchronous,
  failsForNow,
  losesCommit,
  losesReply,
  mortalStore,
  nextJob,
  overriding,
  refuses,
  refusesWhere,
  slowStore,
  stagedStore,
} from '../../test/support/staged-store.ts';
import type { Stage } from '../../test/support/staged-store.ts';
import { stores } from '../../test/support/stores.ts';
import { typed } from '../../test/support/typed.ts';
import type { RunCommit } from '../store.ts';

function runtimeOn(store: Store, options: Partial<RuntimeOptions> = {}): Runtime {
  const runtime = createRuntime({ store, machines: [counter], logger: () => {}, ...options });
  onTestFinished(() => runtime.close({ grace: 0 }).catch(() => {}));
  return runtime;
}

const startedOn = (store: Store, options?: Partial<RuntimeOptions>): Promise<Run<typeof counter>> =>
  runtimeOn(store, options).start(counter, { id: 'order-1' });

const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'resolved',
    (error: { code?: string }) => error.code ?? error,
  );

const countOf = (run: Run<typeof counter>): number => run.getSnapshot().context.count;

const seqsOf = async (run: Run): Promise<number[]> => {
  const seqs: number[] = [];
  for await (const { seq } of run.history()) seqs.push(seq);
  return seqs;
};

const hasSeq =
  (seq: number) =>
  ({ checkpoints = [] }: RunCommit): boolean =>
    checkpoints.some((row) => row.seq === seq);

/** A machine that notes in `done` what was let out, and starts a job for each `job`. */
function acting(done: string[]) {
  return setup({
    types: typed<{ context: { step: number } }>(),
    actors: {
      job: fromPromise(() => {
        done.push('job');
        return new Promise(() => {});
      }),
    },
    actions: { act: ({ event }) => void done.push(event.type) },
  }).createMachine({
    id: 'acting',
    context: { step: 0 },
    initial: 'a',
    on: { '*': { actions: [assign({ step: ({ context }) => context.step + 1 }), 'act'] } },
    states: { a: { on: { work: 'b' } }, b: { invoke: { src: 'job' } } },
  });
}

async function startedSlow(options?: Partial<RuntimeOptions>) {
  const store = slowStore(memoryStore());
  const runtime = runtimeOn(store, options);
  // Else a test that fails would wait for its commits forever.
  onTestFinished(() => store.letAll());
  const starting = runtime.start(counter, { id: 'order-1' });
  await vi.waitFor(() => expect(store.waiting).toBe(1), { interval: 1 });
  await store.letOne();
  return { runtime, store, run: await starting };
}

describe.each(stores)('group commit on %s', (_, makeStore) => {
  it('puts the turns of 100 runs that were sent to in one job into one batch', async () => {
    const store = stagedStore(makeStore());
    const runtime = runtimeOn(store);
    const runs = await Promise.all(
      Array.from({ length: 100 }, (_, n) => runtime.start(counter, { id: `order-${n}` })),
    );
    expect(store.batches.map((batch) => batch.length)).toEqual([100]);
    const receipts = await Promise.all(
      runs.flatMap((run) => [run.send({ type: 'add' }), run.send({ type: 'add' })]),
    );
    expect(store.batches.map((batch) => batch.length)).toEqual([100, 100]);
    expect(new Set(receipts.map(({ seq }) => seq))).toEqual(new Set([2, 3]));
    expect(runs.map(countOf)).toEqual(runs.map(() => 2));
  });

  it('does not let one run in conflict take the others down', async () => {
    const behind = makeStore();
    const store = stagedStore(behind);
    const runtime = runtimeOn(store);
    const runs = await Promise.all(['a', 'b', 'c'].map((id) => runtime.start(counter, { id })));
    store.next((batch, commit) =>
      commit(batch.map((one) => (one.run === 'b' ? { ...one, expect: 7 } : one))),
    );
    const results = await Promise.allSettled(runs.map((run) => run.send({ type: 'add' })));
    expect(results.map((result) => (result.status === 'rejected' ? result.reason : result.value))).toEqual([
      { delivered: true, accepted: true, seq: 2 },
      expect.objectContaining({ code: 'CONFLICT', run: 'b', seq: 1 }),
      { delivered: true, accepted: true, seq: 2 },
    ]);
    expect(await codeOf(runs[1]!.send({ type: 'add' }))).toBe('CONFLICT');
    expect(await codeOf(runs[1]!.done())).toBe('CONFLICT');
    const again = await runtime.open(counter, 'b');
    expect(again).not.toBe(runs[1]);
    expect(await again.send({ type: 'add' })).toMatchObject({ seq: 2 });
  });
});

describe('while a commit is in flight', () => {
  it('turns run on; their snapshots and receipts wait for every turn before them', async () => {
    const { store, run } = await startedSlow();
    const order: number[] = [];
    const seen: number[] = [];
    run.subscribe(({ context }) => void seen.push(context.count));
    const send = () => run.send({ type: 'add' }).then(({ seq }) => order.push(seq!));
    const first = send();
    await nextJob();
    const rest = [send(), send()];
    await nextJob();
    expect([store.waiting, run.seq, countOf(run), order, seen]).toEqual([1, 1, 0, [], []]);
    await store.letOne();
    await first;
    expect([store.waiting, run.seq, countOf(run), order, seen]).toEqual([1, 2, 1, [2], [1]]);
    await store.letOne();
    await Promise.all(rest);
    expect([store.waiting, run.seq, order, seen]).toEqual([0, 4, [2, 3, 4], [1, 2, 3]]);
    await store.letAll();
  });

  it('effects wait for the commit of their turn, and keep their order', async () => {
    const done: string[] = [];
    const store = slowStore(memoryStore());
    const starting = runtimeOn(store).start(acting(done), { id: 'order-1' });
    await vi.waitFor(() => expect(store.waiting).toBe(1), { interval: 1 });
    await store.letOne();
    const run = await starting;
    void run.send({ type: 'one' });
    await nextJob();
    void run.send({ type: 'two' });
    void run.send({ type: 'work' });
    void run.send({ type: 'three' });
    await nextJob();
    expect(done).toEqual([]);
    await store.letOne();
    expect(done).toEqual(['one']);
    await store.letOne();
    expect(done).toEqual(['one', 'two', 'job', 'three']);
    await store.letAll();
  });

  it('the first effects wait for the first commit', async () => {
    const done: string[] = [];
    const store = slowStore(memoryStore());
    const machine = createMachine({ id: 'm', entry: () => void done.push('entered') });
    const starting = runtimeOn(store).start(machine);
    await vi.waitFor(() => expect(store.waiting).toBe(1), { interval: 1 });
    expect(done).toEqual([]);
    await store.letAll();
    await starting;
    expect(done).toEqual(['entered']);
  });

  it('flush waits for the turns so far, and for no later ones', async () => {
    const { store, run } = await startedSlow();
    await run.flush();
    void run.send({ type: 'add' });
    await nextJob();
    void run.send({ type: 'add' });
    let flushed = 0;
    const flushing = run.flush().then(() => (flushed = run.seq));
    await store.letOne();
    expect(flushed).toBe(0);
    void run.send({ type: 'add' });
    await store.letOne();
    await flushing;
    expect(flushed).toBe(3);
    await store.letAll();
  });

  it('a release ends, though the run is put into quarantine meanwhile', async () => {
    const store = slowStore(memoryStore());
    onTestFinished(() => store.letAll());
    const clock = new SimulatedClock();
    const machine = setup({ types: typed<{ context: { made: unknown } }>() }).createMachine({
      id: 'poison',
      context: { made: undefined },
      on: { poke: {} },
      initial: 'waiting',
      states: {
        waiting: { after: { 1000: 'over' } },
        over: { entry: assign({ made: () => () => 'what cannot be stored' }) },
      },
    });
    const runtime = runtimeOn(store, { clock });
    const starting = runtime.start(machine, { id: 'order-1' });
    await vi.waitFor(() => expect(store.waiting).toBe(1), { interval: 1 });
    await store.letOne();
    const run = await starting;
    const sent = run.send({ type: 'poke' });
    await nextJob();
    const releasing = run.release();
    clock.increment(1000);
    await store.letAll();
    await releasing;
    expect(await sent).toMatchObject({ seq: 2 });
    expect(await store.runs({ run: 'order-1', limit: 1 })).toMatchObject([{ status: 'quarantined' }]);
  });

  it('a release waits for the turns so far', async () => {
    const { store, run } = await startedSlow();
    const sent = [run.send({ type: 'add' })];
    await nextJob();
    sent.push(run.send({ type: 'add' }));
    const releasing = run.release();
    await nextJob();
    await store.letAll();
    await releasing;
    expect((await Promise.all(sent)).map(({ seq }) => seq)).toEqual([2, 3]);
    expect(await store.runs({ run: 'order-1', limit: 1 })).toMatchObject([{ seq: 3 }]);
  });

  it('a deletion refuses what was not committed', async () => {
    const { runtime, store, run } = await startedSlow();
    const sent = codeOf(run.send({ type: 'add' }));
    await nextJob();
    const deleting = runtime.delete('order-1');
    await store.letAll();
    await deleting;
    expect(await sent).toBe('RUN_CLOSED');
    expect(await codeOf(runtime.get('order-1'))).toBe('RUN_NOT_FOUND');
  });

  it('a turn that is refused by itself does not disturb those in flight', async () => {
    const { store, run } = await startedSlow();
    const first = run.send({ type: 'add' });
    await nextJob();
    const refused = codeOf(run.send({ type: 'keep', value: () => {} }));
    const last = run.send({ type: 'add' });
    await store.letAll();
    expect([(await first).seq, await refused, (await last).seq]).toEqual([2, 'NOT_SERIALIZABLE', 3]);
    expect(countOf(run)).toBe(2);
  });
});

describe('a failure that is known', () => {
  it('is tried again until it goes well, in order, and logged once', async () => {
    const logger = vi.fn();
    const store = stagedStore(memoryStore());
    const run = await startedOn(store, { logger });
    store.next(failsForNow, failsForNow, failsForNow);
    const sent = run.send({ type: 'add' });
    await nextJob();
    const later = run.send({ type: 'add' });
    expect([(await sent).seq, (await later).seq]).toEqual([2, 3]);
    expect(logger).toHaveBeenCalledTimes(1);
    expect(await seqsOf(run)).toEqual([1, 2, 3]);
  });

  it('is tried again more and more slowly', async () => {
    const store = stagedStore(memoryStore());
    const run = await startedOn(store);
    const times: number[] = [];
    store.always((batch, commit) => {
      times.push(performance.now());
      return times.length < 5 ? failsForNow(batch, commit) : commit(batch);
    });
    await run.send({ type: 'add' });
    const waits = times.slice(1).map((time, at) => time - times[at]!);
    expect(waits[3]).toBeGreaterThan(waits[0]! * 2);
  });

  it('closes the run when the lease ends before it goes well', async () => {
    const behind = memoryStore();
    let down = false;
    const store = overriding(behind, {
      commit: (batch) =>
        down
          ? batch.map(() => ({ status: 'failed' as const, error: new Error('no disk'), retry: true }))
          : behind.commit(batch),
      lease: (owner, ms) => {
        if (down) throw new StoreError('no disk', 'failed');
        return behind.lease(owner, ms);
      },
    });
    const run = await startedOn(store, { limits: { lease: 150 } });
    down = true;
    await expect(run.send({ type: 'add' })).rejects.toMatchObject({
      code: 'STORE',
      outcome: 'failed',
      cause: { message: 'no disk' },
    });
    expect(await codeOf(run.send({ type: 'add' }))).toBe('STORE');
  });

  it('that will not go away refuses just its turn; the later ones are relayed again', async () => {
    const store = stagedStore(memoryStore());
    const run = await startedOn(store);
    store.always(
      refusesWhere(({ checkpoints = [] }) => checkpoints.some(({ header }) => header.includes('"keep"'))),
    );
    const results = await Promise.allSettled([
      run.send({ type: 'add' }, { id: 'one' }),
      run.send({ type: 'keep', value: 1 }, { id: 'two' }),
      run.send({ type: 'add' }, { id: 'three' }),
      run.send({ type: 'ask' }),
      run.send({ type: 'back' }),
    ]);
    expect(
      results.map((result) => (result.status === 'rejected' ? result.reason : result.value.seq)),
    ).toEqual([2, expect.objectContaining({ code: 'STORE', outcome: 'failed' }), 3, 4, 5]);
    expect(run.getSnapshot()).toMatchObject({ value: 'counting', context: { count: 2 } });
    expect(run.getSnapshot().context).not.toHaveProperty('kept');
    store.always(undefined);
    expect(await run.send({ type: 'add' }, { id: 'three' })).toMatchObject({ seq: 3 });
    expect(await run.send({ type: 'keep', value: 1 }, { id: 'two' })).toMatchObject({ seq: 6 });
    await run.release();
    expect((await runtimeOn(store).open(counter, 'order-1')).getSnapshot().context).toEqual({
      count: 2,
      kept: 1,
    });
  });

  it('that will not go away lets no effect of its turn out, and each of the others once', async () => {
    const done: string[] = [];
    const store = stagedStore(memoryStore());
    const run = await runtimeOn(store).start(acting(done), { id: 'order-1' });
    store.always(
      refusesWhere(({ checkpoints = [] }) => checkpoints.some(({ header }) => header.includes('"two"'))),
    );
    await Promise.allSettled([
      run.send({ type: 'one' }),
      run.send({ type: 'two' }),
      run.send({ type: 'work' }),
      run.send({ type: 'three' }),
    ]);
    expect(done).toEqual(['one', 'job', 'three']);
    expect(run.getSnapshot().context.step).toBe(2);
  });

  it('that will not go away refuses turns on an asynchronous store in the same way', async () => {
    const behind = stagedStore(memoryStore());
    behind.always(
      refusesWhere(({ checkpoints = [] }) => checkpoints.some(({ header }) => header.includes('"keep"'))),
    );
    const run = await startedOn(asynchronous(behind));
    const first = codeOf(run.send({ type: 'keep', value: 1 }));
    await nextJob();
    const later = [run.send({ type: 'add' }), run.send({ type: 'add' })];
    expect(await first).toBe('STORE');
    expect((await Promise.all(later)).map(({ seq }) => seq)).toEqual([2, 3]);
    expect(countOf(run)).toBe(2);
  });

  it('that will not go away refuses a start, and leaves nothing behind', async () => {
    const done: string[] = [];
    const store = stagedStore(memoryStore());
    const runtime = createRuntime({ store });
    store.next(refuses);
    const machine = createMachine({ id: 'm', entry: () => void done.push('entered') });
    await expect(runtime.start(machine, { id: 'order-1' })).rejects.toMatchObject({
      code: 'STORE',
      outcome: 'failed',
    });
    expect(done).toEqual([]);
    expect((await runtime.start(machine, { id: 'order-1' })).seq).toBe(1);
  });

  it('that will not go away does not cost the other turns their blobs', async () => {
    const store = stagedStore(memoryStore());
    const run = await startedOn(store);
    const kept = new Uint8Array(9000).fill(7);
    store.next(refuses, (batch, commit) => commit(batch), refuses);
    expect(
      await Promise.all([codeOf(run.send({ type: 'keep', value: kept })), codeOf(run.send({ type: 'add' }))]),
    ).toEqual(['resolved', 'STORE']);
    expect((await run.checkpoint(2)).snapshot).toMatchObject({ context: { kept } });
  });

  it('that will not go away leaves an event that is now ignored not accepted', async () => {
    const machine = createMachine({
      id: 'm',
      initial: 'a',
      states: { a: { on: { one: 'b' } }, b: { on: { two: 'c' } }, c: {} },
    });
    const store = stagedStore(memoryStore());
    const run = await runtimeOn(store).start(machine, { id: 'order-1' });
    store.next(refuses, refuses);
    const [one, two] = await Promise.allSettled([run.send({ type: 'one' }), run.send({ type: 'two' })]);
    expect(one).toMatchObject({ status: 'rejected', reason: { code: 'STORE' } });
    expect(two).toEqual({ status: 'fulfilled', value: { delivered: true, accepted: false } });
  });

  it('that will not go away rejects a required event that is now ignored', async () => {
    const machine = createMachine({
      id: 'm',
      initial: 'a',
      states: { a: { on: { one: 'b' } }, b: { on: { two: 'c' } }, c: {} },
    });
    const store = stagedStore(memoryStore());
    const run = await runtimeOn(store).start(machine, { id: 'order-1' });
    store.next(refuses, refuses);
    const [, two] = await Promise.all([
      codeOf(run.send({ type: 'one' })),
      codeOf(run.send({ type: 'two' }, { required: true })),
    ]);
    expect(two).toBe('EVENT_NOT_ACCEPTED');
  });
});

describe('a turn that the store refuses', () => {
  const asking = createMachine({
    id: 'asking',
    initial: 'a',
    states: {
      a: { on: { one: 'b', two: 'c' } },
      b: {},
      c: { on: { three: 'd' } },
      d: { tags: ['waitingForInput'] },
    },
  });

  it('does not keep a flush waiting that came after it', async () => {
    const store = stagedStore(memoryStore());
    const run = await startedOn(store);
    store.next(refuses, refuses);
    const sent = [codeOf(run.send({ type: 'add' })), codeOf(run.send({ type: 'add' }))];
    await run.flush();
    expect(await Promise.all(sent)).toEqual(['STORE', 'resolved']);
    expect(await seqsOf(run)).toEqual([1, 2]);
  });

  it('does not keep the receipt of an event waiting that nothing takes', async () => {
    const store = stagedStore(memoryStore());
    const run = await startedOn(store);
    store.next(refuses);
    const refused = codeOf(run.send({ type: 'add' }));
    expect(await run.send({ type: 'unknown' })).toEqual({ delivered: true, accepted: false });
    expect(await refused).toBe('STORE');
  });

  it.each([
    ['a release', (run: Run) => run.release()],
    ['one who waits for rest', (run: Run) => run.settled()],
  ])('does not keep %s waiting', async (_, wait) => {
    const behind = stagedStore(memoryStore());
    const run = await startedOn(asynchronous(behind));
    behind.next(refuses);
    const sent = codeOf(run.send({ type: 'ask' }));
    await Promise.resolve();
    await wait(run);
    expect(await sent).toBe('STORE');
    expect(await behind.runs({ run: 'order-1', limit: 1 })).toMatchObject([{ seq: 1, status: 'idle' }]);
  });

  it('does not stand behind the refusal of an event that nothing took because of it', async () => {
    const store = stagedStore(memoryStore());
    const run = await runtimeOn(store).start(asking, { id: 'order-1' });
    store.next(refuses, refuses);
    const sent = [
      codeOf(run.send({ type: 'one' })),
      run.send({ type: 'two' }, { id: 'click-1' }),
      run.send({ type: 'three' }, { required: true }),
    ];
    expect(await Promise.all(sent)).toEqual([
      'STORE',
      { delivered: true, accepted: true, seq: 2 },
      { delivered: true, accepted: true, seq: 3 },
    ]);
    expect(await run.send({ type: 'two' }, { id: 'click-1' })).toMatchObject({ seq: 2 });
  });

  it('does not keep its status from the listing when a later turn has the same', async () => {
    const store = stagedStore(memoryStore());
    const run = await startedOn(store);
    store.next(refuses);
    expect(await codeOf(run.send({ type: 'ask' }))).toBe('STORE');
    await run.send({ type: 'ask' });
    expect(await store.runs({ run: 'order-1', limit: 1 })).toMatchObject([{ status: 'waitingForInput' }]);
  });

  it('leaves the delays that an opening moved as they were moved', async () => {
    const clock = new SimulatedClock();
    const store = stagedStore(memoryStore());
    const options = { clock, delays: 'remaining' } as const;
    const first = runtimeOn(store, options);
    await (await first.start(counter, { id: 'order-1' })).send({ type: 'sleep' });
    await first.close();
    for (const _ of [1, 2]) {
      clock.increment(3_000_000);
      const runtime = runtimeOn(store, options);
      const run = await runtime.open(counter, 'order-1');
      store.next(refuses);
      expect(await codeOf(run.send({ type: 'add' }))).toBe('STORE');
      await runtime.close();
    }
    const run = await runtimeOn(store, options).open(counter, 'order-1');
    clock.increment(3_599_999);
    expect(run.status).toBe('sleeping');
    clock.increment(1);
    await run.settled();
    expect(run.getSnapshot().value).toBe('counting');
  });
});

describe('an outcome that is unknown', () => {
  const table: [string, Stage[]][] = [
    ['the commit arrived', [losesReply]],
    ['it did not arrive', [losesCommit]],
    ['it is lost twice, then arrives without a reply', [losesCommit, losesCommit, losesReply]],
    ['it fails for now, then its reply is lost', [failsForNow, losesReply]],
  ];

  it.each(table)('is asked for: %s', async (_, stages) => {
    const done: string[] = [];
    const store = stagedStore(memoryStore());
    const run = await runtimeOn(store).start(acting(done), { id: 'order-1' });
    store.next(...stages);
    const sent = [run.send({ type: 'one' }, { id: 'click-1' }), run.send({ type: 'two' })];
    await nextJob();
    sent.push(run.send({ type: 'three' }));
    expect((await Promise.all(sent)).map(({ seq }) => seq)).toEqual([2, 3, 4]);
    expect(done).toEqual(['one', 'two', 'three']);
    expect(await run.send({ type: 'one' }, { id: 'click-1' })).toMatchObject({ seq: 2 });
    expect(await seqsOf(run)).toEqual([1, 2, 3, 4]);
    expect((await run.checkpoint(4)).snapshot).toMatchObject({ context: { step: 3 } });
  });

  it.each(table)('of a start is asked for: %s', async (_, stages) => {
    const done: string[] = [];
    const store = stagedStore(memoryStore());
    store.next(...stages);
    const machine = createMachine({ id: 'm', entry: () => void done.push('entered'), on: { go: {} } });
    const run = await runtimeOn(store).start(machine, { id: 'order-1' });
    expect(done).toEqual(['entered']);
    expect(await run.send({ type: 'go' })).toMatchObject({ seq: 2 });
  });

  const arrived = table.filter(([, stages]) => stages.includes(losesReply));
  const released = async (stages: Stage[]): Promise<void> => {
    const behind = memoryStore();
    const store = stagedStore(behind);
    const run = await startedOn(store);
    await run.send({ type: 'add' });
    store.next(...stages);
    await run.release();
    expect(countOf(await runtimeOn(behind).open(counter, 'order-1'))).toBe(1);
  };

  it('of a release is asked for: it did not arrive', () => released([losesCommit]));

  it.each(arrived)('of a release is asked for: %s', (_, stages) => released(stages));

  it('is asked for again where the store does not answer that either', async () => {
    const behind = memoryStore();
    const staged = stagedStore(behind);
    let deaf = 0;
    const store = overriding(staged, {
      runs: (scan) => {
        if (deaf-- > 0) throw new StoreError('still gone', 'unknown');
        return behind.runs(scan);
      },
    });
    const run = await startedOn(store);
    staged.next(losesReply);
    deaf = 3;
    expect(await run.send({ type: 'add' })).toMatchObject({ seq: 2 });
    expect(await seqsOf(run)).toEqual([1, 2]);
  });

  it('closes the run as unknown where the lease ends before it is known', async () => {
    const behind = memoryStore();
    let down = false;
    const fail = (): never => {
      throw new StoreError('gone', 'unknown');
    };
    const store = overriding(behind, {
      commit: (batch) => (down ? fail() : behind.commit(batch)),
      runs: (scan) => (down ? fail() : behind.runs(scan)),
      lease: (owner, ms) => (down ? fail() : behind.lease(owner, ms)),
    });
    const run = await startedOn(store, { limits: { lease: 150 } });
    down = true;
    await expect(run.send({ type: 'add' })).rejects.toMatchObject({ code: 'STORE', outcome: 'unknown' });
  });

  it('closes the run as unknown where the store never answers', async () => {
    const store = mortalStore(memoryStore());
    const runtime = createRuntime({ store, limits: { lease: 100 } });
    const run = await runtime.start(counter);
    store.die();
    expect(await codeOf(run.send({ type: 'add' }))).toBe('STORE');
  });

  it.each([
    ['another writer committed first', { seq: 9 }, 'CONFLICT'],
    ['the run has another owner', { fence: 9 }, 'FENCED'],
  ] as const)('closes the run where %s', async (_, other, code) => {
    const behind = memoryStore();
    const staged = stagedStore(behind);
    let lost = false;
    const store = overriding(staged, {
      runs: async (scan) =>
        (await behind.runs(scan)).map((stored) => (lost ? { ...stored, ...other } : stored)),
    });
    const run = await startedOn(store);
    lost = true;
    staged.next(losesCommit);
    expect(await codeOf(run.send({ type: 'add' }))).toBe(code);
    expect(await codeOf(run.send({ type: 'add' }))).toBe(code);
  });
});

describe('a lease', () => {
  /** A store whose leases end when the test says so. */
  const withLease = () => {
    const behind = memoryStore();
    let lost = false;
    const store = overriding(behind, {
      lease: (owner, ms) => {
        if (lost) throw new StoreError('gone', 'failed');
        return behind.lease(owner, ms);
      },
    });
    return { behind, store, lose: () => void (lost = true), find: () => void (lost = false) };
  };
  const ends = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms + 30));

  it('that another took in time fences the run: nothing is committed, no effect is let out', async () => {
    const { behind, store, lose } = withLease();
    const done: string[] = [];
    const run = await runtimeOn(store, { limits: { lease: 60 } }).start(acting(done), { id: 'order-1' });
    const waiting = codeOf(run.done());
    lose();
    await ends(60);
    const other = await runtimeOn(behind).open(acting([]), 'order-1');
    expect(await codeOf(run.send({ type: 'one' }))).toBe('FENCED');
    expect([await waiting, await codeOf(run.send({ type: 'one' }))]).toEqual(['FENCED', 'FENCED']);
    expect(done).toEqual([]);
    expect([other.seq, (await seqsOf(other)).length]).toEqual([1, 1]);
    expect(await other.send({ type: 'one' })).toMatchObject({ seq: 2 });
  });

  it('that ended between commit and release is renewed first, if nobody took the run', async () => {
    const { store, lose, find } = withLease();
    const done: string[] = [];
    const slow = overriding(store, {
      commit: async (batch) => {
        const outcomes = await store.commit(batch);
        if (done.length === 0 && batch[0]!.expect === 1) await ends(60).then(find);
        return outcomes;
      },
    });
    const run = await runtimeOn(slow, { limits: { lease: 60 } }).start(acting(done), { id: 'order-1' });
    lose();
    expect(await run.send({ type: 'one' })).toMatchObject({ seq: 2 });
    expect(done).toEqual(['one']);
  });

  it('that another took between commit and release keeps the effects in', async () => {
    const { behind, store, lose, find } = withLease();
    const done: string[] = [];
    const slow = overriding(store, {
      commit: async (batch) => {
        const outcomes = await store.commit(batch);
        if (batch[0]!.expect === 1) {
          await ends(60);
          await runtimeOn(behind).open(acting([]), 'order-1');
          find();
        }
        return outcomes;
      },
    });
    const run = await runtimeOn(slow, { limits: { lease: 60 } }).start(acting(done), { id: 'order-1' });
    lose();
    expect(await run.send({ type: 'one' })).toMatchObject({ seq: 2 });
    expect(await codeOf(run.send({ type: 'one' }))).toBe('FENCED');
    expect(done).toEqual([]);
  });

  it('that another took between commit and release lets nobody send the same again', async () => {
    const { behind, store, lose, find } = withLease();
    const other = runtimeOn(behind, { limits: { poll: 10 } });
    const slow = overriding(store, {
      commit: async (batch) => {
        const outcomes = await store.commit(batch);
        if (batch[0]!.expect === 1) {
          lose();
          await ends(60);
          await other.open(acting([]), 'order-1');
          find();
        }
        return outcomes;
      },
    });
    const runtime = runtimeOn(slow, { machines: [acting([])], limits: { lease: 60 } });
    await (await runtime.start(acting([]), { id: 'order-1' })).release();
    expect(await runtime.send('order-1', { type: 'one' })).toMatchObject({ seq: 2 });
    expect(await behind.rows('order-1', 'inbox', {})).toEqual([]);
    expect((await other.open(acting([]), 'order-1')).seq).toBe(2);
  });
});

describe('durability', () => {
  it.each(['async', 'exit'] as const)(
    '%s resolves sends and lets effects out at the end of the turn',
    async (durability) => {
      const done: string[] = [];
      const { store, run } = await startedSlow({ durability });
      const machine = acting(done);
      const starting = runtimeOn(store, { durability }).start(machine, { id: 'order-2' });
      await store.letAll();
      const acted = await starting;
      expect(await run.send({ type: 'work' })).toMatchObject({ seq: 2 });
      expect(await acted.send({ type: 'one' })).toMatchObject({ seq: 2 });
      expect(done).toEqual(['one']);
    },
  );

  it('async commits behind, every seq', async () => {
    const { store, run } = await startedSlow({ durability: 'async' });
    for (const seq of [2, 3, 4]) expect(await run.send({ type: 'add' })).toMatchObject({ seq });
    expect([run.seq, countOf(run)]).toEqual([4, 3]);
    expect(await store.runs({ run: 'order-1', limit: 1 })).toMatchObject([{ seq: 1 }]);
    const flushed = run.flush();
    await store.letAll();
    await flushed;
    expect(await seqsOf(run)).toEqual([1, 2, 3, 4]);
  });

  it('async settles at an end that is committed, not before', async () => {
    const { store, run } = await startedSlow({ durability: 'async' });
    await run.send({ type: 'finish' });
    expect(run.status).toBe('done');
    let isSettled = false;
    const settled = run.settled().then(() => (isSettled = true));
    await nextJob();
    expect(isSettled).toBe(false);
    await store.letAll();
    await settled;
    expect(await store.runs({ run: 'order-1', limit: 1 })).toMatchObject([{ status: 'done' }]);
  });

  it('exit commits only at rest, and keeps only the checkpoints of rests', async () => {
    const store = stagedStore(memoryStore());
    const run = await startedOn(store, { durability: 'exit' });
    await run.send({ type: 'work' });
    for (let by = 1; by <= 3; by++) await run.send({ type: 'add', by });
    await nextJob();
    expect(store.batches).toHaveLength(1);
    await run.send({ type: 'back' });
    await run.settled();
    expect(store.batches).toHaveLength(2);
    expect(await seqsOf(run)).toEqual([1, 6]);
    expect((await run.checkpoint(6)).snapshot).toMatchObject({ value: 'counting', context: { count: 6 } });
    expect(await codeOf(run.checkpoint(3))).toBe('CHECKPOINT_NOT_FOUND');
    await run.send({ type: 'add' });
    await run.settled();
    expect(await seqsOf(run)).toEqual([1, 6, 7]);
    await run.release();
    expect(countOf(await runtimeOn(store).open(counter, 'order-1'))).toBe(7);
  });

  it('exit commits on flush', async () => {
    const run = await startedOn(memoryStore(), { durability: 'exit' });
    await run.send({ type: 'work' });
    await run.send({ type: 'add' });
    await run.flush();
    expect(await seqsOf(run)).toEqual([1, 3]);
    await run.send({ type: 'add' });
    await nextJob();
    expect(await seqsOf(run)).toEqual([1, 3]);
  });

  it('exit does not commit because of an event that nothing takes', async () => {
    const run = await startedOn(memoryStore(), { durability: 'exit' });
    await run.send({ type: 'work' });
    expect(await run.send({ type: 'unknown' })).toEqual({ delivered: true, accepted: false });
    expect(await seqsOf(run)).toEqual([1]);
  });

  it('exit commits rich values, blobs and event ids of the turns between', async () => {
    const store = memoryStore();
    const run = await startedOn(store, { durability: 'exit' });
    const kept = { at: new Date(5), bytes: new Uint8Array(9000).fill(7) };
    await run.send({ type: 'work' });
    await run.send({ type: 'keep', value: kept }, { id: 'click-1' });
    await run.send({ type: 'add' }, { id: 'click-2' });
    await run.release();
    const again = await runtimeOn(store).open(counter, 'order-1');
    expect(again.getSnapshot().context).toEqual({ count: 1, kept });
    expect(await again.send({ type: 'add' }, { id: 'click-2' })).toMatchObject({ accepted: true });
    expect(countOf(again)).toBe(1);
  });

  it.each([
    ['sync', 3],
    ['async', 3],
    ['exit', 0],
  ] as const)('%s: a crash loses what was not committed, and nothing else', async (durability, count) => {
    const behind = memoryStore();
    const store = mortalStore(behind);
    const runtime = createRuntime({ store, durability, limits: { lease: 50 } });
    const run = await runtime.start(counter, { id: 'order-1' });
    await run.send({ type: 'work' });
    for (const id of ['a', 'b', 'c']) await run.send({ type: 'add' }, { id });
    await nextJob();
    store.die();
    run.send({ type: 'add' }).catch(() => {});
    const again = await runtimeOn(behind).open(counter, 'order-1', { wait: 1000 });
    expect(countOf(again)).toBe(count);
    for (const id of ['a', 'b', 'c']) await again.send({ type: 'add' }, { id });
    expect(countOf(again)).toBe(3);
  });

  it('is kept with a run that was started with its own', async () => {
    const store = memoryStore();
    const run = await runtimeOn(store).start(counter, { id: 'order-1', durability: 'exit' });
    await run.release();
    const again = await runtimeOn(store).open(counter, 'order-1');
    await again.send({ type: 'work' });
    await again.send({ type: 'add' });
    await nextJob();
    expect(await seqsOf(again)).toEqual([1]);
  });

  describe.each(['sync', 'async', 'exit'] as const)('%s', (durability) => {
    const refused = async (store: Store): Promise<{ code: unknown; done: string[] }> => {
      const done: string[] = [];
      await runtimeOn(store).start(counter, { id: 'order-1' });
      const machine = createMachine({ id: 'm', entry: () => void done.push('entered') });
      const code = await codeOf(runtimeOn(store, { durability }).start(machine, { id: 'order-1' }));
      await nextJob();
      return { code, done };
    };

    it('refuses the start of an id that is taken, and lets no effect of it out', async () => {
      expect(await refused(memoryStore())).toEqual({ code: 'RUN_EXISTS', done: [] });
      expect(await refused(asynchronous(memoryStore()))).toEqual({ code: 'RUN_EXISTS', done: [] });
    });

    it('gives the output only when it is durable', async () => {
      const { store, run } = await startedSlow({ durability });
      let output: number | undefined;
      const done = run.done().then((value) => (output = value));
      void run.send({ type: 'finish' });
      await nextJob();
      expect(output).toBeUndefined();
      await store.letAll();
      await done;
      expect(await store.runs({ run: 'order-1', limit: 1 })).toMatchObject([{ status: 'done' }]);
    });
  });

  it.each(['async', 'exit'] as const)(
    '%s closes the run where the store never takes what was let out',
    async (durability) => {
      const store = stagedStore(memoryStore());
      const runtime = runtimeOn(store, { durability });
      const run = await runtime.start(counter, { id: 'order-1' });
      store.always(refusesWhere(hasSeq(2)));
      expect(await run.send({ type: 'add' })).toMatchObject({ seq: 2 });
      expect(await codeOf(run.flush())).toBe('STORE');
      expect(await codeOf(run.send({ type: 'add' }))).toBe('STORE');
      store.always(undefined);
      expect(countOf(await runtime.open(counter, 'order-1'))).toBe(0);
    },
  );
});
