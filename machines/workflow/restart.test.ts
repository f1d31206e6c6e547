/** What a workflow keeps when it is let go of, cut off, or failed. */
import { SimulatedClock } from 'xstate';
import { describe, expect, it } from 'vitest';
import { createRuntime, type DurableArgs, fromDurable, type Runtime } from '../../src/index.ts';
import { memoryStore } from '../../adapters/memory.ts';
import { nodeStates } from './node-states.ts';
import { progress } from './progress.ts';
import { retryNode } from './retry-node.ts';
import { workflow } from './workflow.ts';

const silent = (): void => {};

describe('a workflow that is opened again', () => {
  it('goes on at the item of a map that was not finished', async () => {
    const finished: number[] = [];
    let stopAt = 60;
    const stopped: (() => void)[] = [];
    const machine = workflow({
      id: 'w',
      nodes: (flow) =>
        flow.map('all', {
          over: () => [...Array(200).keys()],
          concurrency: 1,
          run: async ({ input, index }) => {
            if (index === stopAt) {
              stopAt = -1;
              await new Promise<void>((resolve) => {
                for (const tell of stopped) tell();
                setTimeout(resolve, 10_000).unref();
              });
            }
            finished.push(index);
            return input * 2;
          },
        }),
      output: ({ results }) => results.all,
    });
    const store = memoryStore();
    const first = createRuntime({ store, machines: [machine], logger: silent });
    const there = new Promise<void>((resolve) => stopped.push(resolve));
    const run = await first.start(machine, { id: 'r' });
    await there;
    await run.flush();
    expect(run.seq).toBe(1);
    await first.close({ grace: 0 });
    const second = createRuntime({ store, machines: [machine], logger: silent });
    const output = await (await second.open(machine, 'r')).done();
    expect(output).toEqual([...Array(200).keys()].map((item) => item * 2));
    expect(finished).toEqual([...Array(200).keys()]);
  });

  it('goes on at the next iteration of a loop', async () => {
    const seen: number[] = [];
    let hold: (() => void) | undefined;
    const machine = workflow({
      id: 'w',
      nodes: (flow) =>
        flow.loop('count', {
          input: () => 0,
          run: async ({ input }) => {
            seen.push(input);
            if (input === 3 && hold) {
              hold();
              await new Promise(() => {});
            }
            return input + 1;
          },
          until: ({ output }) => output === 6,
        }),
      output: ({ results }) => results.count,
    });
    const store = memoryStore();
    const first = createRuntime({ store, machines: [machine], logger: silent });
    const there = new Promise<void>((resolve) => (hold = resolve));
    await first.start(machine, { id: 'r' });
    await there;
    await first.close({ grace: 0 });
    hold = undefined;
    const second = createRuntime({ store, machines: [machine], logger: silent });
    expect(await (await second.open(machine, 'r')).done()).toBe(6);
    expect(seen).toEqual([0, 1, 2, 3, 3, 4, 5]);
  });

  it('ends a wait of months at once where it is over', async () => {
    const day = 24 * 60 * 60 * 1000;
    const machine = workflow({ id: 'w', nodes: (flow) => flow.wait('long', { for: 60 * day }) });
    const store = memoryStore();
    const clock = new SimulatedClock();
    const first = createRuntime({ store, clock, logger: silent });
    await first.start(machine, { id: 'r' });
    await first.close();
    clock.set(70 * day);
    const run = await createRuntime({ store, clock, logger: silent }).open(machine, 'r');
    await run.settled();
    expect(run.status).toBe('done');
  });

  it('gives a node that is tried again the same ids for its effects', async () => {
    const ids: string[] = [];
    const machine = workflow({
      id: 'w',
      nodes: (flow) =>
        flow.task('pay', {
          retry: { limit: 3, backoff: 0 },
          run: async ({ effectId, step, attempt }) => {
            ids.push(effectId, await step('charge', ({ effectId }) => effectId));
            if (attempt < 3) throw new Error('no answer');
            return attempt;
          },
        }),
      output: ({ results }) => results.pay,
    });
    const run = await createRuntime({ store: memoryStore(), logger: silent }).start(machine, { id: 'r' });
    expect(await run.done()).toBe(3);
    expect(new Set(ids)).toEqual(new Set(['r/pay/work', 'r/pay/work/charge']));
  });

  it('gives work that is ephemeral, or for an item, ids of its own for its effects', async () => {
    const ids: string[] = [];
    const note = fromDurable(async ({ effectId, step }: DurableArgs<number | undefined>) => {
      ids.push(effectId, await step('charge', ({ effectId }) => effectId));
    });
    const machine = workflow({
      id: 'w',
      nodes: (flow) =>
        flow
          .task('a', {
            ephemeral: true,
            run: async ({ effectId, step }) => {
              ids.push(effectId, await step('charge', ({ effectId }) => effectId));
            },
          })
          .task('b', { ephemeral: true, run: note })
          .map('c', { over: () => [1, 2], run: note }),
    });
    await (await createRuntime({ store: memoryStore(), logger: silent }).start(machine, { id: 'r' })).done();
    expect(ids.filter((id) => id.startsWith('r/a/work'))).toEqual(['r/a/work', 'r/a/work/charge']);
    expect(ids.filter((id) => id.startsWith('r/b/work'))).toHaveLength(2);
    expect(ids.filter((id) => id.startsWith('r/c/work'))).toHaveLength(4);
    expect(new Set(ids).size).toBe(8);
  });

  it('shows its nodes also where nobody has loaded it', async () => {
    const machine = workflow({
      id: 'w',
      nodes: (flow) =>
        flow
          .task('a', { input: () => 'in', run: async () => 'out' })
          .question('ask', { after: ['a'], ask: { prompt: 'Well?', assignee: 'ann' } }),
    });
    const store = memoryStore();
    const first = createRuntime({ store, logger: silent });
    const run = await first.start(machine, { id: 'r' });
    await run.waitForInput();
    expect(nodeStates(run)['ask']).toMatchObject({ question: { prompt: 'Well?', id: 'r/ask/question' } });
    await first.close();
    const reader = createRuntime({ store, logger: silent });
    const { seq } = await reader.get('r');
    const checkpoint = await reader.checkpoint('r', seq);
    expect(nodeStates(checkpoint)).toMatchObject({
      a: { type: 'task', status: 'done', input: 'in', output: 'out', attempts: 1 },
      ask: { type: 'question', status: 'waitingForInput', question: { prompt: 'Well?', assignee: 'ann' } },
    });
    expect(nodeStates(checkpoint)['a']?.started).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(progress(checkpoint)).toMatchObject({ total: 2, ended: 1, ratio: 0.5 });
  });

  it('shows what was open as cancelled, after it was cancelled', async () => {
    const machine = workflow({
      id: 'w',
      nodes: (flow) =>
        flow
          .task('a', { run: async () => 'out' })
          .question('ask', { after: ['a'], ask: {} })
          .task('b', { after: ['ask'], run: async () => 1 }),
    });
    const runtime = createRuntime({ store: memoryStore(), logger: silent });
    const run = await runtime.start(machine, { id: 'r' });
    await run.waitForInput();
    await runtime.cancel('r');
    const { seq } = await runtime.get('r');
    const { snapshot } = await runtime.checkpoint('r', seq);
    expect(nodeStates(snapshot as object)).toMatchObject({
      a: { status: 'done', output: 'out' },
      ask: { status: 'cancelled' },
      b: { status: 'cancelled' },
    });
  });

  it('of another workflow that is a node of it goes on in the middle', async () => {
    const inner = workflow({
      id: 'inner',
      nodes: (flow) => flow.question('ask', { ask: { prompt: 'Inside?' } }),
      output: ({ results }) => results.ask,
    });
    const machine = workflow({
      id: 'outer',
      nodes: (flow) => flow.subflow('sub', { run: inner }).task('b', { after: ['sub'], run: async () => 1 }),
      output: ({ results }) => results.sub,
    });
    const store = memoryStore();
    const first = createRuntime({ store, machines: [machine], logger: silent });
    const run = await first.start(machine, { id: 'r' });
    await run.waitForInput();
    await first.close();
    const second = createRuntime({ store, machines: [machine], logger: silent });
    await second.answer('r/sub/work/ask/question', 'yes');
    expect(await (await second.open(machine, 'r')).done()).toBe('yes');
  });
});

describe('retryNode()', () => {
  const flaky = () => {
    const calls: string[] = [];
    const state = { broken: true };
    const machine = workflow({
      id: 'w',
      nodes: (flow) =>
        flow
          .task('a', { run: async () => calls.push('a'), compensate: async () => calls.push('undo a') })
          .task('plain', { run: async () => calls.push('plain') })
          .task('b', {
            after: ['a', 'plain'],
            run: async () => {
              calls.push('b');
              if (state.broken) throw new Error('broken');
              return 'mended';
            },
          })
          .task('c', { after: ['b'], input: ({ results }) => results.b, run: async ({ input }) => input }),
      output: ({ results }) => results.c,
    });
    return { calls, state, machine };
  };

  async function failed(): Promise<ReturnType<typeof flaky> & { runtime: Runtime }> {
    const made = flaky();
    const runtime = createRuntime({ store: memoryStore(), machines: [made.machine], logger: silent });
    const run = await runtime.start(made.machine, { id: 'r' });
    await expect(run.done()).rejects.toThrow(/'b' failed: broken/);
    expect((await runtime.get('r')).status).toBe('failed');
    made.state.broken = false;
    return { ...made, runtime };
  }

  it('goes on from the node that failed, keeps what was done, and does again what was undone', async () => {
    const { calls, runtime } = await failed();
    const run = await retryNode(runtime, 'r');
    expect(await run.done()).toBe('mended');
    expect(calls.filter((call) => call === 'plain')).toHaveLength(1);
    expect(calls.filter((call) => call === 'a')).toHaveLength(2);
    const values: unknown[] = [];
    for await (const { value } of run.history()) values.push(value);
    expect(values).toContain('failing');
  });

  it('goes on from a named node, and what depends on it', async () => {
    const { calls, runtime } = await failed();
    const run = await retryNode(runtime, 'r', 'plain');
    expect(await run.done()).toBe('mended');
    expect(calls.filter((call) => call === 'plain')).toHaveLength(2);
  });

  it('keeps the outcome that led at once to a node which failed, and starts that one anew', async () => {
    const calls: string[] = [];
    const make = (isMended: boolean) =>
      workflow({
        id: 'w',
        nodes: (flow) =>
          flow
            .task('charge', { run: async () => calls.push('charge') })
            .choice('size', {
              after: ['charge'],
              routes: { large: ({ results }) => results.charge > 5, small: () => isMended },
            })
            .task('ship', { after: ['size:small'], run: async () => 'shipped' }),
        output: ({ results }) => results.ship,
      });
    const runtime = createRuntime({ store: memoryStore(), machines: [make(true)], logger: silent });
    const run = await runtime.start(make(false), { id: 'r' });
    await expect(run.done()).rejects.toMatchObject({ node: 'size', cause: { code: 'WORKFLOW_NO_ROUTE' } });
    await run.release().catch(silent);
    expect(await (await retryNode(runtime, 'r')).done()).toBe('shipped');
    expect(calls).toEqual(['charge']);
  });

  it('gives a node whose time was out its time anew', async () => {
    const attempts: number[] = [];
    const machine = workflow({
      id: 'w',
      nodes: (flow) =>
        flow
          .task('slow', {
            timeout: 200,
            run: async ({ effectId }) => {
              attempts.push(attempts.length);
              if (attempts.length === 1) await new Promise(() => {});
              return effectId;
            },
          })
          .question('ask', { after: ['slow'], ask: { prompt: 'Well?' }, timeout: 200 }),
      output: ({ results }) => results,
    });
    const runtime = createRuntime({ store: memoryStore(), machines: [machine], logger: silent });
    const run = await runtime.start(machine, { id: 'r' });
    await expect(run.done()).rejects.toMatchObject({ node: 'slow', cause: { code: 'WORKFLOW_TIMEOUT' } });
    const again = await retryNode(runtime, 'r');
    await expect(again.done()).rejects.toMatchObject({ node: 'ask', cause: { code: 'WORKFLOW_TIMEOUT' } });
    const third = await retryNode(runtime, 'r');
    const [question] = await third.waitForInput();
    await third.answer(question!.id, 'yes');
    expect(await third.done()).toEqual({ slow: 'r/slow/work', ask: 'yes' });
    expect(attempts).toHaveLength(2);
  });

  it('takes up one that failed as it was started', async () => {
    const make = (isMended: boolean) =>
      workflow({
        id: 'w',
        nodes: (flow) =>
          flow.transform('root', {
            run: () => {
              if (isMended) return 1;
              throw new Error('no luck');
            },
          }),
        output: ({ results }) => results.root,
      });
    const runtime = createRuntime({ store: memoryStore(), machines: [make(true)], logger: silent });
    const run = await runtime.start(make(false), { id: 'r' });
    await expect(run.done()).rejects.toThrow("'root' failed: no luck");
    expect(await (await retryNode(runtime, 'r')).done()).toBe(1);
  });

  it('names a node that there is not', async () => {
    const { runtime } = await failed();
    await expect(retryNode(runtime, 'r', 'z')).rejects.toMatchObject({ code: 'WORKFLOW_NO_NODE', node: 'z' });
  });
});
