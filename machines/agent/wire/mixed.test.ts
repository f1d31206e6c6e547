/** Random chats whose pages are cut off and whose servers are replaced, again and again. */
import { isToolUIPart, type UIMessage } from 'ai';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { memoryStore } from '../../../adapters/memory.ts';
import { createRuntime } from '../../../src/index.ts';
import { openPage } from '../../../test/support/agent/page.ts';
import { randomFrom, type Random } from '../../../test/support/random.ts';
import { scriptedModel, type Line, type ModelCall } from '../../../test/support/agent/scripted-model.ts';
import { agent, chatHandler, durableTool, uiMessages } from '../index.ts';

const pauseFor = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const work = durableTool({
  inputSchema: z.object({ n: z.number() }),
  run: async ({ input }) => {
    await pauseFor(input.n % 7);
    if (input.n % 5 === 0) throw new Error(`not ${input.n}`);
    return { n: input.n };
  },
});
const tools = { work, ask: { ...work, approval: true } };

/** What a model says is made of what it is told: after a restart it says the same. */
function lineFor({ prompt }: ModelCall, seed: number, call: number): Line {
  const random = randomFrom(seed * 1000 + prompt.length);
  const since = prompt.slice(prompt.findLastIndex(({ role }) => role === 'user'));
  const said = since.filter(({ role }) => role === 'assistant').length;
  const text = `${prompt.length}: ${'bla '.repeat(Math.floor(random() * 30))}`;
  // Now and then it is cut off, and not the next time.
  if (randomFrom(seed * 77 + call)() < 0.15) return { text, breaks: true };
  if (said > 2 || random() < 0.3) return { text };
  const calls = Array.from(
    { length: 1 + Math.floor(random() * 3) },
    (_, number): [string, unknown, string] => [
      random() < 0.4 ? 'ask' : 'work',
      random() < 0.1 ? { n: 'x' } : { n: Math.floor(random() * 100) },
      // Some providers give the same ids again and again.
      random() < 0.3 ? `c${number}` : `c${prompt.length}-${number}`,
    ],
  );
  return { text: random() < 0.3 ? `${text}.` : text, calls };
}

async function round(seed: number): Promise<void> {
  const random: Random = randomFrom(seed);
  const store = memoryStore();
  let calls = 0;
  const { model } = scriptedModel((_, options) => lineFor(options, seed, ++calls));
  const machine = agent({ id: 'a', model, chat: true, tools, retry: { limit: 20, backoff: 1 } });
  const start = () => {
    const runtime = createRuntime({ store, machines: [machine], logger: () => {} });
    return { runtime, handle: chatHandler({ runtime, agent: machine }) };
  };
  let server = start();
  const page = openPage((request) => server.handle(request), 'c');
  const { chat } = page;
  const isAtRest = (): boolean => chat.status === 'ready' || chat.status === 'error';
  const disturbed = async (request: () => Promise<void>): Promise<void> => {
    if (random() < 0.5) page.cutAfter(1 + Math.floor(random() * 3000));
    const sent = request();
    if (random() < 0.3) {
      await pauseFor(random() * 8);
      const old = server;
      server = start();
      await old.runtime.close({ grace: 0 });
    }
    await sent;
    await expect.poll(isAtRest, { interval: 1 }).toBe(true);
    page.cutAfter(undefined);
  };
  for (let turn = 0; turn < 3; turn++) {
    const said: UIMessage = { id: `m-${turn}`, role: 'user', parts: [{ type: 'text', text: `Go ${turn}!` }] };
    await disturbed(() => chat.sendMessage(said));
    for (let step = 0; step < 60; step++) {
      if (chat.status === 'error') {
        // It may not have come as far as the server.
        const isKnown = (await server.handle(new Request('http://chat.example/c'))).ok;
        await disturbed(() => (isKnown ? chat.resumeStream() : chat.sendMessage()));
        continue;
      }
      const open = chat.messages
        .at(-1)!
        .parts.filter(isToolUIPart)
        .find(({ state }) => state === 'approval-requested');
      if (open?.approval === undefined) break;
      const { id } = open.approval;
      await disturbed(async () => chat.addToolApprovalResponse({ id, approved: random() < 0.7 }));
    }
  }
  await chat.resumeStream();
  const run = await server.runtime.open(machine, 'c');
  expect(chat.messages, `seed ${seed}`).toEqual(await uiMessages(server.runtime, run));
  await server.runtime.close();
}

describe('a page', () => {
  it.each(Array.from({ length: 12 }, (_, seed) => seed + Number(process.env['SEED'] ?? 1)))(
    'shows what the transcript has, whatever happens between: %i',
    (seed) => round(seed),
  );
});
