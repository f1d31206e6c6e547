import { describe, expect, test } from 'vitest';
import {
  assign,
  cancel,
  createMachine,
  raise,
  sendParent,
  sendTo,
  setup,
  SimulatedClock,
  spawnChild,
  stopChild,
  type AnyEventObject,
} from 'xstate';
import { calm, createStage } from '../../test/stage.ts';
import type { Run } from '../run.ts';

interface Context {
  readonly got: readonly string[];
}
const types = {} as { context: Context; events: AnyEventObject };
const note = assign<Context, AnyEventObject, undefined, AnyEventObject, never>({
  got: ({ context, event }) => [...context.got, event.type],
});
const noteAfter = assign<Context, AnyEventObject, undefined, AnyEventObject, never>({
  got: ({ context }) => [...context.got, 'AFTER'],
});

/** How many timers a clock has. */
const timersOf = (clock: SimulatedClock): number => clock['timeouts'].size;

/** A clock, a stage under it, and a way to let time pass and the turns that it causes be committed. */
function createTimes(options: Parameters<typeof createStage>[0] = {}) {
  const clock = new SimulatedClock();
  clock.set(1_000_000);
  const stage = createStage({ clock, ...options });
  const pass = async (ms: number): Promise<void> => {
    clock.increment(ms);
    await calm();
  };
  /** Releases the run, lets time pass, opens it. */
  const away = async <T extends Run<any>>(run: T, ms: number): Promise<T> => {
    await run.release();
    clock.increment(ms);
    const again = await stage.reopen(run);
    await calm();
    return again as T;
  };
  return { ...stage, clock, pass, away };
}

/** `after`, a delayed raise, a delayed sendTo to a child, one to the parent: the same name each in `got`. */
const child = setup({ types }).createMachine({
  id: 'child',
  context: { got: [] },
  entry: sendParent({ type: 'FROM CHILD' }, { delay: 40 }),
  after: { 20: { actions: noteAfter } },
  on: { HELLO: { actions: note } },
});
const all = setup({ types, actors: { child } }).createMachine({
  id: 'm',
  context: { got: [] },
  invoke: { src: 'child', id: 'child' },
  entry: [raise({ type: 'RAISED' }, { delay: 10 }), sendTo('child', { type: 'HELLO' }, { delay: 30 })],
  after: { 50: { actions: noteAfter } },
  on: { RAISED: { actions: note }, 'FROM CHILD': { actions: note } },
});
const gotBy = (run: Run<any>): string[] => [
  ...run.getSnapshot().context.got,
  ...(run.getSnapshot().children.child?.getSnapshot().context.got ?? []).map((one: string) => `child ${one}`),
];

describe('every kind of delay fires when it is due', () => {
  const timetable: readonly [number, readonly string[]][] = [
    [9, []],
    [10, ['RAISED']],
    [19, ['RAISED']],
    [20, ['RAISED', 'child AFTER']],
    [30, ['RAISED', 'child AFTER', 'child HELLO']],
    [39, ['RAISED', 'child AFTER', 'child HELLO']],
    [40, ['RAISED', 'FROM CHILD', 'child AFTER', 'child HELLO']],
    [50, ['RAISED', 'FROM CHILD', 'AFTER', 'child AFTER', 'child HELLO']],
    [1000, ['RAISED', 'FROM CHILD', 'AFTER', 'child AFTER', 'child HELLO']],
  ];

  test('in a run that stays open', async () => {
    const { runtime, pass } = createTimes();
    const run = await runtime.start(all);
    let now = 0;
    for (const [time, got] of timetable) {
      await pass(time - now);
      now = time;
      expect(gotBy(run), `at ${time}`).toEqual(got);
    }
  });

  test('in a run that is opened again after each', async () => {
    const { runtime, away } = createTimes();
    let run: Run<typeof all> = await runtime.start(all);
    let now = 0;
    for (const [time, got] of timetable) {
      run = await away(run, time - now);
      now = time;
      expect(gotBy(run), `at ${time}`).toEqual(got);
    }
  });

  test('in a run that is opened again before each', async () => {
    const { runtime, away, pass } = createTimes();
    let run: Run<typeof all> = await runtime.start(all);
    let now = 0;
    for (const [time, got] of timetable) {
      run = await away(run, 0);
      await pass(time - now);
      now = time;
      expect(gotBy(run), `at ${time}`).toEqual(got);
    }
  });

  test('each is a turn of its own', async () => {
    const { runtime, pass } = createTimes();
    const run = await runtime.start(all);
    for (const [at, seq] of [
      [10, 2],
      [10, 3],
      [10, 4],
      [10, 5],
      [10, 6],
    ] as const) {
      await pass(at);
      expect(run.seq).toBe(seq);
    }
    const causes = [];
    for await (const { cause } of run.history()) causes.push(cause.type);
    expect(causes).toEqual(['start', 'delay', 'delay', 'delay', 'delay', 'delay']);
  });

  test('the run is sleeping until then, and the store knows until when', async () => {
    const { runtime, store, clock, pass } = createTimes();
    const run = await runtime.start(all);
    expect(run.status).toBe('sleeping');
    expect(await store.runs({ limit: 1 })).toMatchObject([{ status: 'sleeping', due: clock.now() + 10 }]);
    await pass(10);
    expect(await store.runs({ limit: 1 })).toMatchObject([{ status: 'sleeping', due: clock.now() + 10 }]);
    await pass(1000);
    expect(run.status).toBe('idle');
    expect(await store.runs({ limit: 1 })).toMatchObject([{ status: 'idle', due: undefined }]);
    expect(timersOf(clock)).toBe(0);
  });
});

describe('overdue delays fire at once when the run is opened', () => {
  test('in the order of their due times, whatever the order they were set in', async () => {
    const { runtime, away } = createTimes();
    const machine = setup({ types }).createMachine({
      id: 'm',
      context: { got: [] },
      entry: [
        raise({ type: 'THIRD' }, { delay: 30 }),
        raise({ type: 'FIRST' }, { delay: 10 }),
        raise({ type: 'SECOND' }, { delay: 20 }),
        raise({ type: 'LATER' }, { delay: 2000 }),
        raise({ type: 'ALSO THIRD' }, { delay: 30 }),
      ],
      on: { '*': { actions: note } },
    });
    const run = await away(await runtime.start(machine), 1000);
    expect(run.getSnapshot().context.got).toEqual(['FIRST', 'SECOND', 'THIRD', 'ALSO THIRD']);
    expect(run.seq).toBe(5);
    expect(run.status).toBe('sleeping');
  });

  test('an overdue delay that leaves a state cancels the later ones of that state', async () => {
    const { runtime, away } = createTimes();
    const machine = setup({ types }).createMachine({
      id: 'm',
      context: { got: [] },
      initial: 'a',
      states: { a: { after: { 10: 'b', 20: 'c' } }, b: { after: { 15: 'd' } }, c: {}, d: {} },
    });
    let run: Run<typeof machine> = await runtime.start(machine);
    run = await away(run, 1000);
    expect(run.getSnapshot().value).toBe('b');
    run = await away(run, 15);
    expect(run.getSnapshot().value).toBe('d');
  });
});

describe('a delay is gone', () => {
  const machine = setup({
    types,
    actors: {
      child: setup({ types }).createMachine({
        id: 'child',
        context: { got: [] },
        entry: sendParent({ type: 'FROM CHILD' }, { delay: 10 }),
        after: { 10: { actions: noteAfter } },
        on: { HELLO: { actions: note } },
      }),
      quiet: setup({ types }).createMachine({
        id: 'quiet',
        context: { got: [] },
        on: { '*': { actions: note } },
      }),
    },
  }).createMachine({
    id: 'm',
    context: { got: [] },
    initial: 'a',
    entry: raise({ type: 'RAISED' }, { delay: 10, id: 'raised' }),
    states: { a: { after: { 10: { actions: noteAfter } }, on: { LEAVE: 'b' } }, b: {} },
    on: {
      RAISED: { actions: note },
      'FROM CHILD': { actions: note },
      CANCEL: { actions: cancel('raised') },
      SPAWN: { actions: spawnChild('child', { id: 'child' }) },
      HELLO: { actions: sendTo('child', { type: 'HELLO' }, { delay: 10 }) },
      STOP: { actions: stopChild('child') },
      QUIET: { actions: spawnChild('quiet', { id: 'child' }) },
      REPLACE: { actions: [stopChild('child'), spawnChild('quiet', { id: 'child' })] },
    },
  });

  const rows: readonly [string, readonly string[], readonly string[]][] = [
    ['with its state', ['LEAVE'], ['RAISED']],
    ['after cancel', ['CANCEL'], ['AFTER']],
    ['with the actor that set it', ['SPAWN', 'STOP'], ['RAISED', 'AFTER']],
    ['with the actor that it was for', ['SPAWN', 'HELLO', 'STOP'], ['RAISED', 'AFTER']],
    [
      'with its actor, and does not reach another with the same id',
      ['SPAWN', 'HELLO', 'STOP', 'QUIET'],
      ['RAISED', 'AFTER'],
    ],
    [
      'with its actor, and does not reach another that took the id in the same turn',
      ['SPAWN', 'HELLO', 'REPLACE'],
      ['RAISED', 'AFTER'],
    ],
  ];

  describe.each([
    ['in a run that stays open', false],
    ['in a run that is opened again after each event', true],
  ])('%s', (_, restored) => {
    test.each(rows)('%s', async (_name, events, got) => {
      const { runtime, pass, away, clock } = createTimes();
      let run: Run<typeof machine> = await runtime.start(machine);
      for (const type of events) {
        await run.send({ type });
        if (restored) run = await away(run, 0);
      }
      await pass(10);
      expect(gotBy(run).toSorted()).toEqual(got.toSorted());
      expect(timersOf(clock)).toBe(0);
      expect(run.status).toBe('idle');
    });
  });

  test('with the run that ends, and with an actor that is done', async () => {
    const { runtime, clock, pass } = createTimes();
    const run = await runtime.start(
      createMachine({
        id: 'm',
        initial: 'a',
        entry: raise({ type: 'LATER' }, { delay: 10 }),
        states: { a: { after: { 10: 'b' }, on: { END: 'b' } }, b: { type: 'final' } },
      }),
    );
    await run.send({ type: 'END' });
    await pass(10);
    expect(timersOf(clock)).toBe(0);
    expect(run.seq).toBe(2);
  });

  test('with a child that is stopped in the very first turn', async () => {
    const { runtime, reopen, pass } = createTimes();
    const stopping = setup({
      types,
      actors: { child },
    }).createMachine({
      id: 'm',
      context: { got: [] },
      entry: [spawnChild('child', { id: 'c' }), sendTo('c', { type: 'HELLO' }, { delay: 10 })],
      initial: 'a',
      states: { a: { entry: stopChild('c') } },
      on: { '*': { actions: note } },
    });
    const run = await runtime.start(stopping);
    expect(run.status).toBe('idle');
    const again = await reopen(run);
    await pass(100);
    expect(again.getSnapshot().context.got).toEqual([]);
  });
});

describe('an id that is scheduled twice', () => {
  const machine = setup({ types }).createMachine({
    id: 'm',
    context: { got: [] },
    on: {
      ONE: { actions: raise({ type: 'FIRST' }, { delay: 10, id: 'x' }) },
      TWO: { actions: raise({ type: 'SECOND' }, { delay: 20, id: 'x' }) },
      CANCEL: { actions: cancel('x') },
      FIRST: { actions: note },
      SECOND: { actions: note },
    },
  });

  test.each([
    ['in a run that stays open', false],
    ['in a run that is opened again', true],
  ])('fires twice, %s', async (_, restored) => {
    const { runtime, pass, away } = createTimes();
    let run: Run<typeof machine> = await runtime.start(machine);
    await run.send({ type: 'ONE' });
    await run.send({ type: 'TWO' });
    if (restored) run = await away(run, 0);
    await pass(10);
    expect(run.getSnapshot().context.got).toEqual(['FIRST']);
    if (restored) run = await away(run, 0);
    await pass(10);
    expect(run.getSnapshot().context.got).toEqual(['FIRST', 'SECOND']);
  });

  test.each([
    ['in a run that stays open', false],
    ['in a run that is opened again', true],
  ])('cancel means the later one, %s', async (_, restored) => {
    const { runtime, pass, away } = createTimes();
    let run: Run<typeof machine> = await runtime.start(machine);
    await run.send({ type: 'ONE' });
    await run.send({ type: 'TWO' });
    if (restored) run = await away(run, 0);
    await run.send({ type: 'CANCEL' });
    await pass(100);
    expect(run.getSnapshot().context.got).toEqual(['FIRST']);
  });

  test.each([
    ['in a run that stays open', false],
    ['in a run that is opened again after it', true],
  ])('can be cancelled when the first has fired, %s', async (_, restored) => {
    const { runtime, pass, away } = createTimes();
    let run: Run<typeof machine> = await runtime.start(machine);
    await run.send({ type: 'ONE' });
    await run.send({ type: 'TWO' });
    if (restored) run = await away(run, 10);
    else await pass(10);
    await run.send({ type: 'CANCEL' });
    await pass(100);
    expect(run.getSnapshot().context.got).toEqual(['FIRST']);
  });
});

describe('a delay of more than 2^31 ms', () => {
  const YEAR = 365 * 24 * 60 * 60 * 1000;
  const machine = createMachine({
    id: 'm',
    initial: 'a',
    states: { a: { after: { [YEAR]: 'b' } }, b: {} },
  });

  test('waits until it is due under a clock that is moved by hand', async () => {
    const { runtime, pass } = createTimes();
    const run = await runtime.start(machine);
    await pass(YEAR - 1);
    expect(run.getSnapshot().value).toBe('a');
    await pass(1);
    expect(run.getSnapshot().value).toBe('b');
  });

  test('fires in one move of a clock that goes past it', async () => {
    const { runtime, pass } = createTimes();
    const run = await runtime.start(machine);
    await pass(2 * YEAR);
    expect(run.getSnapshot().value).toBe('b');
  });

  test('waits until it is due in a run that is opened again', async () => {
    const { runtime, pass, away } = createTimes();
    let run: Run<typeof machine> = await runtime.start(machine);
    run = await away(run, YEAR / 2);
    run = await away(run, YEAR / 2 - 1);
    expect(run.getSnapshot().value).toBe('a');
    await pass(1);
    expect(run.getSnapshot().value).toBe('b');
  });

  test("does not fire at once under the system's clock", async () => {
    const { runtime } = createStage();
    const run = await runtime.start(machine);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(run.getSnapshot().value).toBe('a');
    await run.release();
  });
});

describe('the policy of a delay', () => {
  const machine = setup({ types }).createMachine({
    id: 'm',
    context: { got: [] },
    entry: [raise({ type: 'A' }, { delay: 100 }), raise({ type: 'B' }, { delay: 300 })],
    on: { A: { actions: note }, B: { actions: note }, OK: {} },
  });

  /** Open for 40, released for `away`; then when do A and B fire, counted from there? */
  async function firing(delays: 'deadline' | 'remaining' | 'restart', gone: number) {
    const { runtime, pass, away } = createTimes({ delays });
    let run: Run<typeof machine> = await runtime.start(machine);
    await pass(40);
    run = await away(run, gone);
    const times: Record<string, number> = {};
    for (let now = 0; now <= 400; now += 10) {
      if (now > 0) await pass(10);
      for (const type of run.getSnapshot().context.got) times[type] ??= now;
    }
    return times;
  }

  test.each([
    ['deadline', 20, { A: 40, B: 240 }],
    ['deadline', 200, { A: 0, B: 60 }],
    ['remaining', 20, { A: 60, B: 260 }],
    ['remaining', 200, { A: 60, B: 260 }],
    ['restart', 200, { A: 100, B: 300 }],
  ] as const)('%s, after %i ms in no process', async (policy, gone, times) => {
    expect(await firing(policy, gone)).toEqual(times);
  });

  test('remaining counts the time that the run was open, over several openings', async () => {
    const { runtime, pass, away } = createTimes({ delays: 'remaining' });
    let run: Run<typeof machine> = await runtime.start(machine);
    await pass(40);
    run = await away(run, 1000);
    await pass(40);
    run = await away(run, 1000);
    await pass(19);
    expect(run.getSnapshot().context.got).toEqual([]);
    await pass(1);
    expect(run.getSnapshot().context.got).toEqual(['A']);
  });

  test('may be a function of the delay', async () => {
    const asked: object[] = [];
    const { runtime, pass, away } = createTimes({
      delays: (delay) => {
        asked.push(delay);
        return delay.event === 'A' ? 'restart' : 'deadline';
      },
    });
    let run: Run<typeof machine> = await runtime.start(machine);
    await pass(40);
    run = await away(run, 200);
    expect(asked).toEqual([
      { machine: 'm', source: '', event: 'A', delay: 100 },
      { machine: 'm', source: '', event: 'B', delay: 300 },
    ]);
    await pass(60);
    expect(run.getSnapshot().context.got).toEqual(['B']);
    await pass(40);
    expect(run.getSnapshot().context.got).toEqual(['B', 'A']);
  });

  test("a function is told the path of a child's delay", async () => {
    const asked: string[] = [];
    const { runtime, reopen } = createTimes({
      delays: ({ source, event }) => {
        asked.push(`${source}: ${event}`);
        return 'deadline';
      },
    });
    await reopen(await runtime.start(all));
    expect(asked.toSorted()).toEqual([
      ': HELLO',
      ': RAISED',
      expect.stringMatching(/^: xstate\.after\.50/),
      'child: FROM CHILD',
      expect.stringMatching(/^child: xstate\.after\.20/),
    ]);
  });

  test('remaining counts the same where a turn came between the openings', async () => {
    const { runtime, pass, away } = createTimes({ delays: 'remaining' });
    let run: Run<typeof machine> = await runtime.start(machine);
    await pass(40);
    run = await away(run, 1000);
    await pass(10);
    await run.send({ type: 'OK' });
    await pass(30);
    run = await away(run, 1000);
    await pass(19);
    expect(run.getSnapshot().context.got).toEqual([]);
    await pass(1);
    expect(run.getSnapshot().context.got).toEqual(['A']);
  });
});

test('cancel finds a delay that was set before a restore, in a child as well', async () => {
  const { runtime, pass, away } = createTimes();
  const child = setup({ types }).createMachine({
    id: 'child',
    context: { got: [] },
    entry: raise({ type: 'LATER' }, { delay: 10, id: 'later' }),
    on: { LATER: { actions: note }, CANCEL: { actions: cancel('later') } },
  });
  const machine = setup({ actors: { child } }).createMachine({
    id: 'm',
    context: { got: [] },
    invoke: { src: 'child', id: 'child' },
    on: { CANCEL: { actions: sendTo('child', { type: 'CANCEL' }) } },
  });
  const run = await away(await runtime.start(machine), 5);
  await run.send({ type: 'CANCEL' });
  await pass(100);
  expect(gotBy(run)).toEqual([]);
});

test('a delay without an id after a restore does not take the place of one from before', async () => {
  const { runtime, pass, away } = createTimes();
  const machine = setup({ types }).createMachine({
    id: 'm',
    context: { got: [] },
    on: {
      SET: { actions: raise({ type: 'LATER' }, { delay: 10 }) },
      LATER: { actions: note },
    },
  });
  let run: Run<typeof machine> = await runtime.start(machine);
  await run.send({ type: 'SET' });
  run = await away(run, 0);
  await run.send({ type: 'SET' });
  run = await away(run, 0);
  await pass(10);
  expect(run.getSnapshot().context.got).toEqual(['LATER', 'LATER']);
});

test('a delay of 0 ms is a turn of its own', async () => {
  const { runtime, pass } = createTimes();
  const machine = createMachine({
    id: 'm',
    initial: 'a',
    states: { a: { after: { 0: 'b' } }, b: {} },
  });
  const run = await runtime.start(machine);
  expect(run.getSnapshot().value).toBe('a');
  await pass(0);
  expect(run.getSnapshot().value).toBe('b');
  expect(run.seq).toBe(2);
});
