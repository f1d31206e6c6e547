/** What TypeScript infers from an agent. `tsc` checks it with everything else; running it is a formality. */
import { tool } from 'ai';
import { MockLanguageModelV4 } from 'ai/test';
import { assign, createActor, fromPromise, setup, type InputFrom, type OutputFrom } from 'xstate';
import { expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { memoryStore } from '../../adapters/memory.ts';
import { createRuntime, fromDurable, type DurableArgs } from '../../src/index.ts';
import {
  agent,
  agentTool,
  askHuman,
  durableTool,
  onParts,
  type AgentInput,
  type AgentMessage,
  type AgentOutput,
} from './index.ts';

const model = new MockLanguageModelV4();
const charge = fromDurable(async ({ input }: DurableArgs<{ cents: number }>) => ({
  receipt: `${input.cents}`,
}));
const helper = agent({ id: 'helper', model, output: z.object({ found: z.boolean() }) });
const search = tool({ inputSchema: z.object({ q: z.string() }), execute: async ({ q }) => [q] });

const clerk = agent({
  id: 'clerk',
  version: '1',
  model,
  instructions: 'You are a clerk.',
  tools: {
    search,
    careful: { ...search, approval: true, retry: { limit: 3 }, cache: true },
    pay: durableTool({
      description: 'Pays.',
      inputSchema: z.object({ amount: z.number() }),
      approval: ({ input, toolName }) => {
        expectTypeOf(input).toEqualTypeOf<{ amount: number }>();
        expectTypeOf(toolName).toEqualTypeOf<string>();
        return input.amount > 100;
      },
      run: async ({ input, step, effectId }) => {
        expectTypeOf(input).toEqualTypeOf<{ amount: number }>();
        return step('pay', async () => `${effectId} ${input.amount}`);
      },
      toModelOutput: ({ output }) => {
        expectTypeOf(output).toEqualTypeOf<string>();
        return { type: 'text', value: output };
      },
    }),
    charge: durableTool({
      inputSchema: z.object({ amount: z.number() }),
      approval: { when: async ({ input }) => input.amount > 3, prompt: ({ input }) => `${input.amount}?` },
      run: charge,
      toInput: ({ amount }) => ({ cents: amount * 100 }),
      toResult: (output) => {
        expectTypeOf(output).toEqualTypeOf<{ receipt: string }>();
        return output.receipt;
      },
    }),
    plain: durableTool({
      inputSchema: z.object({ n: z.number() }),
      run: fromPromise(async ({ input }: { input: { n: number } }) => input.n),
    }),
    ask: askHuman({ schema: z.string() }),
    helper: agentTool(helper, { description: 'Helps.', approval: ({ input }) => input.prompt !== '' }),
  },
  output: z.object({ sum: z.number() }),
  approvals: { search: ({ input }) => input !== undefined },
});

it('is inferred', () => {
  expectTypeOf<InputFrom<typeof clerk>>().toEqualTypeOf<AgentInput | undefined>();
  expectTypeOf<OutputFrom<typeof clerk>>().toEqualTypeOf<AgentOutput<{ sum: number }>>();
  const checked: (code: () => unknown) => void = () => {};
  checked(async () => {
    const runtime = createRuntime({ store: memoryStore() });
    const run = await runtime.start(clerk, { input: { prompt: 'Pay!' } });
    const { object, text } = await run.done();
    expectTypeOf(object).toEqualTypeOf<{ sum: number } | undefined>();
    expectTypeOf(text).toEqualTypeOf<string>();
    expectTypeOf(run.getSnapshot().context.messages).toEqualTypeOf<readonly AgentMessage[]>();
    run.getSnapshot().matches('callingTools');
    // @ts-expect-error -- there is no such state
    run.getSnapshot().matches('pondering');
    await run.send({ type: 'user.message', content: 'Hurry!' });
    await run.send({ type: 'stop' });
    // @ts-expect-error -- what is said is missing
    await run.send({ type: 'user.message' });
    onParts(run.actor, ({ part }) => part.type === 'text-delta' && part.text);
    createActor(clerk, { input: { messages: [{ role: 'user', content: 'Pay!' }] } });
    // @ts-expect-error -- one of both
    createActor(clerk, { input: { prompt: 'a', messages: [] } });
    // @ts-expect-error -- the arguments are no input of it
    durableTool({ inputSchema: z.object({ n: z.number() }), run: charge, toInput: ({ n }) => n });
  });
});

it('is a machine like any other: it can be invoked', () => {
  const outer = setup({ actors: { clerk } }).createMachine({
    context: { sum: 0 },
    invoke: {
      src: 'clerk',
      input: { prompt: 'Pay!' },
      onDone: { actions: assign({ sum: ({ event }) => event.output.object?.sum ?? 0 }) },
    },
  });
  expectTypeOf(outer.id).toEqualTypeOf<string>();
});
