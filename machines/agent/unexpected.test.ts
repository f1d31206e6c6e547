/** What models, people and programs do that an agent did not expect. */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { memoryStore } from '../../adapters/memory.ts';
import { createRuntime } from '../../src/index.ts';
import { scriptedModel, type Line } from '../../test/support/agent/scripted-model.ts';
import { agent, durableTool, type AgentInput, type AgentOptions } from './index.ts';

async function started(
  script: readonly Line[],
  options: Partial<AgentOptions<undefined>> = {},
  input: AgentInput = { prompt: 'Go!' },
) {
  const { model, calls } = scriptedModel(script);
  const machine = agent({ id: 'a', model, ...options });
  const runtime = createRuntime({ store: memoryStore(), machines: [machine], logger: () => {} });
  return { calls, runtime, run: await runtime.start(machine, { id: 'r', input }) };
}

/** A tool that notes what it was called with. */
function noting(options: { readonly cache?: boolean; readonly approval?: boolean } = {}) {
  const noted: number[] = [];
  const note = durableTool({
    inputSchema: z.object({ at: z.number() }),
    run: async ({ input: { at } }) => {
      noted.push(at);
      return `noted ${at}`;
    },
    ...options,
  });
  return { note, noted };
}

describe('a model', () => {
  // The two were one actor, and the agent failed.
  it.each([
    [['call-2', 'no good!']],
    [['no good!', 'call-1']],
    [['functions.note:0', 'call-1', 'call-1-', 'functions.note:1']],
  ])('may give its calls the ids that others get: %j', async (ids) => {
    const { note, noted } = noting();
    const { run } = await started(
      [{ calls: ids.map((id, at) => ['note', { at }, id] as const) }, { text: 'Done.' }],
      { tools: { note } },
    );
    expect((await run.done()).text).toBe('Done.');
    expect(new Set(noted)).toEqual(new Set(ids.keys()));
    const results = run
      .getSnapshot()
      .context.messages.flatMap(({ role, content }) =>
        role === 'tool'
          ? content.flatMap((part) => (part.type === 'tool-result' ? part.toolCallId : []))
          : [],
      );
    expect(results).toEqual(ids);
  });
});
