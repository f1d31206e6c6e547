/** How far an agent goes: up to its limits, and further where a person lets it. */
import { tool } from 'ai';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { memoryStore } from '../../adapters/memory.ts';
import { createRuntime } from '../../src/index.ts';
import { scriptedModel, type Line } from '../../test/support/agent/scripted-model.ts';
import { agent, type AgentOptions } from './index.ts';

const nothing = z.object({});

async function ran(script: (call: number) => Line, options: Partial<AgentOptions<undefined>>) {
  const { model, calls } = scriptedModel(script);
  const machine = agent({ id: 'a', model, ...options });
  const run = await createRuntime({ store: memoryStore(), logger: () => {} }).start(machine, {
    id: 'r',
    input: { prompt: 'Go!' },
  });
  return { run, calls };
}

describe('limits', () => {
  const endless = () => ({ calls: [['look', {}]] as const });
  const look = tool({ inputSchema: nothing, execute: async () => 1 });
  const tools = { look };

  it.each([
    ['loops', { maxLoops: 2 }, 2],
    ['tokens', { limits: { tokens: 60 } }, 3],
    ['cost', { limits: { cost: 0.05, prices: { scripted: { input: 1000, output: 1000 } } } }, 3],
    ['ms', { limits: { ms: 0 } }, 0],
  ])('of %s end it with AGENT_LIMIT', async (limit, options, most) => {
    const { run, calls } = await ran(endless, { tools, ...options });
    await expect(run.done()).rejects.toMatchObject({ code: 'AGENT_LIMIT', about: { limit } });
    expect(calls).toHaveLength(most);
  });

  it('may be raised by a person', async () => {
    const { run, calls } = await ran((call) => (call < 4 ? endless() : { text: 'Done.' }), {
      tools,
      maxLoops: 2,
      limits: { onLimit: 'ask' },
    });
    await run.waitForInput();
    expect(run.getSnapshot().value).toBe('waitingForInput');
    expect(calls).toHaveLength(2);
    await run.answer('r/limit', { more: 1 });
    await expect.poll(() => run.pendingInputs[0]?.id).toBe('r/limit#2');
    expect(calls).toHaveLength(3);
    await run.answer('r/limit#2', { more: 5 });
    expect(await run.done()).toMatchObject({ text: 'Done.', usage: { totalTokens: 80 } });
  });

  it('that a person does not raise end it', async () => {
    const { run } = await ran(endless, { tools, maxLoops: 1, limits: { onLimit: 'ask' } });
    await run.waitForInput();
    await run.answer('r/limit', { more: false });
    await expect(run.done()).rejects.toMatchObject({ code: 'AGENT_LIMIT' });
  });

  it('of cost need the price of each model that answers', async () => {
    const { run } = await ran(endless, { tools, limits: { cost: 1, prices: {} } });
    await expect(run.done()).rejects.toMatchObject({ code: 'AGENT_NO_PRICE' });
  });
});
