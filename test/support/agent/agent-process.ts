/**
 * An agent in a process of its own, to be killed: it is told where its store and its model are, starts or opens the run,
 * and answers with its transcript when it is done. Its tools note each call in a file, before and after.
 */
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { appendFileSync } from 'node:fs';
import { z } from 'zod';
import { createRuntime } from 'savepoint';
import { agent, durableTool, type AgentMessage } from 'savepoint/machines/agent';
import { sqliteStore } from 'savepoint/sqlite';

/** What the process is told. */
export interface AgentOrder {
  /** Of the model's server. */
  readonly url: string;
  /** Of the database. */
  readonly path: string;
  /** Of the file in which tools note their calls: `begun` or `ended`, and the effect id. */
  readonly ledger: string;
}

export interface AgentReply {
  readonly text: string;
  readonly messages: readonly AgentMessage[];
  readonly totalTokens: number;
}

const pictures = (n: number) => ({
  title: `picture ${n}`,
  files: [
    { name: 'a.png', mediaType: 'image/png', data: bytesOf(n, 5_000) },
    { name: 'b.txt', mediaType: 'text/plain', data: bytesOf(n + 1, 30) },
    { name: 'c.png', mediaType: 'image/png', data: bytesOf(n + 2, 5_000) },
  ],
});

/** Bytes that are the same each time, and different for each seed. */
export const bytesOf = (seed: number, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, at) => (at * 31 + seed * 17) % 251);

async function work({ url, path, ledger }: AgentOrder): Promise<AgentReply> {
  const provider = createOpenAICompatible({ name: 'loopback', baseURL: url, includeUsage: true });
  const paint = durableTool({
    inputSchema: z.object({ n: z.number() }),
    run: async ({ input, effectId }) => {
      appendFileSync(ledger, `begun ${effectId}\n`);
      const painted = pictures(input.n);
      appendFileSync(ledger, `ended ${effectId}\n`);
      return painted;
    },
  });
  const painter = agent({ id: 'painter', model: provider('m-1'), tools: { paint } });
  const runtime = createRuntime({ store: sqliteStore(path), machines: [painter] });
  const run = await runtime.ensure(painter, { id: 'r', input: { prompt: 'Paint!' } });
  const { text, usage } = await run.done();
  const { messages } = run.getSnapshot().context;
  await runtime.close();
  return { text, messages, totalTokens: usage.totalTokens };
}

process.on('message', (order) => {
  void work(order as AgentOrder).then(
    (reply) => process.send?.(reply),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
process.on('disconnect', () => process.exit());
process.send?.({ loaded: true });
