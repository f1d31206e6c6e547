/** A page whose connection is cut, and one whose server died: what it shows in the end is what the transcript says. */
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import {
  readUIMessageStream,
  DefaultChatTransport,
  isToolUIPart,
  type UIMessage,
  type UIMessageChunk,
} from 'ai';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { memoryStore } from '../../../adapters/memory.ts';
import { createRuntime } from '../../../src/index.ts';
import { modelServer, type ModelServer, type Script } from '../../../test/support/agent/model-server.ts';
import { openPage, type Page } from '../../../test/support/agent/page.ts';
import { randomFrom } from '../../../test/support/random.ts';
import { agent, chatHandler, durableTool, uiMessages } from '../index.ts';

let server: ModelServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

const look = durableTool({
  inputSchema: z.object({ at: z.string() }),
  run: async ({ input }) => ({
    seen: `${input.at} is fine`,
    picture: { mediaType: 'image/png', data: new Uint8Array([1, 2, 3]) },
  }),
});
const tools = { look, sign: { ...look, approval: true } };

/** Two loops with tools and an approval between, then an answer; how far it is stands in the messages. */
const script: Script = ({ body }) => {
  const loops = body.messages.filter(({ role }) => role === 'assistant').length;
  const text = `Part ${loops}: ${'word by word, as it comes, '.repeat(12)}`;
  const calls = [
    [
      { id: 'c1', name: 'look', arguments: { at: 'the left side' } },
      { id: 'c2', name: 'look', arguments: { at: 'the right side' } },
    ],
    [{ id: 'c3', name: 'sign', arguments: { at: 'the end' } }],
  ][loops];
  return { text, pause: 3, ...(calls && { calls }) };
};

async function served(store = memoryStore()) {
  server ??= await modelServer(script);
  const provider = createOpenAICompatible({ name: 'loopback', baseURL: server.url, includeUsage: true });
  const machine = agent({ id: 'a', model: provider('m-1'), chat: true, tools });
  const runtime = createRuntime({ store, machines: [machine], logger: () => {} });
  const transcript = async () => uiMessages(runtime, await runtime.open(machine, 'c'));
  return { store, runtime, machine, handle: chatHandler({ runtime, agent: machine }), transcript };
}

const go: UIMessage = { id: 'm-1', role: 'user', parts: [{ type: 'text', text: 'Go!' }] };
const question = ({ chat }: Page): string | undefined =>
  chat.messages
    .at(-1)!
    .parts.filter(isToolUIPart)
    .find(({ state }) => state === 'approval-requested')?.approval?.id;
const isAtRest = ({ chat }: Page): boolean => chat.status === 'ready' || chat.status === 'error';

async function approve(page: Page): Promise<void> {
  await page.chat.addToolApprovalResponse({ id: question(page)!, approved: true });
  // It is sent by itself.
  await expect.poll(() => question(page) === undefined && isAtRest(page)).toBe(true);
}

async function undisturbed(): Promise<readonly UIMessage[]> {
  const { handle } = await served();
  const page = openPage(handle, 'c');
  await page.chat.sendMessage(go);
  await approve(page);
  await expect.poll(() => isAtRest(page)).toBe(true);
  return page.chat.messages;
}

describe('a page', () => {
  it('that is cut off 100 times at random shows the same as one that never was', async () => {
    const { handle, transcript } = await served();
    const random = randomFrom(20261126);
    const page = openPage(handle, 'c');
    /** Whether it was cut. */
    const next = async (request: () => Promise<void>): Promise<boolean> => {
      page.cutAfter(1 + Math.floor(random() * 20_000));
      await request();
      return page.chat.status === 'error';
    };
    let cuts = (await next(() => page.chat.sendMessage(go))) ? 1 : 0;
    while (cuts < 100) {
      const isToApprove = cuts > 50 && page.chat.status === 'ready' && question(page) !== undefined;
      if (await next(() => (isToApprove ? approve(page) : page.chat.resumeStream()))) cuts++;
    }
    page.cutAfter(undefined);
    await page.chat.resumeStream();
    expect(page.chat.status).toBe('ready');
    expect(page.chat.messages).toEqual(await transcript());
    expect(page.chat.messages).toEqual(await undisturbed());
  });

  it('whose server is gone in the middle of an answer replaces the half of it, under the same id', async () => {
    const first = await served();
    const page = openPage(first.handle, 'c');
    const sent = page.chat.sendMessage(go);
    await expect.poll(() => page.chat.messages.at(-1)!.parts.length).toBeGreaterThan(4);
    await first.runtime.close({ grace: 0 });
    await sent;
    expect(page.chat.status).toBe('error');
    const half = page.chat.messages.at(-1)!;
    const second = await served(first.store);
    // The page is the same, and what is behind its address is another process.
    const later = openPage(second.handle, 'c', page.chat.messages);
    await later.chat.resumeStream();
    await approve(later);
    await expect.poll(() => isAtRest(later)).toBe(true);
    expect(later.chat.messages.at(-1)!.id).toBe(half.id);
    expect(later.chat.messages).toEqual(await second.transcript());
    expect(later.chat.messages).toEqual(await undisturbed());
  });

  it('goes on from behind the last event that it saw while the server lives', async () => {
    const { handle, transcript } = await served();
    const url = 'http://chat.example/api/chat';
    const body = JSON.stringify({ id: 'c', messages: [go] });
    let response = await handle(new Request(url, { method: 'POST', body }));
    let text = '';
    let requests = 0;
    for (let seen = ''; !text.endsWith('data: [DONE]\n\n'); requests++) {
      const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
      for (let pieces = 0; pieces < 9; pieces++) {
        const { value = '', done } = await reader.read();
        text += value;
        if (done) break;
      }
      await reader.cancel();
      seen = [...text.matchAll(/^id: (.*)$/gm)].at(-1)![1]!;
      if (!text.endsWith('data: [DONE]\n\n'))
        response = await handle(new Request(`${url}/c/stream`, { headers: { 'last-event-id': seen } }));
    }
    expect(requests).toBeGreaterThan(3);
    // It is said bit by bit, and nothing is said twice.
    expect(text.split('"text-delta"').length).toBeGreaterThan(60);
    expect(text).not.toContain('reset-step');
    const ids = [...text.matchAll(/^id: (.*)$/gm)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const transport = new (class extends DefaultChatTransport<UIMessage> {
      read = (stream: ReadableStream<Uint8Array>): ReadableStream<UIMessageChunk> =>
        this.processResponseStream(stream);
    })();
    let message: UIMessage | undefined;
    const stream = transport.read(new Response(text).body!);
    for await (const next of readUIMessageStream({ stream, terminateOnError: true })) message = next;
    expect([go, message]).toEqual(await transcript());
  });
});
