/** An assistant behind the handler, for tests of what a page sees. */
import { z } from 'zod';
import { memoryStore } from '../../../adapters/memory.ts';
import {
  agent,
  chatHandler,
  durableTool,
  uiMessages,
  type AgentOptions,
} from '../../../machines/agent/index.ts';
import { createRuntime, type Store } from '../../../src/index.ts';
import { scriptedModel } from './scripted-model.ts';

const add = durableTool({
  description: 'Adds two numbers.',
  inputSchema: z.object({ a: z.number(), b: z.number() }),
  run: async ({ input }) => ({ sum: input.a + input.b }),
});
export const send = durableTool({
  inputSchema: z.object({ to: z.string() }),
  approval: true,
  run: async ({ input }) => `sent to ${input.to}`,
});

/** An agent that chats by a script, with `add` and with `send`, which needs an approval. */
export function served(
  script: Parameters<typeof scriptedModel>[0],
  options: Partial<AgentOptions<undefined>> = {},
  store: Store = memoryStore(),
) {
  const { model, calls } = scriptedModel(script);
  const machine = agent({ id: 'assistant', model, chat: true, tools: { add, send }, ...options });
  const runtime = createRuntime({ store, machines: [machine], logger: () => {} });
  const handle = chatHandler({
    runtime,
    agent: machine,
    by: (request) => request.headers.get('x-who') ?? 'ann',
  });
  const transcript = async (id: string) => uiMessages(runtime, await runtime.open(machine, id));
  return { machine, runtime, handle, calls, store, transcript };
}
