/** What is done again, and what is not, when a flow is taken up again from one of its nodes. */
import type { AnyStateMachine } from 'xstate';
import { expect, it } from 'vitest';
import { createRuntime, type Runtime } from '../../src/index.ts';
import { memoryStore } from '../../adapters/memory.ts';
import { retryNode } from './retry-node.ts';
import { workflow } from './workflow.ts';

const silent = (): void => {};
const knowing = (machine: AnyStateMachine): Runtime =>
  createRuntime({ store: memoryStore(), machines: [machine], logger: silent });

// It was shipped and never paid for: the payment that was given back was taken for one that is known already.
it('does again what was undone, also where its result was kept', async () => {
  const calls: string[] = [];
  let isBroken = true;
  const machine = workflow({
    id: 'w',
    nodes: (flow) =>
      flow
        .task('pay', {
          cache: true,
          run: async () => void calls.push('pay'),
          compensate: async () => void calls.push('give back'),
        })
        .loop('wrap', {
          after: ['pay'],
          cache: true,
          input: () => 0,
          run: async ({ input }) => {
            calls.push('wrap');
            return input + 1;
          },
          until: ({ iteration }) => iteration === 2,
          compensate: async () => void calls.push('unwrap'),
        })
        .task('ship', {
          after: ['wrap'],
          run: async () => {
            if (isBroken) throw new Error('no van');
            calls.push('ship');
          },
        }),
  });
  const runtime = knowing(machine);
  await (await runtime.start(machine, { id: 'r' })).done().catch(silent);
  isBroken = false;
  await (await retryNode(runtime, 'r')).done();
  expect(calls).toEqual(['pay', 'wrap', 'wrap', 'unwrap', 'give back', 'pay', 'wrap', 'wrap', 'ship']);
});

it('runs a named node again whose result was kept, and keeps that of what depends on it', async () => {
  const calls: string[] = [];
  const machine = workflow({
    id: 'w',
    nodes: (flow) =>
      flow
        .task('read', { cache: true, run: async () => void calls.push('read') })
        .task('count', { after: ['read'], cache: true, run: async () => void calls.push('count') })
        .task('tell', { after: ['count'], run: async () => void calls.push('tell') }),
  });
  const runtime = knowing(machine);
  await (await runtime.start(machine, { id: 'r' })).done();
  await (await retryNode(runtime, 'r', 'read')).done();
  expect(calls).toEqual(['read', 'count', 'tell', 'read', 'tell']);
});

// The turn of the end was lost: what had ended in it worked once more.
it('keeps what a node came to by which the flow ended', async () => {
  const calls: string[] = [];
  let isWell = false;
  const machine = workflow({
    id: 'w',
    nodes: (flow) =>
      flow
        .task('quick', { run: async () => void calls.push('quick') })
        .task('slow', {
          run: async () => {
            await new Promise((resolve) => setTimeout(resolve, 20));
            return calls.push('slow');
          },
        })
        .transform('told', { after: ['slow'], run: ({ results }) => results.slow * 2 })
        .task('late', {
          onError: 'route',
          after: ['slow'],
          run: async () => {
            await new Promise((resolve) => setTimeout(resolve, 20));
            calls.push('late');
            if (!isWell) throw new Error('too late');
          },
        })
        .transform('why', { after: ['late:error'], run: ({ results }) => String(results.late) }),
    output: ({ results }) => [results.told, results.why],
  });
  const runtime = knowing(machine);
  const first = await (await runtime.start(machine, { id: 'r' })).done();
  isWell = true;
  expect(await (await retryNode(runtime, 'r', 'quick')).done()).toEqual(first);
  expect(calls).toEqual(['quick', 'slow', 'late', 'quick']);
  await (await retryNode(runtime, 'r', 'slow')).done();
  expect(calls.slice(4)).toEqual(['slow', 'late']);
});

it('keeps an answer by which the flow ended', async () => {
  let calls = 0;
  const machine = workflow({
    id: 'w',
    nodes: (flow) =>
      flow
        .task('count', { run: async () => ++calls })
        .question('ask', { ask: { prompt: 'Well?' } })
        .waitFor('word', { event: 'word' }),
    output: ({ results }) => results,
  });
  const runtime = knowing(machine);
  const run = await runtime.start(machine, { id: 'r' });
  await run.settled();
  await run.send({ type: 'word' });
  await run.answer('r/ask/question', 'well');
  await run.done();
  const again = await retryNode(runtime, 'r', 'count');
  expect(await again.done()).toEqual({ count: 2, ask: 'well', word: { type: 'word' } });
});

// It went on undoing, and did that twice: no retry could ever end well.
it('begins a subflow anew that had undone what it did, with other ids for its effects', async () => {
  const calls: string[] = [];
  const ids: string[] = [];
  let isBroken = true;
  const inner = workflow({
    id: 'inner',
    nodes: (flow) =>
      flow
        .task('pay', {
          run: async ({ effectId }) => {
            ids.push(effectId);
            calls.push('pay');
          },
          compensate: async () => void calls.push('give back'),
        })
        .task('ship', {
          after: ['pay'],
          run: async () => {
            if (isBroken) throw new Error('no van');
            calls.push('ship');
          },
        }),
  });
  const middle = workflow({ id: 'middle', nodes: (flow) => flow.subflow('sell', { run: inner }) });
  for (const work of [inner, middle]) {
    const machine = workflow({
      id: 'w',
      nodes: (flow) =>
        flow
          .task('look', { run: async () => void calls.push('look') })
          .subflow('sub', { after: ['look'], run: work }),
    });
    calls.length = ids.length = 0;
    isBroken = true;
    const runtime = knowing(machine);
    await (await runtime.start(machine, { id: 'r' })).done().catch(silent);
    isBroken = false;
    await (await retryNode(runtime, 'r')).done();
    expect(calls).toEqual(['look', 'pay', 'give back', 'pay', 'ship']);
    expect(new Set(ids).size).toBe(2);
  }
});

// The second payment had the key of the first, and whoever takes payments does one with a known key no second time.
it('gives the effects of a flow within other ids in each iteration, and when it is run again', async () => {
  const ids: string[] = [];
  const inner = workflow({
    id: 'inner',
    nodes: (flow) =>
      flow.loop('pay', {
        run: async ({ effectId, step }) => {
          await step('send', ({ effectId }) => ids.push(effectId));
          ids.push(effectId);
        },
        until: ({ iteration }) => iteration === 2,
      }),
  });
  const machine = workflow({
    id: 'w',
    nodes: (flow) =>
      flow
        .loop('each', { run: inner, until: ({ iteration }) => iteration === 2 })
        .subflow('last', { after: ['each'], run: inner }),
  });
  const runtime = knowing(machine);
  await (await runtime.start(machine, { id: 'r' })).done();
  await (await retryNode(runtime, 'r', 'last')).done();
  expect(ids).toHaveLength(16);
  expect(new Set(ids).size).toBe(16);
  expect(ids).toContain('r/last/work/pay/work/send');
});

it('gives the effects of a flow within other ids when it is tried again after it undid them', async () => {
  const ids: string[] = [];
  let tries = 0;
  const inner = workflow({
    id: 'inner',
    nodes: (flow) =>
      flow
        .task('pay', { run: async ({ effectId }) => void ids.push(effectId), compensate: async () => {} })
        .task('ship', {
          after: ['pay'],
          run: async () => {
            if (++tries === 1) throw new Error('no van');
          },
        }),
  });
  const middle = workflow({ id: 'middle', nodes: (flow) => flow.subflow('sell', { run: inner }) });
  for (const run of [inner, middle]) {
    ids.length = tries = 0;
    const machine = workflow({
      id: 'w',
      nodes: (flow) => flow.subflow('sub', { run, retry: { limit: 1, backoff: 1 } }),
    });
    await (await knowing(machine).start(machine, { id: 'r' })).done();
    expect(ids).toHaveLength(2);
    expect(ids[1]).not.toBe(ids[0]);
  }
});

it('gives the effects of a flow within the same ids when it is tried again', async () => {
  const ids: string[] = [];
  const inner = workflow({
    id: 'inner',
    nodes: (flow) =>
      flow.task('pay', {
        run: async ({ effectId }) => {
          if (ids.push(effectId) % 2 === 1) throw new Error('no answer');
        },
      }),
  });
  const machine = workflow({
    id: 'w',
    nodes: (flow) =>
      flow.loop('each', {
        run: inner,
        until: ({ iteration }) => iteration === 2,
        retry: { limit: 1, backoff: 1 },
      }),
  });
  await (await knowing(machine).start(machine, { id: 'r' })).done();
  expect(ids[1]).toBe(ids[0]);
  expect(ids[3]).toBe(ids[2]);
  expect(ids[2]).not.toBe(ids[0]);
});
