import { createActor, toPromise } from 'xstate';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createRuntime } from '../../../src/index.ts';
import { memoryStore } from '../../../adapters/memory.ts';
import { WorkflowError } from '../errors.ts';
import { nodeStates } from '../node-states.ts';
import { workflow } from '../workflow.ts';
import { workflowFromJSON, workflowToJSON } from './from-json.ts';
import type { Registries } from './registries.ts';

const order = {
  $schema: './node_modules/savepoint/machines/workflow/workflow.schema.json',
  format: 1,
  id: 'order',
  version: '3',
  input: 'order',
  nodes: [
    { id: 'reserve', type: 'map', over: { $: 'input.lines' }, task: 'reserve', concurrency: 2 },
    {
      id: 'charge',
      type: 'task',
      after: ['reserve'],
      task: 'charge',
      input: { amount: { $: 'input.amount' }, for: [{ $: ['results', 'reserve', '0'] }] },
      retry: { limit: 2, backoff: 1 },
    },
    {
      id: 'size',
      type: 'choice',
      after: ['charge'],
      routes: [{ name: 'large', when: 'isLarge' }, { name: 'small' }],
    },
    { id: 'approval', type: 'question', after: ['size:large'], ask: { prompt: 'Ship?' }, schema: 'decision' },
    { id: 'note', type: 'transform', after: ['size:small'], value: 'no need to ask' },
    { id: 'end', type: 'join', after: ['approval', 'note'], wait: 'any' },
  ],
  output: { receipt: { $: 'results.charge.receipt' }, end: { $: 'results.end' } },
};

const registries: Registries = {
  tasks: {
    reserve: async ({ input }: { input: string }) => `reserved ${input}`,
    charge: async ({ input }: { input: { amount: number; for: string[] } }) => ({
      receipt: `${input.amount} for ${input.for.join()}`,
    }),
  },
  guards: { isLarge: ({ input }) => (input as { amount: number }).amount > 100 },
  schemas: {
    order: z.object({ amount: z.number(), lines: z.array(z.string()) }),
    decision: z.object({ approved: z.boolean() }),
  },
};

function refusal(given: unknown, by: Registries = registries): WorkflowError {
  try {
    workflowFromJSON(given, by);
  } catch (error) {
    if (error instanceof WorkflowError) return error;
    throw error;
  }
  throw new Error('It was not refused.');
}

const withNodes = (...nodes: object[]): object => ({ format: 1, id: 'w', nodes });

describe('a definition', () => {
  it('runs as a workflow does, and comes back as it was', async () => {
    const machine = workflowFromJSON(order, registries);
    const actor = createActor(machine, { input: { amount: 7, lines: ['a', 'b'] } });
    const output = toPromise(actor);
    actor.start();
    expect(await output).toEqual({ receipt: '7 for reserved a', end: { note: 'no need to ask' } });
    expect(workflowToJSON(machine)).toEqual(order);
    expect(machine.version).toBe('3');
  });

  it('is kept by the run that was started with it', async () => {
    const store = memoryStore();
    const first = createRuntime({ store, machines: [workflowFromJSON(order, registries)] });
    const [machine] = [workflowFromJSON(order, registries)];
    await first
      .start(machine, { id: 'r', input: { amount: 700, lines: ['a'] } })
      .then((run) => run.waitForInput());
    await first.close();

    // Since then the definition has changed: nobody is asked any more.
    const changed = { ...order, nodes: order.nodes.slice(0, 2), output: 'changed' };
    const second = createRuntime({ store, machines: [workflowFromJSON(changed, registries)] });
    const run = await second.open('r');
    expect(Object.keys(nodeStates(run))).toEqual(order.nodes.map(({ id }) => id));
    const [question] = await run.waitForInput();
    await run.answer(question!.id, { approved: true });
    await run.done();
    expect(nodeStates(run)).toMatchObject({ approval: { status: 'done' }, end: { status: 'done' } });
  });

  it('says what comes of a run that was started with it, and what that waits for', async () => {
    const store = memoryStore();
    const machine = (event: string) =>
      workflowFromJSON(
        {
          ...withNodes({ id: event, type: 'waitFor', event }),
          output: { by: { $: ['results', event, 'by'] } },
        },
        {},
      );
    const first = createRuntime({ store, machines: [machine('paid')] });
    await (await first.start(machine('paid'), { id: 'r' })).settled();
    await first.close();
    const second = createRuntime({ store, machines: [machine('sent')] });
    const run = await second.open('r');
    expect(await run.send({ type: 'sent', by: 'nobody' })).toMatchObject({ accepted: false });
    expect(await run.send({ type: 'paid', by: 'Ada' })).toMatchObject({ accepted: true });
    expect(await run.done()).toEqual({ by: 'Ada' });
  });

  it('tells a task by its whole name', async () => {
    const called: string[] = [];
    const tasks = Object.fromEntries(
      ['boss', 'ask:boss', 'ephemeral:boss', 'ask%3Aboss'].map((name) => [
        name,
        async () => void called.push(name),
      ]),
    );
    const nodes = [
      { id: 'a', type: 'task', task: 'boss', onInterrupt: 'ask' },
      { id: 'b', type: 'task', after: ['a'], task: 'boss', ephemeral: true },
      { id: 'c', type: 'task', after: ['b'], task: 'ask:boss' },
      { id: 'd', type: 'task', after: ['c'], task: 'ask%3Aboss' },
    ];
    const run = await createRuntime({ store: memoryStore() }).start(
      workflowFromJSON(withNodes(...nodes), { tasks }),
    );
    await run.done();
    expect(called).toEqual(['boss', 'boss', 'ask:boss', 'ask%3Aboss']);
  });

  // Nothing was undone, and nobody was told.
  it('undoes what a run did whose tasks are registered no more, or says that it cannot', async () => {
    const undone: string[] = [];
    const tasks = {
      pay: async () => 1,
      'give back': async () => void undone.push('give back'),
      book: async () => 1,
      cancel: async () => void undone.push('cancel'),
      fail: async () => Promise.reject(new Error('no luck')),
    };
    const given = withNodes(
      { id: 'pay', type: 'task', task: 'pay', compensate: 'give back' },
      { id: 'book', type: 'task', after: ['pay'], task: 'book', compensate: 'cancel' },
      { id: 'ask', type: 'question', after: ['book'], ask: {} },
      { id: 'end', type: 'task', after: ['ask'], task: 'fail' },
    );
    const store = memoryStore();
    const machine = workflowFromJSON(given, { tasks });
    const first = createRuntime({ store, machines: [machine] });
    await (await first.start(machine, { id: 'r' })).waitForInput();
    await first.close();

    const { pay: _pay, cancel: _cancel, ...left } = tasks;
    const later = workflowFromJSON(withNodes({ id: 'x', type: 'task', task: 'book' }), { tasks: left });
    const run = await createRuntime({ store, machines: [later] }).open('r');
    await run.answer('r/ask/question', 'well');
    await expect(run.done()).rejects.toMatchObject({ code: 'WORKFLOW_UNDO_FAILED', node: 'end' });
    expect(undone).toEqual(['give back']);
    expect(nodeStates(run)).toMatchObject({
      pay: { undone: 'done' },
      book: { undone: 'failed', error: { code: 'WORKFLOW_UNKNOWN_NAME' } },
    });
  });

  it('names the node that something is wrong with', () => {
    const task = { id: 'a', type: 'task', task: 'charge' };
    expect(refusal({ ...order, format: 2 })).toMatchObject({ code: 'WORKFLOW_FORMAT' });
    expect(refusal('nothing')).toMatchObject({ code: 'WORKFLOW_DEFINITION' });
    expect(refusal(withNodes({ ...task, task: 'nobody' }))).toMatchObject({
      code: 'WORKFLOW_UNKNOWN_NAME',
      node: 'a',
    });
    expect(refusal(withNodes({ ...task, when: 'never' }))).toMatchObject({
      code: 'WORKFLOW_UNKNOWN_NAME',
      node: 'a',
    });
    expect(refusal(withNodes(task, task))).toMatchObject({ code: 'WORKFLOW_NODE_TWICE', node: 'a' });
    expect(refusal(withNodes({ ...task, colour: 'red' }))).toMatchObject({
      code: 'WORKFLOW_DEFINITION',
      node: 'a',
    });
    expect(refusal(withNodes({ ...task, after: ['b'] }))).toMatchObject({
      code: 'WORKFLOW_UNKNOWN_DEPENDENCY',
      node: 'a',
    });
    expect(refusal(withNodes({ ...task, after: ['a'] }))).toMatchObject({
      code: 'WORKFLOW_CYCLE',
      node: 'a',
    });
    expect(refusal(withNodes(task, { ...task, id: 'b', input: { $: 'results.a' } }))).toMatchObject({
      code: 'WORKFLOW_UNKNOWN_DEPENDENCY',
      node: 'b',
    });
    expect(refusal(withNodes({ ...task, input: { $: 'outputs.a' } }))).toMatchObject({ node: 'a' });
    expect(refusal(withNodes({ id: 'c', type: 'choice', routes: [] }))).toMatchObject({ node: 'c' });
    for (const over of [7, 'abc', { list: [] }])
      expect(refusal(withNodes({ id: 'm', type: 'map', task: 'charge', over }))).toMatchObject({
        code: 'WORKFLOW_NOT_A_LIST',
        node: 'm',
      });
    for (const times of [{}, { for: 1, until: '2030-01-01' }])
      expect(refusal(withNodes({ id: 'w', type: 'wait', ...times }))).toMatchObject({
        code: 'WORKFLOW_DEFINITION',
        node: 'w',
      });
  });

  it('cannot be had of a workflow with functions', () => {
    const machine = workflow({ id: 'w', nodes: (flow) => flow.task('a', { run: async () => 1 }) });
    expect(() => workflowToJSON(machine)).toThrow(
      expect.objectContaining({ code: 'WORKFLOW_NOT_DATA', node: 'a' }),
    );
  });
});
