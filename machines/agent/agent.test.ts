/** What an agent does from its beginning to its end. */
import { modelMessageSchema, tool } from 'ai';
import { createActor, toPromise } from 'xstate';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { memoryStore } from '../../adapters/memory.ts';
import { createRuntime } from '../../src/index.ts';
import { scriptedModel } from '../../test/support/agent/scripted-model.ts';
import { agent, durableTool, onParts } from './index.ts';

const add = tool({
  description: 'Adds.',
  inputSchema: z.object({ a: z.number(), b: z.number() }),
  execute: async ({ a, b }) => ({ sum: a + b }),
});

const twoLoops = () =>
  scriptedModel([
    {
      text: 'I add.',
      calls: [
        ['add', { a: 1, b: 2 }, 'c1'],
        ['add', { a: 3, b: 4 }, 'c2'],
      ],
    },
    { text: 'They are 3 and 7.' },
  ]);

describe('an agent', () => {
  it('calls tools, and answers', async () => {
    const { model, calls } = twoLoops();
    const adder = agent({ id: 'adder', model, instructions: 'You add.', tools: { add } });
    const run = await createRuntime({ store: memoryStore() }).start(adder, {
      id: 'r',
      input: { prompt: 'Add!' },
    });
    const values: unknown[] = [run.getSnapshot().value];
    run.subscribe(({ value }) => values.push(value));
    expect(await run.done()).toMatchObject({
      text: 'They are 3 and 7.',
      finishReason: 'stop',
      usage: { inputTokens: 20, outputTokens: 20, totalTokens: 40, cost: 0 },
    });
    expect(calls).toHaveLength(2);
    expect(values).toEqual(['thinking', 'callingTools', 'callingTools', 'thinking', 'done']);
    expect(calls[1]!.prompt.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'tool']);
    const { messages } = run.getSnapshot().context;
    expect(messages.map(({ id }) => id)).toEqual(['user-1', 'r/model:1', 'r/model:1/results', 'r/model:4']);
    expect(messages[2]).toEqual({
      id: 'r/model:1/results',
      role: 'tool',
      content: [
        {
          type: 'tool-result',
          toolCallId: 'c1',
          toolName: 'add',
          output: { type: 'json', value: { sum: 3 } },
        },
        {
          type: 'tool-result',
          toolCallId: 'c2',
          toolName: 'add',
          output: { type: 'json', value: { sum: 7 } },
        },
      ],
    });
    for (const message of messages) modelMessageSchema.parse(message);
  });

  it('runs without a runtime', async () => {
    const { model } = twoLoops();
    const actor = createActor(agent({ id: 'adder', model, tools: { add } }), { input: { prompt: 'Add!' } });
    actor.start();
    expect(await toPromise(actor)).toMatchObject({ text: 'They are 3 and 7.' });
    const { messages } = actor.getSnapshot().context;
    expect(messages.map(({ id }) => id)).toEqual(['user-1', 'model:1', 'model:1/results', 'model:2']);
  });

  it('lets others hear what its model says while it says it, under the id of the message', async () => {
    const { model } = twoLoops();
    const run = await createRuntime({ store: memoryStore() }).start(
      agent({ id: 'adder', model, tools: { add } }),
      {
        id: 'r',
        input: { prompt: 'Add!' },
      },
    );
    const texts: Record<string, string> = {};
    onParts(run.actor, ({ messageId, part }) => {
      if (part.type === 'text-delta') texts[messageId] = (texts[messageId] ?? '') + part.text;
    });
    await run.done();
    expect(texts).toEqual({ 'r/model:1': 'I add.', 'r/model:4': 'They are 3 and 7.' });
  });

  it('makes an object of its answer, and tells the model where that does not fit', async () => {
    const { model, calls } = scriptedModel([
      { text: 'ten' },
      { text: '{"amount":"ten"}' },
      { text: '```json\n{"amount":10}\n```' },
    ]);
    const output = z.object({ amount: z.number() });
    const run = await createRuntime({ store: memoryStore() }).start(agent({ id: 'a', model, output }), {
      input: { prompt: 'How much?' },
    });
    const { object } = await run.done();
    expect(object?.amount).toBe(10);
    expect(calls).toHaveLength(3);
    expect(JSON.stringify(calls[1]!.prompt.at(-1))).toContain('does not fit');
    expect(calls[0]!.responseFormat).toMatchObject({ type: 'json' });
  });

  it('fails with AGENT_OUTPUT where no answer fits', async () => {
    const { model, calls } = scriptedModel(() => ({ text: 'ten' }));
    const output = z.object({ amount: z.number() });
    const run = await createRuntime({ store: memoryStore(), logger: () => {} }).start(
      agent({ id: 'a', model, output, maxMisfits: 2 }),
      { input: { prompt: 'How much?' } },
    );
    await expect(run.done()).rejects.toMatchObject({ code: 'AGENT_OUTPUT' });
    expect(calls).toHaveLength(3);
    expect(run.getSnapshot().value).toBe('failed');
    expect(run.status).toBe('failed');
  });

  it.each([
    [{ id: '' }, 'needs an id'],
    [{ approvals: { send: true } }, 'no such tool'],
    [{ maxLoops: 0 }, "'maxLoops' of 0"],
    [{ limits: { cost: 1 } }, "no 'prices'"],
    [{ retry: { limit: 1.5 } }, "has a 'retry' that cannot be: 'retry.limit'"],
    [
      {
        tools: {
          t: durableTool({ inputSchema: z.object({}), run: () => 1, retry: { limit: 1, factor: 0 } }),
        },
      },
      "has a 'retry' for the tool 't' that cannot be: 'retry.factor'",
    ],
    [{ tools: { bare: { inputSchema: z.object({}) } } }, "'bare' has nothing that works"],
  ])('is refused where it could not run: %s', (options, why) => {
    const { model } = scriptedModel([]);
    expect(() => agent({ id: 'a', model, ...(options as object) })).toThrow(why);
  });
});
