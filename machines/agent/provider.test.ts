/** What an agent does with a provider that is well, slow, down, strict, or cut off: over a real connection. */
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { memoryStore } from '../../adapters/memory.ts';
import { sqliteStore } from '../../adapters/sqlite/index.ts';
import { createRuntime } from '../../src/index.ts';
import { modelServer, type ModelServer, type Script } from '../../test/support/agent/model-server.ts';
import { temporaryFolder } from '../../test/support/agent/temporary-folder.ts';
import { agent, durableTool, onParts, type AgentOptions } from './index.ts';

const KEY = 'sk-never-to-be-stored-4711';
let server: ModelServer | undefined;
afterEach(() => server?.close());

async function served(script: Script, options: Partial<AgentOptions<undefined>> = {}) {
  server = await modelServer(script);
  const provider = createOpenAICompatible({
    name: 'loopback',
    baseURL: server.url,
    apiKey: KEY,
    includeUsage: true,
  });
  const machine = agent({ id: 'a', model: provider('m-1'), retry: { limit: 3, backoff: 1 }, ...options });
  return { server, provider, machine };
}

const begin = (machine: Awaited<ReturnType<typeof served>>['machine']) =>
  createRuntime({ store: memoryStore(), logger: () => {} }).start(machine, {
    id: 'r',
    input: { prompt: 'Go!' },
  });

describe('a provider', () => {
  it('gets each call once, with the id of its effect as its Idempotency-Key', async () => {
    const add = durableTool({
      inputSchema: z.object({ a: z.number(), b: z.number() }),
      run: async ({ input }) => input.a + input.b,
    });
    const { machine, server } = await served(
      (_, number) =>
        number === 1
          ? { text: 'I add.', calls: [{ id: 'c1', name: 'add', arguments: { a: 1, b: 2 } }] }
          : { text: 'It is 3.' },
      { tools: { add }, instructions: 'You add.' },
    );
    const run = await begin(machine);
    expect(await run.done()).toMatchObject({
      text: 'It is 3.',
      usage: { inputTokens: 20, outputTokens: 10 },
    });
    expect(server.calls.map(({ key }) => key)).toEqual(['r/model:1', 'r/model:3']);
    expect(server.calls[1]!.body.messages).toMatchObject([
      { role: 'system', content: 'You add.' },
      { role: 'user', content: 'Go!' },
      { role: 'assistant', content: 'I add.', tool_calls: [{ id: 'c1', function: { name: 'add' } }] },
      { role: 'tool', tool_call_id: 'c1', content: '3' },
    ]);
  });

  it('that limits the rate is left alone for as long as it asks', async () => {
    const { machine, server } = await served((_, number) =>
      number === 1 ? { status: 429, headers: { 'retry-after': '2' } } : { text: 'Well.' },
    );
    const times: number[] = [];
    const clock = {
      now: () => Date.now(),
      setTimeout: (fn: () => void, ms: number) => {
        times.push(ms);
        return setTimeout(fn, Math.min(ms, 5));
      },
      clearTimeout: (id: never) => clearTimeout(id),
    };
    const run = await createRuntime({ store: memoryStore(), clock }).start(machine, {
      input: { prompt: 'Go!' },
    });
    expect(await run.done()).toMatchObject({ text: 'Well.' });
    expect(server.calls).toHaveLength(2);
    expect(Math.max(...times)).toBeGreaterThan(1900);
    // The same call: the provider may know it again.
    expect(new Set(server.calls.map(({ key }) => key)).size).toBe(1);
  });

  it.each([
    ['is down for a while', { status: 503 }],
    ['cuts the stream', { text: 'Half of an answer that nobody gets to see.', cut: true }],
    ['says nothing', {}],
  ])('that %s is asked again, and nothing of before is in the history', async (_, first) => {
    const { machine, server } = await served((_, number) => (number === 1 ? first : { text: 'Whole.' }));
    const run = await begin(machine);
    const starts: string[] = [];
    onParts(run.actor, ({ messageId, part }) => part.type === 'start' && starts.push(messageId));
    expect(await run.done()).toMatchObject({ text: 'Whole.' });
    expect(server.calls).toHaveLength(2);
    const { messages } = run.getSnapshot().context;
    expect(messages).toHaveLength(2);
    expect(JSON.stringify(messages)).not.toContain('Half');
    expect(messages[1]!.id).toBe('r/model:1');
    expect(new Set(starts)).toEqual(new Set(['r/model:1']));
  });

  it('that never answers is given up', async () => {
    const { machine, server } = await served(() => ({ silent: true }), {
      timeout: 300,
      retry: { limit: 1, backoff: 1 },
    });
    const run = await begin(machine);
    await expect(run.done()).rejects.toMatchObject({ code: 'AGENT_MODEL_TIMEOUT' });
    expect(server.calls).toHaveLength(2);
  });

  it('that is down for good fails the agent, and the run can be taken up again', async () => {
    let isUp = false;
    const { machine } = await served(() => (isUp ? { text: 'Back.' } : { status: 500 }), {
      retry: { limit: 1, backoff: 1 },
    });
    const runtime = createRuntime({ store: memoryStore(), machines: [machine], logger: () => {} });
    const run = await runtime.start(machine, { id: 'r', input: { prompt: 'Go!' } });
    await expect(run.done()).rejects.toMatchObject({ code: 'AGENT_MODEL', about: { status: 500 } });
    isUp = true;
    const again = await runtime.retry('r');
    expect(await again.done()).toMatchObject({ text: 'Back.' });
  });

  it('that refuses the request is not asked again', async () => {
    const { machine, server } = await served(() => ({
      status: 400,
      body: '{"error":{"message":"bad prompt"}}',
    }));
    const run = await begin(machine);
    await expect(run.done()).rejects.toThrow('bad prompt');
    expect(server.calls).toHaveLength(1);
  });
});

describe('a key', () => {
  it('is in no checkpoint, also where the provider repeats it', async () => {
    const { path, remove } = temporaryFolder();
    const { provider, server } = await served((_, number) =>
      number === 1
        ? { calls: [{ id: 'c1', name: 'nothing', arguments: {} }] }
        : { status: 401, body: `{"error":{"message":"Wrong key: ${KEY}"}}` },
    );
    const machine = agent({ id: 'a', model: 'fast', models: { fast: () => provider('m-1') } });
    const store = sqliteStore(join(path, 'runs.db'));
    const run = await createRuntime({ store, logger: () => {} }).start(machine, { input: { prompt: 'Go!' } });
    await expect(run.done()).rejects.toMatchObject({ code: 'AGENT_MODEL' });
    expect(server.calls[0]!.authorization).toContain(KEY);
    const files = readdirSync(path);
    expect(files).toContain('runs.db-wal');
    const stored = Buffer.concat(files.map((file) => readFileSync(join(path, file))));
    expect(stored.includes('There is no tool')).toBe(true);
    expect(stored.includes(KEY)).toBe(false);
    await store.close?.();
    remove();
  });

  it('of a model that nobody knows is asked of nobody', async () => {
    const machine = agent({ id: 'a', model: 'slow', models: {} });
    const run = await begin(machine);
    await expect(run.done()).rejects.toMatchObject({ code: 'AGENT_NO_MODEL' });
  });
});
