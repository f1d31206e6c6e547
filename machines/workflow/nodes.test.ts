/** What each type of node does: with `createActor()` alone, and as a run. */
import { type AnyStateMachine, createActor, createMachine, fromPromise } from 'xstate';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createRuntime } from '../../src/index.ts';
import { memoryStore } from '../../adapters/memory.ts';
import { nodeStates } from './node-states.ts';
import { workflow, type WorkflowMachine } from './workflow.ts';

type Flow = WorkflowMachine<unknown, unknown>;

interface Ended {
  readonly output?: unknown;
  readonly error?: Error & { readonly code?: string; readonly node?: string };
  readonly statuses: Readonly<Record<string, string>>;
  readonly nodes: ReturnType<typeof nodeStates>;
}

type Events = readonly { readonly type: string; readonly [property: string]: unknown }[];

const statusesOf = (nodes: ReturnType<typeof nodeStates>): Record<string, string> =>
  Object.fromEntries(Object.entries(nodes).map(([id, { status }]) => [id, status]));

async function bare(machine: AnyStateMachine, input: unknown, events: Events): Promise<Ended> {
  const actor = createActor(machine, { input });
  const end = new Promise<Partial<Ended>>((resolve) => {
    actor.subscribe({
      complete: () => resolve({ output: actor.getSnapshot().output }),
      error: (error: unknown) => resolve({ error: error as Error }),
    });
  });
  actor.start();
  for (const event of events) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    actor.send(event);
  }
  const came = await end;
  const nodes = nodeStates(actor);
  return { ...came, nodes, statuses: statusesOf(nodes) };
}

async function asRun(machine: AnyStateMachine, input: unknown, events: Events): Promise<Ended> {
  const runtime = createRuntime({ store: memoryStore(), logger: () => {} });
  const run = await runtime.start(machine, { id: 'r', input });
  for (const event of events) {
    await run.settled();
    await run.send(event);
  }
  const came = await run.done().then(
    (output: unknown) => ({ output }),
    (error: unknown) => ({ error: error as Error }),
  );
  const nodes = nodeStates(run);
  return { ...came, nodes, statuses: statusesOf(nodes) };
}

/** Runs a workflow both ways, which must come to the same. */
async function ends(machine: AnyStateMachine | Flow, input?: unknown, events: Events = []): Promise<Ended> {
  const given = machine as AnyStateMachine;
  const [one, other] = [await bare(given, input, events), await asRun(given, input, events)];
  expect(other.statuses).toEqual(one.statuses);
  expect(other.output).toEqual(one.output);
  expect(other.error?.message).toBe(one.error?.message);
  return other;
}

const fails = async (): Promise<never> => {
  throw new Error('no luck');
};

describe('a task', () => {
  it('is an async function, a promise or a machine, whose output it has', async () => {
    const seven = createMachine({
      initial: 'work',
      states: { work: { after: { 1: 'end' } }, end: { type: 'final' } },
      output: () => 7,
    });
    const { output } = await ends(
      workflow({
        id: 'w',
        nodes: (flow) =>
          flow
            .task('a', { input: () => 2, run: async ({ input, step }) => step('double', () => input * 2) })
            .task('b', {
              after: ['a'],
              input: ({ results }) => results.a,
              run: fromPromise(async ({ input }: { input: number }) => input + 1),
            })
            .subflow('c', { after: ['b'], run: seven })
            .transform('d', { after: ['a', 'b'], run: ({ results }) => [results.a, results.b] }),
        output: ({ results }) => results,
      }),
    );
    expect(output).toEqual({ a: 4, b: 5, c: 7, d: [4, 5] });
  });

  it('is tried again as often as its `retry` says', async () => {
    let calls = 0;
    const { nodes, output } = await ends(
      workflow({
        id: 'w',
        nodes: (flow) =>
          flow.task('a', {
            run: async () => {
              if (++calls % 3 !== 0) throw new Error('not yet');
              return 'there';
            },
            retry: { limit: 5, backoff: 1 },
          }),
        output: ({ results }) => results.a,
      }),
    );
    expect(output).toBe('there');
    expect(nodes['a']).toMatchObject({ attempts: 3, status: 'done' });
    expect(calls).toBe(6);
  });

  it('is cut off when its time is out', async () => {
    const aborted: unknown[] = [];
    const { error } = await ends(
      workflow({
        id: 'w',
        nodes: (flow) =>
          flow.task('slow', {
            timeout: 20,
            run: ({ signal }) =>
              new Promise<void>(() => signal.addEventListener('abort', () => aborted.push(signal.aborted))),
          }),
      }),
    );
    expect(error).toMatchObject({
      code: 'WORKFLOW_NODE_FAILED',
      node: 'slow',
      cause: { code: 'WORKFLOW_TIMEOUT' },
    });
    expect(aborted).toEqual([true, true]);
  });

  it('may take longer than a timer reaches', async () => {
    const { output } = await ends(
      workflow({
        id: 'w',
        nodes: (flow) =>
          flow.task('slow', {
            timeout: 2 ** 33,
            run: () => new Promise<string>((resolve) => setTimeout(resolve, 30, 'in time')),
          }),
        output: ({ results }) => results.slow,
      }),
    );
    expect(output).toBe('in time');
  });

  it('whose input is the same as before keeps its result, with `cache`', async () => {
    let calls = 0;
    const count = async ({ input }: { input: number }): Promise<number> => {
      calls++;
      return input;
    };
    const machine = workflow({
      id: 'w',
      nodes: (flow) =>
        flow
          .task('a', { input: () => 1, run: count, cache: 'count' })
          .task('b', { after: ['a'], input: () => 1, run: count, cache: 'count' })
          .task('c', { after: ['b'], input: () => 2, run: count, cache: 'count' }),
      output: ({ results }) => [results.a, results.b, results.c],
    });
    const { output, nodes } = await ends(machine);
    expect(output).toEqual([1, 1, 2]);
    expect(calls).toBe(4);
    expect(nodes['b']).toMatchObject({ attempts: 0, status: 'done', input: 1 });
  });

  it('tells inputs apart that differ, with `cache`', async () => {
    const inputs = [
      0,
      -0,
      Number.NaN,
      null,
      undefined,
      '0',
      0n,
      [],
      {},
      '',
      [undefined],
      [null],
      new Date(0),
      new Date(1),
      new Map(),
      new Map([[1, 2]]),
      new Set(),
      new Set([1]),
      { a: 1 },
      { a: '1' },
      [[1], 2],
      [[1, 2]],
      'Set[]',
    ];
    let calls = 0;
    await createRuntime({ store: memoryStore(), logger: () => {} })
      .start(
        workflow({
          id: 'w',
          nodes: (flow) => {
            for (const [number, input] of [...inputs, ...inputs].entries())
              flow.task(`n${number}`, {
                after: number === 0 ? [] : ([`n${number - 1}`] as never),
                input: () => input,
                run: async () => ++calls,
                cache: 'one',
              });
            return flow;
          },
        }),
      )
      .then((run) => run.done());
    expect(calls).toBe(inputs.length);
  });

  it('that is a loop keeps what it came to by what it was given at first', async () => {
    let calls = 0;
    const loop = {
      input: () => 1,
      run: async ({ input }: { input: number }): Promise<number> => {
        calls++;
        return input * 2;
      },
      until: ({ output }: { output: number }) => output > 8,
      cache: 'double',
    };
    const machine = workflow({
      id: 'w',
      nodes: (flow) =>
        flow
          .loop('a', loop)
          .loop('b', { ...loop, after: ['a'] })
          .loop('c', { ...loop, after: ['b'], input: () => 8 }),
      output: ({ results }) => [results.a, results.b, results.c],
    });
    expect((await ends(machine)).output).toEqual([16, 16, 16]);
    // With a runtime and without.
    expect(calls).toBe(2 * 5);
  });

  it('starts when another ends, where only so many may work at a time', async () => {
    let working = 0;
    let most = 0;
    await ends(
      workflow({
        id: 'w',
        concurrency: 3,
        nodes: (flow) => {
          const work = async (): Promise<void> => {
            most = Math.max(most, ++working);
            await new Promise((resolve) => setTimeout(resolve, 1));
            working--;
          };
          for (let i = 0; i < 12; i++) flow.task(`n${i}`, { run: work });
          return flow;
        },
      }),
    );
    expect(most).toBe(3);
  });
});

describe('a node that fails', () => {
  it('fails the flow: what runs is cancelled, and nothing new starts', async () => {
    const { statuses, error } = await ends(
      workflow({
        id: 'w',
        nodes: (flow) =>
          flow
            .task('bad', { run: fails })
            .task('slow', { run: () => new Promise<void>(() => {}) })
            .task('later', { after: ['bad'], run: async () => 1 }),
      }),
    );
    expect(statuses).toEqual({ bad: 'failed', slow: 'cancelled', later: 'cancelled' });
    expect(error).toMatchObject({ code: 'WORKFLOW_NODE_FAILED', node: 'bad' });
    expect(error?.message).toContain('no luck');
  });

  it("counts as skipped with onError: 'skip'", async () => {
    const { statuses } = await ends(
      workflow({
        id: 'w',
        nodes: (flow) =>
          flow
            .task('bad', { run: fails, onError: 'skip' })
            .task('good', { run: async () => 1 })
            .task('only', { after: ['bad'], run: async () => 1 })
            .task('both', { after: ['bad', 'good'], run: async () => 1 }),
      }),
    );
    expect(statuses).toEqual({ bad: 'skipped', good: 'done', only: 'skipped', both: 'done' });
  });

  it("goes on along its route `error` with onError: 'route'", async () => {
    const { statuses, output } = await ends(
      workflow({
        id: 'w',
        nodes: (flow) =>
          flow
            .task('bad', { run: fails, onError: 'route' })
            .task('well', { after: ['bad'], run: async () => 1 })
            .transform('mend', { after: ['bad:error'], run: ({ results }) => String(results.bad) }),
        output: ({ results }) => results.mend,
      }),
    );
    expect(statuses).toEqual({ bad: 'failed', well: 'skipped', mend: 'done' });
    expect(output).toBe('Error: no luck');
  });

  it('does not take its route `error` where it is done, whatever it came to', async () => {
    const { statuses } = await ends(
      workflow({
        id: 'w',
        nodes: (flow) =>
          flow
            .task('level', { run: async () => 'error', onError: 'route' })
            .task('mend', { after: ['level:error'], run: async () => 1 }),
      }),
    );
    expect(statuses).toEqual({ level: 'done', mend: 'skipped' });
  });

  it('gives its error to those alone that come after its route `error`', async () => {
    const { output } = await ends(
      workflow({
        id: 'w',
        nodes: (flow) =>
          flow
            .task('bad', { onError: 'route', run: async (): Promise<string> => fails() })
            .task('good', { run: async () => 1 })
            .transform('both', { after: ['bad', 'good'], run: ({ results }) => results.bad ?? 'nothing' })
            .join('all', { after: ['bad', 'good'] }),
        output: ({ results }) => [results.both, results.all],
      }),
    );
    expect(output).toEqual(['nothing', { good: 1 }]);
  });

  it('undoes what was done, the last first, before the flow fails', async () => {
    const undone: unknown[] = [];
    const undo =
      (name: string) =>
      async ({ input: { output } }: { input: { output: unknown } }): Promise<void> => {
        undone.push([name, output]);
      };
    const { nodes, error } = await ends(
      workflow({
        id: 'w',
        nodes: (flow) =>
          flow
            .task('a', { run: async () => 1, compensate: undo('a') })
            .task('b', { after: ['a'], run: async () => 2, compensate: undo('b') })
            .task('c', { after: ['b'], run: async () => 3 })
            .task('bad', { after: ['c'], run: fails, compensate: undo('bad') }),
      }),
    );
    expect(undone).toEqual([
      ['b', 2],
      ['a', 1],
      ['b', 2],
      ['a', 1],
    ]);
    expect(nodes).toMatchObject({ a: { undone: 'done' }, b: { undone: 'done' }, bad: { status: 'failed' } });
    expect(error).toMatchObject({ code: 'WORKFLOW_NODE_FAILED', node: 'bad' });
  });

  it('undoes the rest also where one cannot be undone, and says so', async () => {
    const undone: string[] = [];
    const { nodes, error } = await ends(
      workflow({
        id: 'w',
        nodes: (flow) =>
          flow
            .task('a', { run: async () => 1, compensate: async () => undone.push('a') })
            .task('b', { after: ['a'], run: async () => 2, compensate: fails })
            .task('bad', { after: ['b'], run: fails }),
      }),
    );
    expect(undone).toEqual(['a', 'a']);
    expect(nodes).toMatchObject({ a: { undone: 'done' }, b: { undone: 'failed' } });
    expect(error).toMatchObject({ code: 'WORKFLOW_UNDO_FAILED', node: 'bad' });
    expect(error?.message).toContain("'b'");
  });
});

describe('a choice', () => {
  it('skips the routes that it does not take, and what only comes after them', async () => {
    const { statuses } = await ends(
      workflow({
        id: 'w',
        nodes: (flow) =>
          flow
            .choice('size', { routes: { big: () => false, small: true } })
            .task('big', { after: ['size:big'], run: async () => 1 })
            .task('bigger', { after: ['big'], run: async () => 1 })
            .task('small', { after: ['size:small'], run: async () => 1 })
            .task('both', { after: ['bigger', 'small'], run: async () => 1 })
            .task('any', { after: ['size'], run: async () => 1 }),
      }),
    );
    expect(statuses).toEqual({
      size: 'done',
      big: 'skipped',
      bigger: 'skipped',
      small: 'done',
      both: 'done',
      any: 'done',
    });
  });

  it('without a route for what it was given fails, and names itself', async () => {
    const { error } = await ends(
      workflow({ id: 'w', nodes: (flow) => flow.choice('size', { routes: { big: () => false } }) }),
    );
    expect(error).toMatchObject({ node: 'size', cause: { code: 'WORKFLOW_NO_ROUTE', node: 'size' } });
  });

  it('and every other node is skipped where `when` says no', async () => {
    const { statuses } = await ends(
      workflow({
        id: 'w',
        nodes: (flow) =>
          flow
            .task('a', { when: () => false, run: async () => 1 })
            .task('b', { after: ['a'], run: async () => 1 }),
      }),
    );
    expect(statuses).toEqual({ a: 'skipped', b: 'skipped' });
  });
});

describe('a join', () => {
  const never = (): Promise<number> => new Promise(() => {});

  it('of any goes on with the first, and cancels what nobody waits for any more', async () => {
    const { statuses, output } = await ends(
      workflow({
        id: 'w',
        nodes: (flow) =>
          flow
            .task('slow', { run: never })
            .task('before', { run: never })
            .task('slower', { after: ['before'], run: never })
            .task('fast', { run: async () => 'won' })
            .join('first', { after: ['slow', 'slower', 'fast'], wait: 'any' }),
        output: ({ results }) => results.first,
      }),
    );
    expect(statuses).toEqual({
      slow: 'cancelled',
      before: 'cancelled',
      slower: 'cancelled',
      fast: 'done',
      first: 'done',
    });
    expect(output).toEqual({ fast: 'won' });
  });

  it('of so many goes on with so many', async () => {
    const { output } = await ends(
      workflow({
        id: 'w',
        nodes: (flow) =>
          flow
            .task('a', { run: async () => 1 })
            .task('b', { run: never })
            .task('c', { run: async () => 3 })
            .join('two', { after: ['a', 'b', 'c'], wait: 2 }),
        output: ({ results }) => results.two,
      }),
    );
    expect(output).toEqual({ a: 1, c: 3 });
  });

  it('that cannot get so many fails', async () => {
    const { error } = await ends(
      workflow({
        id: 'w',
        nodes: (flow) =>
          flow
            .task('a', { run: async () => 1 })
            .task('b', { run: fails, onError: 'skip' })
            .join('two', { after: ['a', 'b'], wait: 2 }),
      }),
    );
    expect(error).toMatchObject({ node: 'two', cause: { code: 'WORKFLOW_JOIN_NOT_MET' } });
  });
});

describe('a map', () => {
  it('keeps the order of its list, however many are worked on at a time', async () => {
    let working = 0;
    let most = 0;
    const { output } = await ends(
      workflow({
        id: 'w',
        nodes: (flow) =>
          flow.map('all', {
            over: () => [5, 1, 3, 2, 4],
            concurrency: 3,
            run: async ({ input, index }) => {
              most = Math.max(most, ++working);
              await new Promise((resolve) => setTimeout(resolve, input));
              working--;
              return `${index}: ${input}`;
            },
          }),
        output: ({ results }) => results.all,
      }),
    );
    expect(output).toEqual(['0: 5', '1: 1', '2: 3', '3: 2', '4: 4']);
    expect(most).toBe(3);
  });

  it('takes no time for an empty list', async () => {
    const { output } = await ends(
      workflow({
        id: 'w',
        nodes: (flow) => flow.map('all', { over: () => [], run: async () => 1 }),
        output: ({ results }) => results.all,
      }),
    );
    expect(output).toEqual([]);
  });

  it('over what is no list fails, and names itself', async () => {
    const none = JSON.parse('{"length": 3}') as number[];
    const { error } = await ends(
      workflow({ id: 'w', nodes: (flow) => flow.map('all', { over: () => none, run: async () => 1 }) }),
    );
    expect(error).toMatchObject({ cause: { code: 'WORKFLOW_NOT_A_LIST', node: 'all' } });
  });
});

describe('a loop', () => {
  it('goes on with what it came to, until it is enough', async () => {
    const { output, nodes } = await ends(
      workflow({
        id: 'w',
        nodes: (flow) =>
          flow.loop('double', {
            input: () => 1,
            run: async ({ input }) => input * 2,
            until: ({ output }) => output > 50,
          }),
        output: ({ results }) => results.double,
      }),
    );
    expect(output).toBe(64);
    expect(nodes['double']).toMatchObject({ iteration: 6, input: 32, attempts: 1 });
  });

  it('fails at its limit', async () => {
    const { error } = await ends(
      workflow({
        id: 'w',
        nodes: (flow) => flow.loop('ever', { run: async () => undefined, until: () => false, limit: 4 }),
      }),
    );
    expect(error).toMatchObject({ cause: { code: 'WORKFLOW_LOOP_LIMIT', node: 'ever' } });
  });
});

describe('a node that waits', () => {
  it('for an event takes the one with its key', async () => {
    const machine = workflow({
      id: 'w',
      input: z.object({ order: z.string() }),
      nodes: (flow) =>
        flow.waitFor('paid', {
          event: 'payment',
          key: 'order',
          equals: ({ input }) => input.order,
          schema: z.object({ type: z.literal('payment'), order: z.string(), amount: z.number() }),
        }),
      output: ({ results }) => results.paid.amount,
    });
    const { output } = await ends(machine, { order: 'o-7' }, [
      { type: 'payment', order: 'o-8', amount: 1 },
      { type: 'payment', order: 'o-7', amount: 'much' },
      { type: 'payment', order: 'o-7', amount: 3 },
    ]);
    expect(output).toBe(3);
  });

  it('for a time waits so long, or until then', async () => {
    const started = Date.now();
    const { statuses } = await ends(
      workflow({
        id: 'w',
        nodes: (flow) =>
          flow
            .wait('a', { for: 15 })
            .wait('b', { after: ['a'], until: () => new Date(Date.now() + 15) })
            .wait('past', { until: new Date(0) }),
      }),
    );
    expect(statuses).toEqual({ a: 'done', b: 'done', past: 'done' });
    expect(Date.now() - started).toBeGreaterThanOrEqual(55);
  });

  it('for a person fails when nobody answers in time', async () => {
    const { error } = await ends(
      workflow({ id: 'w', nodes: (flow) => flow.question('ask', { ask: { prompt: 'Well?' }, timeout: 10 }) }),
    );
    expect(error).toMatchObject({ cause: { code: 'WORKFLOW_TIMEOUT', node: 'ask' } });
  });
});
