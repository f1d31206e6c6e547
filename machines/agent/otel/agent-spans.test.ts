/** The spans of agents, as an exporter gets them. */
import { SpanStatusCode } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { describe, expect, it } from 'vitest';
import { createActor, toPromise } from 'xstate';
import { z } from 'zod';
import { memoryStore } from '../../../adapters/memory.ts';
import { createRuntime } from '../../../src/index.ts';
import { scriptedModel } from '../../../test/support/agent/scripted-model.ts';
import { agent, agentTool, durableTool } from '../index.ts';
import { agentSpans } from './index.ts';

const add = durableTool({
  inputSchema: z.object({ a: z.number(), b: z.number() }),
  run: async ({ input }) => input.a + input.b,
});

function exporting() {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  return {
    spans: () => exporter.getFinishedSpans(),
    inspect: agentSpans({ tracer: provider.getTracer('test') }),
  };
}

const named = (spans: readonly ReadableSpan[], name: string): readonly ReadableSpan[] =>
  spans.filter((span) => span.name === name);

describe('spans', () => {
  it('are those of the GenAI conventions: the agent, its model calls with their tokens, its tool calls', async () => {
    const { model } = scriptedModel([
      {
        text: 'I add.',
        calls: [
          ['add', { a: 1, b: 2 }, 'c1'],
          ['add', { a: 3, b: 4 }, 'c2'],
        ],
        tokens: 7,
      },
      { text: 'Done.', tokens: 9 },
    ]);
    const { spans, inspect } = exporting();
    const runtime = createRuntime({ store: memoryStore(), inspect });
    const run = await runtime.start(agent({ id: 'adder', model, tools: { add } }), {
      id: 'r',
      input: { prompt: 'Add!' },
    });
    await run.done();
    expect(spans().map(({ name }) => name)).toEqual([
      'chat scripted',
      'execute_tool add',
      'execute_tool add',
      'chat scripted',
      'invoke_agent adder',
    ]);
    const [first, tool, , second, whole] = spans();
    expect(first!.attributes).toEqual({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'mock-provider',
      'gen_ai.conversation.id': 'r',
      'gen_ai.request.model': 'scripted',
      'gen_ai.response.id': 'r/model:1',
      'gen_ai.response.model': 'scripted',
      'gen_ai.response.finish_reasons': ['tool-calls'],
      'gen_ai.usage.input_tokens': 7,
      'gen_ai.usage.output_tokens': 7,
    });
    expect(second!.attributes).toMatchObject({ 'gen_ai.usage.output_tokens': 9 });
    expect(tool!.attributes).toMatchObject({
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'add',
      'gen_ai.tool.call.id': 'c1',
    });
    for (const span of [first, tool, second])
      expect(span!.parentSpanContext?.spanId).toBe(whole!.spanContext().spanId);
  });

  it('of a run are one trace, also over restarts, and each run has its own', async () => {
    const { model } = scriptedModel((call) => ({ text: `Answer ${call}.` }));
    const chat = agent({ id: 'chat', model, chat: true });
    const { spans, inspect } = exporting();
    const store = memoryStore();
    const say = async (run: string, content: string): Promise<void> => {
      const runtime = createRuntime({ store, machines: [chat], inspect });
      const held = await runtime.ensure(chat, { id: run });
      await held.send({ type: 'user.message', content });
      await held.settled();
      await runtime.close();
    };
    await say('a', 'One');
    await say('a', 'Two');
    await say('b', 'Three');
    const traces = named(spans(), 'chat scripted').map((span) => span.spanContext().traceId);
    expect(traces[0]).toMatch(/^[\da-f]{32}$/);
    expect(traces[1]).toBe(traces[0]);
    expect(traces[2]).not.toBe(traces[0]);
    const stretches = named(spans(), 'invoke_agent chat');
    expect(stretches).toHaveLength(3);
    expect(stretches[0]!.parentSpanContext?.spanId).toBe(stretches[1]!.parentSpanContext?.spanId);
  });

  it('of a call that a restart cut off are those of the call that was made then', async () => {
    let begun = 0;
    const slow = durableTool({
      inputSchema: z.object({}),
      run: async () => (++begun === 1 ? new Promise<never>(() => {}) : 'done'),
    });
    const { model } = scriptedModel([{ calls: [['slow', {}, 'c1']] }, { text: 'Done.' }]);
    const machine = agent({ id: 'a', model, tools: { slow } });
    const { spans, inspect } = exporting();
    const store = memoryStore();
    const first = createRuntime({ store, machines: [machine], inspect });
    await first.start(machine, { id: 'r', input: { prompt: 'Go!' } });
    await expect.poll(() => begun).toBe(1);
    await first.close({ grace: 0 });
    const run = await createRuntime({ store, machines: [machine], inspect }).open(machine, 'r');
    await run.done();
    expect(spans().map(({ name }) => name)).toEqual([
      'chat scripted',
      'execute_tool slow',
      'chat scripted',
      'invoke_agent a',
    ]);
    expect(new Set(spans().map((span) => span.spanContext().traceId)).size).toBe(1);
  });

  it('have no part of the time that people take', async () => {
    const { model } = scriptedModel([{ calls: [['add', { a: 1, b: 2 }, 'c1']] }, { text: 'Done.' }]);
    const machine = agent({ id: 'a', model, tools: { add: { ...add, approval: true } } });
    const { spans, inspect } = exporting();
    const run = await createRuntime({ store: memoryStore(), inspect }).start(machine, {
      input: { prompt: 'Add!' },
    });
    const [question] = await run.waitForInput();
    expect(spans().map(({ name }) => name)).toEqual(['chat scripted', 'invoke_agent a']);
    await run.answer(question!.id, { approve: true });
    await run.done();
    expect(named(spans(), 'invoke_agent a')).toHaveLength(2);
    expect(named(spans(), 'execute_tool add')).toHaveLength(1);
  });

  it('of an agent that is a tool are below those of the agent that calls it', async () => {
    const inner = agent({ id: 'inner', model: scriptedModel([{ text: 'Found.' }]).model });
    const { model } = scriptedModel([{ calls: [['find', { prompt: 'Find!' }, 'c1']] }, { text: 'Done.' }]);
    const machine = agent({
      id: 'outer',
      model,
      tools: { find: agentTool(inner, { description: 'Finds.' }) },
    });
    const { spans, inspect } = exporting();
    await toPromise(createActor(machine, { input: { prompt: 'Go!' }, inspect }).start());
    await expect.poll(() => named(spans(), 'invoke_agent outer')).toHaveLength(1);
    const [outer] = named(spans(), 'invoke_agent outer');
    const [below] = named(spans(), 'invoke_agent inner');
    expect(below!.parentSpanContext?.spanId).toBe(outer!.spanContext().spanId);
  });

  it('say what went wrong', async () => {
    const fails = (): Error => Object.assign(new Error('no'), { name: 'TypeError' });
    const broken = durableTool({
      inputSchema: z.object({}),
      run: async (): Promise<string> => {
        throw new RangeError('out of paper');
      },
    });
    const { model } = scriptedModel([{ calls: [['broken', {}, 'c1']] }, { fails }]);
    const { spans, inspect } = exporting();
    const run = await createRuntime({ store: memoryStore(), inspect, logger: () => {} }).start(
      agent({ id: 'a', model, tools: { broken }, retry: { limit: 0 } }),
      { input: { prompt: 'Go!' } },
    );
    await run.done().catch(() => {});
    const status = { code: SpanStatusCode.ERROR };
    expect(named(spans(), 'execute_tool broken')[0]).toMatchObject({
      status: { ...status, message: 'out of paper' },
    });
    expect(named(spans(), 'chat scripted')[1]).toMatchObject({
      status,
      attributes: { 'error.type': 'AGENT_MODEL' },
    });
    expect(named(spans(), 'invoke_agent a')[0]).toMatchObject({
      status,
      attributes: { 'error.type': 'AGENT_MODEL' },
    });
  });
});
