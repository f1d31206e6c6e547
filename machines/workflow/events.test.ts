/** What nodes that wait make of what comes from outside. */
import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { createRuntime } from '../../src/index.ts';
import { memoryStore } from '../../adapters/memory.ts';
import { nodeStates } from './node-states.ts';
import { workflow } from './workflow.ts';

const runtime = () => createRuntime({ store: memoryStore(), logger: () => {} });

describe('an event for which several nodes wait', () => {
  // The second one was cancelled, then done, and counted twice: the flow ended before what comes after them had.
  it('ends none that it has just cancelled by way of another', async () => {
    const machine = workflow({
      id: 'w',
      nodes: (flow) =>
        flow
          .waitFor('a', { event: 'go' })
          .waitFor('b', { event: 'go' })
          .join('first', { after: ['a', 'b'], wait: 'any' })
          .task('after', { after: ['first'], run: async () => 'done' }),
      output: ({ results }) => results.after,
    });
    const run = await runtime().start(machine, { id: 'r' });
    await run.send({ type: 'go' });
    expect(await run.done()).toBe('done');
    const { a, b, after } = nodeStates(run);
    expect([a?.status, b?.status, after?.status]).toEqual(['done', 'cancelled', 'done']);
  });
});

describe('an event that a schema checks', () => {
  // Whoever sent a bad one failed the flow, and nothing was undone.
  it('is not taken where the schema throws, or would only know later', async () => {
    const text = z.string();
    const late = text.refine(async (given) => given !== '');
    const machine = workflow({
      id: 'w',
      nodes: (flow) =>
        flow
          .waitFor('page', {
            event: 'page',
            schema: z.object({
              type: z.literal('page'),
              url: text.transform((url) => {
                if (!URL.canParse(url)) throw new TypeError('no URL');
                return url;
              }),
            }),
          })
          .waitFor('name', { event: 'name', schema: z.object({ type: z.literal('name'), name: late }) }),
    });
    const run = await runtime().start(machine, { id: 'r' });
    expect(await run.send({ type: 'page', url: 'nowhere' })).toMatchObject({ accepted: false });
    expect(await run.send({ type: 'name', name: 'Ada' })).toMatchObject({ accepted: false });
    expect(await run.send({ type: 'page', url: 'https://example.com' })).toMatchObject({ accepted: true });
    expect(run.status).toBe('idle');
  });

  it('is the output of its node as the schema makes it, and is sent as the schema takes it', async () => {
    const machine = workflow({
      id: 'w',
      nodes: (flow) =>
        flow.waitFor('paid', {
          event: 'paid',
          schema: z.object({
            type: z.literal('paid'),
            cents: z.string().transform(Number),
            by: z.string().default('cash'),
          }),
        }),
      output: ({ results }) => results.paid,
    });
    const run = await runtime().start(machine, { id: 'r' });
    await run.send({ type: 'paid', cents: '50' });
    const output = await run.done();
    expectTypeOf(output).toEqualTypeOf<{ type: 'paid'; cents: number; by: string }>();
    expect(output).toEqual({ type: 'paid', cents: 50, by: 'cash' });
  });
});

it('an input whose schema throws is refused as one that does not fit', async () => {
  const machine = workflow({
    id: 'w',
    input: z.string().transform((): string => {
      throw new TypeError('no URL');
    }),
    nodes: (flow) => flow.transform('a', { run: () => 1 }),
  });
  const run = await runtime().start(machine, { input: 'nowhere' });
  await expect(run.done()).rejects.toMatchObject({ code: 'WORKFLOW_INPUT' });
});
