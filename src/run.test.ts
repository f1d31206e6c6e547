import { createRuntime, NotSerializableError, RunClosedError } from 'savepoint';
import type { Run, RunStatus, Runtime, RuntimeOptions, Store } from 'savepoint';
import { memoryStore } from 'savepoint/memory';
import { assign, createMachine, fromCallback, fromPromise, setup, SimulatedClock, waitFor } from 'xstate';
import { describe, expect, it, onTestFinished } from 'vitest';
import { counter } from '../test/support/counter.ts';
import { asynchronous, nextJob, overriding, refuses, stagedStore } from '../test/support/staged-store.ts';
import { stores } from '../test/support/stores.ts';
import { typed } from '../test/support/typed.ts';

function runtimeOn(store: Store, options: Partial<RuntimeOptions> = {}): Runtime {
  const runtime = createRuntime({ store, machines: [counter], logger: () => {}, ...options });
  onTestFinished(() => runtime.close({ grace: 0 }));
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

describe('send', () => {
  it('resolves with the seq of the checkpoint, which is then in the store', async () => {
    const store = memoryStore();
    const run = await startedOn(store);
    expect(await run.send({ type: 'add' })).toEqual({ delivered: true, accepted: true, seq: 2 });
    expect(await store.runs({ run: 'order-1', limit: 1 })).toMatchObject([{ seq: 2 }]);
    expect(run.seq).toBe(2);
    expect(countOf(run)).toBe(1);
  });

  it('shows the new snapshot only once it is committed', async () => {
    const run = await startedOn(memoryStore());
    const sent = run.send({ type: 'add' });
    expect([run.seq, countOf(run)]).toEqual([1, 0]);
    await sent;
    expect([run.seq, countOf(run)]).toEqual([2, 1]);
  });

  it('gives each turn its own seq, in the order of the sends, however many are committed together', async () => {
    const run = await startedOn(memoryStore());
    const receipts = await Promise.all([1, 2, 3, 4].map((by) => run.send({ type: 'add', by })));
    expect(receipts.map(({ seq }) => seq)).toEqual([2, 3, 4, 5]);
    expect(countOf(run)).toBe(10);
  });

  it('tells observers of each committed snapshot once', async () => {
    const run = await startedOn(memoryStore());
    const seen: number[] = [];
    const subscription = run.subscribe(({ context }) => void seen.push(context.count));
    await Promise.all([run.send({ type: 'add' }), run.send({ type: 'unknown' }), run.send({ type: 'add' })]);
    subscription.unsubscribe();
    await run.send({ type: 'add' });
    expect(seen).toEqual([1, 2]);
  });

  it('says of an event that nothing takes that it was not accepted: no turn, no checkpoint', async () => {
    const run = await startedOn(memoryStore());
    expect(await run.send({ type: 'unknown' })).toEqual({ delivered: true, accepted: false });
    expect(run.seq).toBe(1);
  });

  it('says so only when the turns before are durable', async () => {
    const run = await startedOn(asynchronous(memoryStore()));
    const order: string[] = [];
    await Promise.all([
      run.send({ type: 'add' }).then(() => order.push('add')),
      run.send({ type: 'unknown' }).then(() => order.push('unknown')),
    ]);
    expect(order).toEqual(['add', 'unknown']);
  });

  it('rejects a required event that nothing takes, and lists what is accepted now', async () => {
    const run = await startedOn(memoryStore());
    await run.send({ type: 'ask' });
    await expect(run.send({ type: 'finish' }, { required: true })).rejects.toMatchObject({
      code: 'EVENT_NOT_ACCEPTED',
      run: 'order-1',
      event: 'finish',
      accepted: expect.toSatisfy((events: string[]) => events.toSorted().join() === 'add,back,keep'),
    });
    expect(run.seq).toBe(2);
    expect(await run.send({ type: 'back' }, { required: true })).toMatchObject({ accepted: true, seq: 3 });
  });

  it('takes an event that changes nothing but has a transition as a turn', async () => {
    const run = await runtimeOn(memoryStore()).start(createMachine({ id: 'm', on: { touch: {} } }));
    expect(await run.send({ type: 'touch' })).toEqual({ delivered: true, accepted: true, seq: 2 });
  });

  it('takes a turn that only a child takes part in as a turn', async () => {
    const child = createMachine({ id: 'child', initial: 'a', states: { a: { on: { go: 'b' } }, b: {} } });
    const machine = setup({ actors: { child } }).createMachine({
      id: 'parent',
      invoke: { src: 'child', id: 'child' },
    });
    const run = await runtimeOn(memoryStore()).start(machine);
    run.getSnapshot().children['child']!.send({ type: 'go' });
    await run.flush();
    expect(run.seq).toBe(2);
  });

  it('refuses a turn that cannot be stored and leaves the run as it was, alive', async () => {
    const store = memoryStore();
    const run = await startedOn(store);
    await expect(run.send({ type: 'keep', value: { deep: [1, Symbol('no')] } })).rejects.toMatchObject({
      code: 'NOT_SERIALIZABLE',
      actor: '',
      path: 'context.kept.deep[1]',
    });
    expect(run.seq).toBe(1);
    expect(run.getSnapshot().context).toEqual({ count: 0 });
    expect(await run.send({ type: 'add' })).toMatchObject({ seq: 2 });
    await run.release();
    expect(countOf(await runtimeOn(store).open(counter, 'order-1'))).toBe(1);
  });

  it('refuses one turn of several without touching the others', async () => {
    const run = await startedOn(memoryStore());
    const receipts = await Promise.all([
      codeOf(run.send({ type: 'add' })),
      codeOf(run.send({ type: 'keep', value: () => {} })),
      codeOf(run.send({ type: 'add' })),
    ]);
    expect(receipts).toEqual(['resolved', 'NOT_SERIALIZABLE', 'resolved']);
    expect([run.seq, countOf(run)]).toEqual([3, 2]);
  });

  it.each([
    ['released', (run: Run<typeof counter>) => run.release(), 'was released'],
    [
      'at its end',
      (run: Run<typeof counter>) => run.send({ type: 'finish' }).then(() => run.done()),
      'is at its end',
    ],
    [
      'failed',
      (run: Run<typeof counter>) => run.send({ type: 'break' }).then(() => run.done().catch(() => {})),
      'is at its end',
    ],
  ])('is refused on a run that is %s', async (_, end, reason) => {
    const run = await startedOn(memoryStore());
    await end(run);
    await expect(run.send({ type: 'add' })).rejects.toThrow(RunClosedError);
    await expect(run.send({ type: 'add' }, { id: 'click-1' })).rejects.toThrow(reason);
  });

  it('is refused on a run that is being released', async () => {
    const run = await startedOn(memoryStore());
    const releasing = run.release();
    await expect(run.send({ type: 'add' })).rejects.toThrow('is being released');
    await releasing;
  });

  it.each([
    ['released', (run: Run<typeof counter>) => run.release()],
    ['at its end', (run: Run<typeof counter>) => run.send({ type: 'finish' }).then(() => run.done())],
  ])('is refused through run.actor on a run that is %s', async (_, end) => {
    const run = await startedOn(memoryStore());
    await end(run);
    expect(() => run.actor.send({ type: 'add' })).toThrow(RunClosedError);
  });
});

describe.each(stores)('an event id on %s', (_, makeStore) => {
  it('makes twice once: one after the other, and over release and open', async () => {
    const store = makeStore();
    const run = await startedOn(store);
    const first = await run.send({ type: 'add' }, { id: 'click-1' });
    await run.send({ type: 'add' }, { id: 'click-2' });
    expect(await run.send({ type: 'add' }, { id: 'click-1' })).toEqual(first);
    await run.release();
    const again = await runtimeOn(store).open(counter, 'order-1');
    expect(await again.send({ type: 'add' }, { id: 'click-1' })).toEqual(first);
    expect([again.seq, countOf(again)]).toEqual([3, 2]);
  });

  it('makes twice once: both at the same time', async () => {
    const run = await startedOn(makeStore());
    const send = () => run.send({ type: 'add' }, { id: 'click-1' });
    const receipts = await Promise.all([send(), send(), nextJob().then(send)]);
    expect(new Set(receipts.map(({ seq }) => seq))).toEqual(new Set([2]));
    expect(countOf(run)).toBe(1);
  });

  it('is not used up by an event that was refused, nor by one that nothing took', async () => {
    const run = await startedOn(makeStore());
    expect(await codeOf(run.send({ type: 'keep', value: () => {} }, { id: 'click-1' }))).toBe(
      'NOT_SERIALIZABLE',
    );
    expect(await run.send({ type: 'unknown' }, { id: 'click-1' })).toEqual({
      delivered: true,
      accepted: false,
    });
    expect(await codeOf(run.send({ type: 'unknown' }, { id: 'click-1', required: true }))).toBe(
      'EVENT_NOT_ACCEPTED',
    );
    expect(await run.send({ type: 'add' }, { id: 'click-1' })).toEqual({
      delivered: true,
      accepted: true,
      seq: 2,
    });
    expect(await run.send({ type: 'add' }, { id: 'click-1' })).toEqual({
      delivered: true,
      accepted: true,
      seq: 2,
    });
  });

  it('is of one run: another may use it, too', async () => {
    const runtime = runtimeOn(makeStore());
    for (const id of ['a', 'b']) {
      const run = await runtime.start(counter, { id });
      expect(await run.send({ type: 'add' }, { id: 'click-1' })).toMatchObject({ seq: 2 });
    }
  });

  describe.each(['async', 'exit'] as const)('with durability %s', (durability) => {
    it('makes twice once, also before it is durable', async () => {
      const run = await startedOn(asynchronous(makeStore()), { durability });
      await run.send({ type: 'work' });
      const first = await run.send({ type: 'add' }, { id: 'click-1' });
      expect(await run.send({ type: 'add' }, { id: 'click-1' })).toEqual(first);
      await nextJob();
      expect(await run.send({ type: 'add' }, { id: 'click-1' })).toEqual(first);
      expect(countOf(run)).toBe(1);
    });
  });

  it('may be any well-formed text', async () => {
    const run = await startedOn(makeStore());
    const ids = ['a', 'A', 'a ', 'é', 'e\u0301', '😀', '%', '/', "'", '\\', 'x'.repeat(1000)];
    for (const id of ids) await run.send({ type: 'add' }, { id });
    for (const id of ids) await run.send({ type: 'add' }, { id });
    expect(countOf(run)).toBe(ids.length);
  });
});

describe('sends with ids on an asynchronous store', () => {
  const withSlowRows = (...delays: number[]): Store => {
    const behind = memoryStore();
    return overriding(asynchronous(behind), {
      rows: async (...args) => {
        await new Promise((resolve) => setTimeout(resolve, delays.shift() ?? 0));
        return behind.rows(...args);
      },
    });
  };

  it('stay in their order, where one without an id comes after one with', async () => {
    const run = await startedOn(withSlowRows(10));
    await Promise.all([
      run.send({ type: 'keep', value: 1 }, { id: 'click-1' }),
      run.send({ type: 'keep', value: 2 }),
    ]);
    expect(run.getSnapshot().context).toEqual({ count: 0, kept: 2 });
  });

  it('stay in their order, whichever answer of the store comes first', async () => {
    const run = await startedOn(withSlowRows(20, 0));
    await Promise.all([
      run.send({ type: 'keep', value: 1 }, { id: 'click-1' }),
      run.send({ type: 'keep', value: 2 }, { id: 'click-2' }),
    ]);
    expect(run.getSnapshot().context).toEqual({ count: 0, kept: 2 });
  });

  it('are refused where the run is released meanwhile', async () => {
    const run = await startedOn(withSlowRows(10));
    const sent = codeOf(run.send({ type: 'add' }, { id: 'click-1' }));
    await run.release();
    expect(await sent).toBe('RUN_CLOSED');
  });
});

describe('release', () => {
  it('frees the run for others, with all that happened', async () => {
    const store = memoryStore();
    const run = await startedOn(store);
    await run.send({ type: 'add' });
    await run.release();
    expect(countOf(await runtimeOn(store).open(counter, 'order-1'))).toBe(1);
    expect(countOf(run)).toBe(1);
  });

  it('commits what was sent in the same job, and says so', async () => {
    const store = memoryStore();
    const run = await startedOn(store);
    const sent = run.send({ type: 'add' });
    await run.release();
    expect(await sent).toMatchObject({ accepted: true, seq: 2 });
    expect(countOf(await runtimeOn(store).open(counter, 'order-1'))).toBe(1);
  });

  it.each(['ask', 'sleep', 'work', 'finish', 'break'] as const)(
    'leaves the status of the newest turn in the store, also where %s was sent in the same job',
    async (type) => {
      const statuses = {
        ask: 'waitingForInput',
        sleep: 'sleeping',
        work: 'running',
        finish: 'done',
        break: 'failed',
      };
      const store = memoryStore();
      const run = await startedOn(store);
      void run.send({ type });
      await run.release();
      expect(await runtimeOn(store).get('order-1')).toMatchObject({ status: statuses[type] });
    },
  );

  it('may be called twice, and resolves for a run at its end', async () => {
    const run = await startedOn(memoryStore());
    await Promise.all([run.release(), run.release()]);
    await run.release();
    const ended = await startedOn(memoryStore());
    await ended.send({ type: 'finish' });
    await ended.release();
    expect(await ended.done()).toBe(0);
  });

  it('rejects those who wait for something that will not come', async () => {
    const run = await startedOn(memoryStore());
    await run.send({ type: 'work' });
    const waiting = Promise.all([codeOf(run.done()), codeOf(run.settled())]);
    await run.release();
    expect(await waiting).toEqual(['RUN_CLOSED', 'RUN_CLOSED']);
    expect(await codeOf(run.done())).toBe('RUN_CLOSED');
  });

  it('is what run.actor.stop() does', async () => {
    const store = memoryStore();
    const run = await startedOn(store);
    run.actor.stop();
    await nextJob();
    expect((await runtimeOn(store).open(counter, 'order-1')).status).toBe('idle');
  });

  describe('with effects', () => {
    /** A machine with a job whose end the test decides, and what became of it. */
    const withJob = () => {
      const jobs: { end(): void; signal: AbortSignal }[] = [];
      const machine = setup({
        actors: {
          job: fromPromise(
            ({ signal }) =>
              new Promise<string>((resolve) => void jobs.push({ end: () => resolve('done'), signal })),
          ),
        },
      }).createMachine({
        id: 'worker',
        initial: 'first',
        states: {
          first: { invoke: { src: 'job', onDone: 'second' } },
          second: { invoke: { src: 'job', onDone: 'third' } },
          third: {},
        },
      });
      return { jobs, machine };
    };

    it('aborts them at once without grace, and starts them again at the next opening', async () => {
      const { jobs, machine } = withJob();
      const store = memoryStore();
      const run = await runtimeOn(store).start(machine, { id: 'order-1' });
      expect([jobs.length, run.status]).toEqual([1, 'running']);
      await run.release();
      expect(jobs[0]!.signal.aborted).toBe(true);
      jobs[0]!.end();
      const again = await runtimeOn(store).open(machine, 'order-1');
      expect([jobs.length, again.status, again.getSnapshot().value]).toEqual([2, 'running', 'first']);
      jobs[1]!.end();
      await waitFor(again.actor, ({ value }) => value === 'second');
    });

    it('lets them finish for as long as grace lasts', async () => {
      const { jobs, machine } = withJob();
      const store = memoryStore();
      const run = await runtimeOn(store).start(machine, { id: 'order-1' });
      setTimeout(() => jobs[0]!.end(), 20);
      await run.release({ grace: 60 });
      expect(jobs).toHaveLength(1);
      const again = await runtimeOn(store).open(machine, 'order-1');
      expect([jobs.length, again.getSnapshot().value]).toEqual([2, 'second']);
    });

    it('aborts those that go on longer', async () => {
      const { jobs, machine } = withJob();
      const run = await runtimeOn(memoryStore()).start(machine, { id: 'order-1' });
      await run.release({ grace: 30 });
      expect(jobs[0]!.signal.aborted).toBe(true);
    });

    it('does not wait for those that will not be started any more', async () => {
      const { jobs, machine } = withJob();
      const run = await runtimeOn(memoryStore()).start(machine, { id: 'order-1' });
      setTimeout(() => jobs[0]!.end(), 10);
      const before = performance.now();
      await run.release({ grace: 600 });
      expect(performance.now() - before).toBeLessThan(400);
    });

    it('disposes of callbacks', async () => {
      let live = 0;
      const machine = setup({
        actors: {
          listen: fromCallback(() => {
            live++;
            return () => void live--;
          }),
        },
      }).createMachine({ id: 'listener', invoke: { src: 'listen' } });
      const store = memoryStore();
      const run = await runtimeOn(store).start(machine, { id: 'order-1' });
      expect(live).toBe(1);
      await run.release();
      expect(live).toBe(0);
      await (await runtimeOn(store).open(machine, 'order-1')).release({ grace: 1 });
      expect(live).toBe(0);
    });
  });
});

describe('settled', () => {
  it.each(['ask', 'sleep', 'finish', 'break'] as const)(
    'resolves after %s, which is at rest',
    async (type) => {
      const run = await startedOn(memoryStore());
      const sent = run.send({ type });
      await run.settled();
      await sent;
      expect(run.seq).toBeGreaterThan(1);
    },
  );

  it('waits for what runs, and resolves at a rest that is in the store', async () => {
    let end!: () => void;
    const machine = setup({
      actors: { job: fromPromise(() => new Promise<void>((resolve) => (end = resolve))) },
    }).createMachine({
      id: 'worker',
      initial: 'working',
      states: { working: { invoke: { src: 'job', onDone: 'rested' } }, rested: {} },
    });
    const store = asynchronous(memoryStore());
    const run = await runtimeOn(store).start(machine, { id: 'order-1' });
    let settled = false;
    const settling = run.settled().then(() => (settled = true));
    await nextJob();
    expect(settled).toBe(false);
    end();
    await settling;
    expect(await store.runs({ run: 'order-1', limit: 1 })).toMatchObject([{ status: 'idle', seq: 2 }]);
  });
});

describe('settled, for a run that is put into quarantine', () => {
  const poison = setup({ types: typed<{ context: { callback?: () => void } }>() }).createMachine({
    id: 'poison',
    context: {},
    initial: 'waiting',
    states: {
      waiting: { after: { 1000: 'broken' } },
      broken: { entry: assign({ callback: () => () => {} }) },
    },
  });

  it('waits until the store says so, and resolves', async () => {
    const clock = new SimulatedClock();
    const store = asynchronous(memoryStore(), () => 5);
    const run = await runtimeOn(store, { clock }).start(poison, { id: 'order-1' });
    clock.increment(1000);
    await run.settled();
    expect(run.status).toBe('quarantined');
    expect(await store.runs({ run: 'order-1', limit: 1 })).toMatchObject([{ status: 'quarantined' }]);
    await run.settled();
  });

  it('resolves at once where it is opened in quarantine', async () => {
    const clock = new SimulatedClock();
    const store = memoryStore();
    const run = await runtimeOn(store, { clock }).start(poison, { id: 'order-1' });
    clock.increment(1000);
    await run.settled();
    const again = await runtimeOn(store).open(poison, 'order-1');
    await again.settled();
    expect(again.status).toBe('quarantined');
  });
});

describe('done', () => {
  it('gives the output once it is in the store', async () => {
    const store = asynchronous(memoryStore());
    const run = await startedOn(store);
    const done = run.done();
    await run.send({ type: 'add', by: 7 });
    void run.send({ type: 'finish' });
    expect(await done).toBe(7);
    expect(await store.runs({ run: 'order-1', limit: 1 })).toMatchObject([{ status: 'done' }]);
    expect(await run.done()).toBe(7);
  });

  it('throws the error of the machine', async () => {
    const run = await startedOn(memoryStore());
    const done = run.done();
    await run.send({ type: 'break' });
    await expect(done).rejects.toThrow('it broke');
    expect(run.status).toBe('failed');
  });

  it('is known at once for a machine that ends as it starts', async () => {
    const machine = createMachine({
      id: 'short',
      initial: 'end',
      states: { end: { type: 'final' } },
      output: 'over',
    });
    const run = await runtimeOn(memoryStore()).start(machine, { id: 'order-1' });
    expect([run.status, run.seq, await run.done()]).toEqual(['done', 1, 'over']);
  });

  it.each([
    ['the output of', 'finish' as const, { status: 'fulfilled', value: 3 }],
    [
      'the error of',
      'break' as const,
      { status: 'rejected', reason: expect.objectContaining({ message: 'it broke' }) },
    ],
  ])(
    'gives %s a run that is opened at its end, whose snapshot and history can be read',
    async (_, type, result) => {
      const store = memoryStore();
      const run = await startedOn(store);
      await run.send({ type: 'add', by: 3 });
      await run.send({ type });
      await run.done().catch(() => {});
      const again = await runtimeOn(store).open(counter, 'order-1');
      expect([again.status, again.seq]).toEqual([run.status, run.seq]);
      expect(countOf(again)).toBe(3);
      expect(await Promise.allSettled([again.done()])).toEqual([result]);
      await again.settled();
      await again.flush();
      const seqs: number[] = [];
      for await (const { seq } of again.history()) seqs.push(seq);
      expect(seqs).toEqual(Array.from({ length: run.seq }, (_, n) => n + 1));
      expect(await again.checkpoint(1)).toMatchObject({ seq: 1, value: 'counting' });
      expect(await codeOf(again.send({ type: 'add' }))).toBe('RUN_CLOSED');
      await again.release();
    },
  );

  it('completes the observers of a run that is opened at its end', async () => {
    const store = memoryStore();
    const run = await startedOn(store);
    await run.send({ type: 'finish' });
    await run.done();
    const again = await runtimeOn(store).open(counter, 'order-1');
    const told: string[] = [];
    again.subscribe({ next: () => told.push('next'), complete: () => told.push('complete') });
    expect(told).toEqual(['complete']);
  });

  it('lets two runtimes open a run at its end', async () => {
    const store = memoryStore();
    const run = await startedOn(store);
    await run.send({ type: 'finish' });
    await run.done();
    const both = await Promise.all([
      runtimeOn(store).open(counter, 'order-1'),
      runtimeOn(store).open(counter, 'order-1'),
    ]);
    expect(both.map(({ status }) => status)).toEqual(['done', 'done']);
  });
});

describe('status', () => {
  it.each<[string, ('ask' | 'sleep' | 'work' | 'finish' | 'break')[], RunStatus]>([
    ['nothing is left to do', [], 'idle'],
    ['a state is tagged waitingForInput', ['ask'], 'waitingForInput'],
    ['a delay is pending', ['sleep'], 'sleeping'],
    ['an effect runs', ['work'], 'running'],
    ['the machine is at its end', ['finish'], 'done'],
    ['the machine failed', ['break'], 'failed'],
  ])('is, when %s, the same here, in the store, and after an opening', async (_, events, status) => {
    const store = memoryStore();
    const runtime = runtimeOn(store);
    const run = await runtime.start(counter, { id: 'order-1' });
    for (const type of events) await run.send({ type });
    if (status === 'failed') await run.settled();
    expect(run.status).toBe(status);
    await run.flush();
    expect((await runtime.get('order-1')).status).toBe(status);
    await run.release();
    expect((await runtime.get('order-1')).status).toBe(status);
    expect((await runtime.open('order-1')).status).toBe(status);
  });

  it('is waitingForInput where a state of a child of a child is tagged so', async () => {
    const inner = createMachine({
      id: 'inner',
      initial: 'ask',
      states: { ask: { tags: ['waitingForInput'], on: { go: 'rest' } }, rest: {} },
    });
    const middle = setup({ actors: { inner } }).createMachine({
      id: 'middle',
      invoke: { src: 'inner', id: 'inner' },
    });
    const outer = setup({ actors: { middle } }).createMachine({
      id: 'outer',
      invoke: { src: 'middle', id: 'middle' },
    });
    const store = memoryStore();
    const run = await runtimeOn(store).start(outer, { id: 'order-1' });
    expect(run.status).toBe('waitingForInput');
    await run.release();
    const again = await runtimeOn(store).open(outer, 'order-1');
    expect(again.status).toBe('waitingForInput');
    again.getSnapshot().children['middle']!.getSnapshot().children.inner!.send({ type: 'go' });
    await again.flush();
    expect(again.status).toBe('idle');
  });

  it('is running before all others that hold', async () => {
    const machine = setup({ actors: { job: fromPromise(() => new Promise(() => {})) } }).createMachine({
      id: 'busy',
      type: 'parallel',
      states: {
        works: { invoke: { src: 'job' } },
        asks: { tags: ['waitingForInput'] },
        sleeps: { after: { 100_000: {} } },
      },
    });
    expect((await runtimeOn(memoryStore()).start(machine)).status).toBe('running');
  });

  it('is waitingForInput before sleeping', async () => {
    const machine = createMachine({ id: 'reminded', tags: ['waitingForInput'], after: { 100_000: {} } });
    expect((await runtimeOn(memoryStore()).start(machine)).status).toBe('waitingForInput');
  });

  it('is quarantined where the turn of a delay cannot be stored; the error is on the run', async () => {
    const clock = new SimulatedClock();
    const store = memoryStore();
    const machine = setup({ types: typed<{ context: { callback?: () => void } }>() }).createMachine({
      id: 'poison',
      context: {},
      initial: 'waiting',
      states: {
        waiting: { after: { 1000: 'broken' } },
        broken: { entry: assign({ callback: () => () => {} }) },
      },
    });
    const runtime = runtimeOn(store, { clock, machines: [machine] });
    const run = await runtime.start(machine, { id: 'order-1' });
    const done = codeOf(run.done());
    clock.increment(1000);
    expect(await done).toBe('RUN_CLOSED');
    await run.settled();
    expect(run.status).toBe('quarantined');
    expect(await runtime.get('order-1')).toMatchObject({
      status: 'quarantined',
      seq: 1,
      due: undefined,
      error: { name: 'NotSerializableError', message: expect.stringContaining('context.callback') },
    });
    await expect(run.send({ type: 'go' })).rejects.toThrow('context.callback');
    const again = await runtimeOn(store).open(machine, 'order-1');
    expect([again.status, again.getSnapshot().value]).toEqual(['quarantined', 'waiting']);
    await expect(again.done()).rejects.toThrow('context.callback');
    await expect(again.send({ type: 'go' })).rejects.toThrow(RunClosedError);
  });
});

describe('an effect whose outcome cannot be stored', () => {
  const machineWith = (effect: () => Promise<unknown>) =>
    setup({
      types: typed<{ context: { reason?: unknown; output?: unknown } }>(),
      actors: { effect: fromPromise(effect) },
    }).createMachine({
      id: 'worker',
      context: {},
      initial: 'working',
      states: {
        working: {
          invoke: {
            src: 'effect',
            onDone: { target: 'rested', actions: assign({ output: ({ event }) => event.output }) },
            onError: { target: 'caught', actions: assign({ reason: ({ event }) => event.error }) },
          },
        },
        rested: {},
        caught: { on: { again: 'working' } },
      },
    });

  it.each([
    ['resolves with a function', () => Promise.resolve({ callback: () => {} })],
    ['rejects with a function', () => Promise.reject({ callback: () => {} })],
  ])('reaches onError as a NotSerializableError where it %s, and the run lives', async (_, effect) => {
    const store = memoryStore();
    const machine = machineWith(effect);
    const run = await runtimeOn(store).start(machine, { id: 'order-1' });
    await run.settled();
    const isReason = expect.objectContaining({
      name: 'NotSerializableError',
      code: 'NOT_SERIALIZABLE',
      message: expect.stringContaining('callback'),
    });
    expect(run.getSnapshot()).toMatchObject({ value: 'caught', context: { reason: isReason } });
    expect(run.getSnapshot().context.reason).toBeInstanceOf(NotSerializableError);
    expect(await run.send({ type: 'again' })).toMatchObject({ accepted: true });
    await run.settled();
    await run.release();
    const again = await runtimeOn(store).open(machine, 'order-1');
    expect(again.getSnapshot()).toMatchObject({
      value: 'caught',
      context: { reason: { name: 'NotSerializableError' } },
    });
  });

  it('fails a run that has no onError for it', async () => {
    const machine = setup({ actors: { effect: fromPromise(() => Promise.resolve(() => {})) } }).createMachine(
      { id: 'worker', invoke: { src: 'effect' } },
    );
    const run = await runtimeOn(memoryStore()).start(machine);
    await expect(run.done()).rejects.toMatchObject({ code: 'NOT_SERIALIZABLE' });
    expect(run.status).toBe('failed');
  });

  it('reaches onError with the error of the store, where it is the store that never takes it', async () => {
    const store = stagedStore(memoryStore());
    let resolve!: (value: string) => void;
    const machine = machineWith(() => new Promise<string>((fulfil) => (resolve = fulfil)));
    const run = await runtimeOn(store).start(machine, { id: 'order-1' });
    store.next(refuses);
    resolve('too large');
    await run.settled();
    expect(run.getSnapshot()).toMatchObject({ value: 'caught', context: { reason: { name: 'StoreError' } } });
  });
});

describe('what a context holds', () => {
  const rich = {
    date: new Date(Date.UTC(2026, 1, 28)),
    map: new Map<unknown, unknown>([[{ a: 1n }, new Set([undefined, NaN, -0])]]),
    url: new URL('https://shop.example/?q=ä'),
    pattern: /a+/giu,
    error: new TypeError('no', { cause: new Error('deep') }),
    floats: new Float64Array([1.5, NaN]),
    infinite: [Infinity, -Infinity, -0],
    $type: { json: 1, '=Date': 'x' },
    surrogate: '\ud800 and \udc00',
  };
  const leaf = setup({ types: typed<{ context: { kept: unknown }; input: unknown }>() }).createMachine({
    id: 'leaf',
    context: ({ input }) => ({ kept: input }),
    on: { replace: { actions: assign({ kept: ({ event }) => event['value'] as unknown }) } },
  });
  const branch = setup({
    types: typed<{ input: unknown; context: { input: unknown } }>(),
    actors: { leaf },
  }).createMachine({
    id: 'branch',
    context: ({ input }) => ({ input }),
    invoke: {
      src: 'leaf',
      id: 'leaf',
      input: ({ context }: { context: { input: unknown } }) => context.input,
    },
  });
  const tree = setup({
    types: typed<{ input: unknown; context: { input: unknown } }>(),
    actors: { branch },
  }).createMachine({
    id: 'tree',
    context: ({ input }) => ({ input }),
    invoke: {
      src: 'branch',
      id: 'branch',
      input: ({ context }: { context: { input: unknown } }) => context.input,
    },
  });
  const leafOf = (run: Run<typeof tree>) =>
    run.getSnapshot().children['branch']!.getSnapshot().children.leaf!;

  it.each(stores)(
    'comes back in nested actors, from a base and from a delta, on %s',
    async (_, makeStore) => {
      const store = makeStore();
      const run = await runtimeOn(store).start(tree, { id: 'order-1', input: rich });
      await run.release();
      const second = await runtimeOn(store).open(tree, 'order-1');
      expect(second.getSnapshot().context.input).toEqual(rich);
      expect(leafOf(second).getSnapshot().context.kept).toEqual(rich);
      const { error } = leafOf(second).getSnapshot().context.kept as typeof rich;
      expect([error.name, (error.cause as Error).message]).toEqual(['TypeError', 'deep']);
      leafOf(second).send({ type: 'replace', value: { ...rich, more: new Date(5) } });
      await second.flush();
      expect((await second.checkpoint(2)).kind).toBe('delta');
      await second.release();
      const third = await runtimeOn(store).open(tree, 'order-1');
      expect(leafOf(third).getSnapshot().context.kept).toEqual({ ...rich, more: new Date(5) });
    },
  );

  it.each(stores)('may be a string of 5 MB, on %s', async (_, makeStore) => {
    const store = makeStore();
    const text = 'Nordlicht \ud83d\ude00 '.repeat(400_000).slice(0, 5_000_000);
    const run = await startedOn(store);
    await run.send({ type: 'keep', value: text });
    await run.send({ type: 'add' });
    await run.release();
    const again = await runtimeOn(store).open(counter, 'order-1');
    expect(again.getSnapshot().context.kept === text).toBe(true);
    expect(countOf(again)).toBe(1);
  });

  it('may be of a class of the user that has a custom type', async () => {
    class Money {
      constructor(
        readonly amount: number,
        readonly currency: string,
      ) {}
    }
    const money = {
      name: 'money',
      is: (value: unknown) => value instanceof Money,
      encode: (value: unknown) => ({ amount: (value as Money).amount, currency: (value as Money).currency }),
      decode: (stored: unknown) => new Money((stored as Money).amount, (stored as Money).currency),
    };
    const store = memoryStore();
    const run = await startedOn(store, { types: [money] });
    await run.send({
      type: 'keep',
      value: { price: new Money(9, 'EUR'), lines: new Map([['a', new Money(1, 'SEK')]]) },
    });
    await run.release();
    const { context } = (
      await runtimeOn(store, { types: [money] }).open(counter, 'order-1')
    ).getSnapshot() as { context: { kept?: unknown } };
    expect(context.kept).toEqual({
      price: new Money(9, 'EUR'),
      lines: new Map([['a', new Money(1, 'SEK')]]),
    });
    expect((context.kept as { price: unknown }).price).toBeInstanceOf(Money);
  });

  it('cannot be read where its custom type is missing: the error names it, and the run is left free', async () => {
    class Money {}
    const money = {
      name: 'money',
      is: (value: unknown) => value instanceof Money,
      encode: () => 1,
      decode: () => new Money(),
    };
    const store = memoryStore();
    const run = await startedOn(store, { types: [money] });
    await run.send({ type: 'keep', value: new Money() });
    await run.release();
    await expect(runtimeOn(store).open('order-1')).rejects.toThrow("'money'");
    expect((await runtimeOn(store, { types: [money] }).open('order-1')).seq).toBe(2);
  });

  it('is stored once for the same binary content, over turns and openings', async () => {
    const behind = memoryStore();
    const store = stagedStore(behind);
    const bytes = (fill: number) => new Uint8Array(9000).fill(fill);
    const run = await startedOn(store);
    await run.send({ type: 'keep', value: [bytes(1), bytes(1), { again: bytes(1) }] });
    await run.send({ type: 'keep', value: [bytes(1), bytes(2)] });
    await run.release();
    const again = await runtimeOn(store).open(counter, 'order-1');
    expect(again.getSnapshot().context.kept).toEqual([bytes(1), bytes(2)]);
    await again.send({ type: 'keep', value: { moved: [bytes(2), bytes(1)] } });
    const commits = store.batches.flat();
    const blobs = commits.flatMap(({ put = [] }) => put.filter(({ kind }) => kind === 'blob'));
    expect(new Set(blobs.map(({ key }) => key)).size).toBe(2);
    expect(
      commits.flatMap(({ checkpoints = [] }) => checkpoints).every(({ body }) => body.length < 2000),
    ).toBe(true);
    expect((await again.checkpoint(2)).snapshot).toMatchObject({
      context: { kept: [bytes(1), bytes(1), { again: bytes(1) }] },
    });
  });
});

describe('delays', () => {
  it.each([
    ['deadline', 3_500_000, 0, 100_000],
    ['remaining', 3_500_000, 0, 3_600_000],
    ['restart', 3_500_000, 0, 3_600_000],
    ['deadline', 5_000_000, 0, 0],
    ['remaining', 5_000_000, 1_000_000, 2_600_000],
    ['restart', 5_000_000, 1_000_000, 3_600_000],
  ] as const)(
    'with the policy %s, closed for %i ms after %i ms, are due in %i ms',
    async (delays, closed, before, left) => {
      const clock = new SimulatedClock();
      const store = memoryStore();
      const run = await startedOn(store, { clock });
      await run.send({ type: 'sleep' });
      clock.increment(before);
      await run.release();
      clock.increment(closed);
      const again = await runtimeOn(store, { clock, delays: () => delays }).open(counter, 'order-1');
      if (left > 0) {
        clock.increment(left - 1);
        await nextJob();
        expect(again.status).toBe('sleeping');
        clock.increment(1);
      }
      await again.settled();
      await nextJob();
      expect(again.getSnapshot().value).toBe('counting');
    },
  );

  it('that were moved by an opening do not make a turn of an event that nothing takes', async () => {
    const clock = new SimulatedClock();
    const store = memoryStore();
    const run = await startedOn(store, { clock });
    await run.send({ type: 'sleep' });
    await run.release();
    clock.increment(1000);
    const again = await runtimeOn(store, { clock, delays: 'restart' }).open(counter, 'order-1');
    expect(await again.send({ type: 'unknown' })).toEqual({ delivered: true, accepted: false });
    expect(again.seq).toBe(2);
  });
});

describe('run.actor', () => {
  it('works with waitFor, and its send is a turn', async () => {
    const run = await startedOn(memoryStore());
    const waiting = waitFor(run.actor, ({ context }) => context.count === 2);
    run.actor.send({ type: 'add', by: 2 });
    expect((await waiting).context.count).toBe(2);
    expect(run.seq).toBe(2);
  });

  it('throws where the turn is refused', async () => {
    const run = await startedOn(memoryStore());
    expect(() => run.actor.send({ type: 'keep', value: () => {} })).toThrow(NotSerializableError);
    expect(run.seq).toBe(1);
  });
});

describe('inspect', () => {
  it('shows a restored run, and its children, at their restored state', async () => {
    const child = createMachine({
      id: 'child',
      initial: 'small',
      states: { small: { on: { grow: 'large' } }, large: {} },
    });
    const machine = setup({ actors: { child } }).createMachine({
      id: 'parent',
      initial: 'first',
      invoke: { src: 'child', id: 'child' },
      on: { next: '.second' },
      states: { first: {}, second: {} },
    });
    const store = memoryStore();
    const run = await runtimeOn(store).start(machine, { id: 'order-1' });
    await run.send({ type: 'next' });
    run.getSnapshot().children['child']!.send({ type: 'grow' });
    await run.release();
    const shown: [unknown, unknown][] = [];
    await runtimeOn(store, {
      inspect: (event) => {
        if (event.type !== '@xstate.snapshot') return;
        shown.push([(event.actorRef as { id?: unknown }).id, (event.snapshot as { value?: unknown }).value]);
      },
    }).open(machine, 'order-1');
    expect(shown).toContainEqual(['order-1', 'second']);
    expect(shown).toContainEqual(['child', 'large']);
    expect(shown.filter(([, value]) => value === 'first' || value === 'small')).toEqual([]);
  });
});
