import { createActor, fromPromise, toPromise, waitFor } from 'xstate';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createRuntime } from '../../src/index.ts';
import { memoryStore } from '../../adapters/memory.ts';
import { workflow } from './workflow.ts';

const order = workflow({
  id: 'order',
  input: z.object({ amount: z.number() }),
  nodes: (flow) =>
    flow
      .task('charge', { input: ({ input }) => input.amount, run: async ({ input }) => ({ paid: input }) })
      .choice('size', {
        after: ['charge'],
        routes: { large: ({ results }) => results.charge.paid > 100, small: true },
      })
      .question('approval', {
        after: ['size:large'],
        ask: ({ input }) => ({ prompt: `Ship for ${input.amount}?` }),
        schema: z.object({ approved: z.boolean() }),
      })
      .transform('note', { after: ['size:small'], run: ({ results }) => `route ${results.size}` })
      .task('ship', {
        after: ['approval', 'note'],
        input: ({ results }) => results.approval?.approved ?? results.note ?? '',
        run: fromPromise(async ({ input }: { input: string | boolean }) => `shipped: ${input}`),
      }),
  output: ({ results }) => results.ship,
});

describe('a workflow', () => {
  it('runs with createActor alone, its nodes being its children', async () => {
    const actor = createActor(order, { input: { amount: 5 } });
    actor.start();
    expect(await toPromise(actor)).toBe('shipped: route small');
    const states = Object.entries(actor.getSnapshot().children).map(([id, node]) => [
      id,
      Reflect.get(node?.getSnapshot() ?? {}, 'value'),
    ]);
    expect(Object.fromEntries(states)).toEqual({
      charge: 'done',
      size: 'done',
      approval: 'skipped',
      note: 'done',
      ship: 'done',
    });
  });

  it('takes an answer as an event where there is no runtime', async () => {
    const actor = createActor(order, { input: { amount: 500 } });
    actor.start();
    await waitFor(actor, ({ context }) =>
      context.records.flat().some(({ status }) => status === 'waitingForInput'),
    );
    actor.send({ type: 'workflow.answer', node: 'approval', value: { approved: 'no boolean' } });
    actor.send({ type: 'workflow.answer', node: 'approval', value: { approved: true } });
    expect(await toPromise(actor)).toBe('shipped: true');
  });

  it('runs durably, and its questions are pending inputs', async () => {
    const runtime = createRuntime({ store: memoryStore() });
    const run = await runtime.start(order, { id: 'r', input: { amount: 500 } });
    const [question] = await run.waitForInput();
    expect(question).toMatchObject({ id: 'r/approval/question', prompt: 'Ship for 500?' });
    await run.answer('r/approval/question', { approved: true });
    expect(await run.done()).toBe('shipped: true');
  });
});
