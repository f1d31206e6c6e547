/** Faults that flows had elsewhere, each by the name of what is promised here instead. */
import { SimulatedClock } from 'xstate';
import { describe, expect, it } from 'vitest';
import { createRuntime, NotSerializableError } from '../../src/index.ts';
import { memoryStore } from '../../adapters/memory.ts';
import { nodeStates } from './node-states.ts';
import { retryNode } from './retry-node.ts';
import { workflow } from './workflow.ts';

const silent = (): void => {};
const DAY = 24 * 60 * 60 * 1000;

// Changing the day field of a date fails where the month, or the length of the day, changes.
it.each(['2026-01-05', '2026-03-01', '2026-03-30', '2026-10-26'])(
  'retention cut-offs are computed by subtracting a duration from an instant: on %s',
  async (today) => {
    const now = Date.parse(`${today}T12:00:00Z`);
    const clock = new SimulatedClock();
    clock.set(now - 10 * DAY - 1);
    const runtime = createRuntime({ store: memoryStore(), clock, logger: silent });
    const flow = workflow({ id: 'w', nodes: (flow) => flow.task('a', { run: async () => 1 }) });
    await (await runtime.start(flow, { id: 'old' })).done();
    clock.set(now - 10 * DAY + 1);
    const young = await runtime.start(flow, { id: 'young' });
    await young.done();
    expect(nodeStates(young)['a']?.finished).toBe(new Date(now - 10 * DAY + 1).toISOString());
    clock.set(now);
    expect((await runtime.prune({ finished: { olderThan: 10 * DAY } })).runs).toEqual(['old']);
  },
);

describe('each file keeps its own content', () => {
  interface Scan {
    readonly name: string;
    readonly mediaType: string;
    readonly bytes: Uint8Array;
  }
  // Of equal and of different bytes, small enough to be inline and large enough to be kept apart.
  const scans: readonly Scan[] = [
    { name: 'a.png', mediaType: 'image/png', bytes: new Uint8Array(20_000).fill(1) },
    { name: 'b.pdf', mediaType: 'application/pdf', bytes: new Uint8Array(20_000).fill(2) },
    { name: 'c.txt', mediaType: 'text/plain', bytes: new Uint8Array([1, 2, 3]) },
    { name: 'd.png', mediaType: 'image/png', bytes: new Uint8Array(20_000).fill(1) },
  ];

  it('of a task whose result holds several, and of the items of a map, after a restart', async () => {
    const machine = workflow({
      id: 'w',
      nodes: (flow) =>
        flow
          .task('scan', { run: async ({ step }) => step('all', () => scans) })
          .map('copy', { after: ['scan'], over: ({ results }) => results.scan, run: ({ input }) => input })
          .question('ask', { after: ['copy'], ask: {} }),
      output: ({ results }) => ({ scan: results.scan, copy: results.copy }),
    });
    const store = memoryStore();
    const first = createRuntime({ store, machines: [machine], logger: silent });
    await (await first.start(machine, { id: 'r' })).waitForInput();
    await first.close();
    const second = createRuntime({ store, machines: [machine], logger: silent });
    const run = await second.open(machine, 'r');
    await run.answer('r/ask/question', 'well');
    const { scan, copy } = await run.done();
    expect(scan).toEqual(scans);
    expect(copy).toEqual(scans);
  });
});

it('a loop resumes at the loop after the last completed one: what follows loop 3 resumes at loop 4', async () => {
  const calls: string[][] = [];
  let hold = true;
  let reached = silent;
  const machine = workflow({
    id: 'w',
    nodes: (flow) =>
      flow.loop('talk', {
        input: (): string[] => ['hello'],
        run: async ({ input }) => {
          calls.push(input);
          if (input.length === 4 && hold) {
            reached();
            await new Promise(() => {});
          }
          return [...input, `reply ${input.length}`];
        },
        until: ({ iteration }) => iteration === 6,
      }),
    output: ({ results }) => results.talk,
  });
  const store = memoryStore();
  const there = new Promise<void>((resolve) => (reached = resolve));
  const first = createRuntime({ store, machines: [machine], logger: silent });
  await first.start(machine, { id: 'r' });
  await there;
  await first.close({ grace: 0 });
  hold = false;
  const second = createRuntime({ store, machines: [machine], logger: silent });
  const run = await second.open(machine, 'r');
  expect(nodeStates(run)['talk']).toMatchObject({ status: 'running', iteration: 4, attempts: 1 });
  const said = await run.done();
  expect(said).toEqual(['hello', ...[1, 2, 3, 4, 5, 6].map((reply) => `reply ${reply}`)]);
  // Loop 4 alone was cut off, and called again.
  expect(calls.map(({ length }) => length)).toEqual([1, 2, 3, 4, 4, 5, 6]);
});

describe('a result that cannot be serialised is never dropped or shortened in silence', () => {
  const bad = { rows: [{ at: 1 }, { at: 2, close: () => {} }] };

  it('of a task: its error names the node and the path, and the run can be retried', async () => {
    let result: unknown = bad;
    const machine = workflow({
      id: 'w',
      nodes: (flow) => flow.task('query', { run: async () => result }),
      output: ({ results }) => results.query,
    });
    const runtime = createRuntime({ store: memoryStore(), machines: [machine], logger: silent });
    const run = await runtime.start(machine, { id: 'r' });
    const error: unknown = await run.done().catch((error: unknown) => error);
    expect(error).toMatchObject({ code: 'WORKFLOW_NODE_FAILED', node: 'query' });
    const { cause } = error as Error;
    expect(cause).toBeInstanceOf(NotSerializableError);
    expect((cause as NotSerializableError).path).toContain('rows[1].close');
    result = 'mended';
    expect(await (await retryNode(runtime, 'r')).done()).toBe('mended');
  });

  it('of a transform: it fails with the path, and what came before it stays done', async () => {
    const machine = workflow({
      id: 'w',
      nodes: (flow) =>
        flow
          .task('a', { run: async () => 1 })
          .transform('shape', { after: ['a'], onError: 'route', run: () => bad })
          .task('late', { after: ['shape:error'], run: async () => 'told' }),
    });
    const runtime = createRuntime({ store: memoryStore(), machines: [machine], logger: silent });
    const run = await runtime.start(machine, { id: 'r' });
    await run.done();
    const { a, shape, late } = nodeStates(run);
    expect([a?.status, shape?.status, late?.status]).toEqual(['done', 'failed', 'done']);
    expect(String(shape?.error)).toContain('rows[1].close');
  });

  it('of an item of a map: its error names the node, the item and the path', async () => {
    const machine = workflow({
      id: 'w',
      nodes: (flow) =>
        flow.map('each', { over: () => [1, 2, 3], run: ({ input }) => (input === 2 ? bad : 1) }),
    });
    const runtime = createRuntime({ store: memoryStore(), machines: [machine], logger: silent });
    const error: unknown = await (
      await runtime.start(machine, { id: 'r' })
    )
      .done()
      .catch((error: unknown) => error);
    expect(error).toMatchObject({ node: 'each', cause: { code: 'NOT_SERIALIZABLE' } });
    expect(String((error as Error).cause)).toMatch(/item 1.*rows\[1\]\.close/);
  });
});

describe('an error that cannot be stored fails the node that threw it, and says what it said', () => {
  // As those of HTTP clients: with functions, and with what leads back to them.
  const refused = (): Error => {
    const error = Object.assign(new TypeError('refused'), {
      code: 'ECONNREFUSED',
      config: { parse: () => {} },
    });
    return Object.assign(error, { request: { error } });
  };

  // The run was quarantined.
  it('where the flow starts with it', async () => {
    const machine = workflow({
      id: 'w',
      nodes: (flow) =>
        flow.task('a', {
          when: () => {
            throw refused();
          },
          run: async () => 1,
        }),
    });
    const runtime = createRuntime({ store: memoryStore(), logger: silent });
    const error: unknown = await (await runtime.start(machine, { id: 'r' })).done().catch((thrown) => thrown);
    expect(error).toMatchObject({ node: 'a', message: "The node 'a' failed: refused" });
    const { cause } = error as Error;
    expect(cause).toMatchObject({
      name: 'TypeError',
      code: 'ECONNREFUSED',
      cause: { code: 'NOT_SERIALIZABLE' },
    });
  });

  // The task before it failed for it.
  it.each([
    ['an error', refused],
    ['a function', () => () => {}],
    ['a symbol', () => Symbol('no')],
    ['an object that is no text', () => Object.create(null) as object],
  ])('where it is %s, and what came before it stays done', async (_, thrown) => {
    const machine = workflow({
      id: 'w',
      nodes: (flow) =>
        flow.task('a', { run: async () => 1 }).transform('shape', {
          after: ['a'],
          run: () => {
            throw thrown();
          },
        }),
    });
    const runtime = createRuntime({ store: memoryStore(), logger: silent });
    const run = await runtime.start(machine, { id: 'r' });
    await expect(run.done()).rejects.toMatchObject({ code: 'WORKFLOW_NODE_FAILED', node: 'shape' });
    expect(nodeStates(run)).toMatchObject({ a: { status: 'done' }, shape: { status: 'failed' } });
  });

  it('where a task or an item of a map threw it', async () => {
    const machine = workflow({
      id: 'w',
      nodes: (flow) =>
        flow
          .task('a', { run: async () => Promise.reject(refused()), onError: 'skip' })
          .map('b', { over: () => [1], run: async () => Promise.reject(refused()), onError: 'skip' }),
    });
    const run = await createRuntime({ store: memoryStore(), logger: silent }).start(machine, { id: 'r' });
    await run.done();
    const { a, b } = nodeStates(run);
    expect(a?.error).toMatchObject({ message: 'refused', code: 'ECONNREFUSED' });
    expect(String(b?.error)).toContain('refused');
  });
});

it('a transform that gives a promise fails, and what came before it stays done', async () => {
  const machine = workflow({
    id: 'w',
    nodes: (flow) =>
      flow
        .task('a', { run: async () => 1 })
        .transform('shape', { after: ['a'], onError: 'skip', run: async () => new Map([[1, 2]]) })
        .transform('other', { after: ['a'], onError: 'skip', run: () => new Map([[1, () => {}]]) }),
  });
  const run = await createRuntime({ store: memoryStore(), logger: silent }).start(machine, { id: 'r' });
  await run.done();
  const { a, shape, other } = nodeStates(run);
  expect([a?.status, shape?.status, other?.status]).toEqual(['done', 'skipped', 'skipped']);
  expect(String(shape?.error)).toContain('Promise');
});
