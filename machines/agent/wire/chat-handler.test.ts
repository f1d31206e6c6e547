/** What a page of the AI SDK sees of an agent: its own chat and transport, over the handler. */
import type { UIMessage } from 'ai';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { memoryStore } from '../../../adapters/memory.ts';
import { createRuntime, type Store } from '../../../src/index.ts';
import { openPage, type Page } from '../../../test/support/agent/page.ts';
import { scriptedModel, type Line } from '../../../test/support/agent/scripted-model.ts';
import { agent, askHuman, chatHandler, durableTool, uiMessages, type AgentOptions } from '../index.ts';

const add = durableTool({
  description: 'Adds two numbers.',
  inputSchema: z.object({ a: z.number(), b: z.number() }),
  run: async ({ input }) => ({ sum: input.a + input.b }),
});
const send = durableTool({
  inputSchema: z.object({ to: z.string() }),
  approval: true,
  run: async ({ input }) => `sent to ${input.to}`,
});

function served(
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

const ready = ({ chat }: Page) => expect.poll(() => chat.status).toBe('ready');
const last = ({ chat }: Page): UIMessage => chat.messages.at(-1)!;
const textOf = ({ parts }: UIMessage): string =>
  parts.map((part) => (part.type === 'text' ? part.text : '')).join('');

const sums: readonly Line[] = [
  {
    text: 'I add.',
    calls: [
      ['add', { a: 1, b: 2 }, 'c1'],
      ['add', { a: 3, b: 4 }, 'c2'],
    ],
  },
  { text: 'They are 3 and 7.' },
];

describe('a chat on the wire', () => {
  it('shows what the agent says and what its tools give, as the transcript has it', async () => {
    const { handle, transcript } = served(sums);
    const page = openPage(handle, 'c');
    await page.chat.sendMessage({ text: 'Add!' });
    expect(page.chat.status).toBe('ready');
    const message = last(page);
    expect(message.id).toBe(`${page.chat.messages[0]!.id}/answer`);
    expect(message.parts).toMatchObject([
      { type: 'step-start' },
      { type: 'text', text: 'I add.', state: 'done' },
      {
        type: 'tool-add',
        toolCallId: 'c1',
        state: 'output-available',
        input: { a: 1, b: 2 },
        output: { sum: 3 },
      },
      { type: 'tool-add', toolCallId: 'c2', state: 'output-available', output: { sum: 7 } },
      { type: 'step-start' },
      { type: 'text', text: 'They are 3 and 7.', state: 'done' },
    ]);
    expect(await transcript('c')).toEqual(page.chat.messages);
  });

  it('goes on with each message that is sent', async () => {
    const { handle, transcript, calls } = served((call) => ({ text: `Answer ${call}.` }));
    const page = openPage(handle, 'c');
    for (const text of ['One', 'Two', 'Three']) await page.chat.sendMessage({ text });
    expect(page.chat.messages.map(textOf)).toEqual([
      'One',
      'Answer 1.',
      'Two',
      'Answer 2.',
      'Three',
      'Answer 3.',
    ]);
    expect(calls).toHaveLength(3);
    expect(await transcript('c')).toEqual(page.chat.messages);
  });

  it('asks for approvals, and goes on in the same message when they are given', async () => {
    const { handle, runtime, transcript } = served([
      {
        text: 'I send.',
        calls: [
          ['send', { to: 'a' }, 'c1'],
          ['send', { to: 'b' }, 'c2'],
        ],
      },
      { text: 'Done.' },
    ]);
    const page = openPage(handle, 'c');
    await page.chat.sendMessage({ text: 'Send!' });
    expect(last(page).parts).toMatchObject([
      {},
      {},
      { type: 'tool-send', state: 'approval-requested', approval: { id: 'c/c1/approval' } },
      { type: 'tool-send', state: 'approval-requested', approval: { id: 'c/c2/approval' } },
    ]);
    expect(await transcript('c')).toEqual(page.chat.messages);
    await page.chat.addToolApprovalResponse({ id: 'c/c1/approval', approved: true });
    await page.chat.addToolApprovalResponse({ id: 'c/c2/approval', approved: false, reason: 'He moved.' });
    await expect.poll(() => textOf(last(page))).toBe('I send.Done.');
    await ready(page);
    expect(last(page).parts).toMatchObject([
      {},
      {},
      { state: 'output-available', output: 'sent to a', approval: { approved: true } },
      { state: 'output-denied', approval: { approved: false, reason: 'He moved.' } },
      { type: 'step-start' },
      { type: 'text', text: 'Done.' },
    ]);
    expect(page.chat.messages).toHaveLength(2);
    expect(await transcript('c')).toEqual(page.chat.messages);
    expect(await runtime.recordOf('c/c1/approval')).toMatchObject({ status: 'answered', by: 'ann' });
  });

  it('takes the answer to a question of the model as the output of its tool', async () => {
    const { handle, transcript } = served(
      [{ calls: [['ask', { question: 'Which?' }, 'q1']] }, { text: 'Blue, then.' }],
      { tools: { ask: askHuman() } },
    );
    const page = openPage(handle, 'c');
    await page.chat.sendMessage({ text: 'Paint!' });
    expect(last(page).parts[1]).toMatchObject({ type: 'tool-ask', state: 'input-available' });
    expect(page.data).toMatchObject([{ type: 'data-question', data: { prompt: 'Which?' } }]);
    await page.chat.addToolOutput({ tool: 'ask', toolCallId: 'q1', output: 'blue' });
    await expect.poll(() => textOf(last(page))).toBe('Blue, then.');
    await ready(page);
    expect(await transcript('c')).toEqual(page.chat.messages);
  });

  it('tells what went wrong', async () => {
    const { handle } = served(() => ({ text: '' }), { retry: { limit: 1 } });
    const page = openPage(handle, 'c');
    await page.chat.sendMessage({ text: 'Go!' });
    expect(page.chat.status).toBe('error');
    expect(page.chat.error?.message).toContain('answered with nothing');
  });

  it('takes back the half of an answer that was cut off', async () => {
    const { handle, transcript, calls } = served(
      [{ text: 'This is never said to the end', breaks: true }, { text: 'All of it.' }],
      { retry: { limit: 2, backoff: 1 } },
    );
    const page = openPage(handle, 'c');
    await page.chat.sendMessage({ text: 'Go!' });
    expect(textOf(last(page))).toBe('All of it.');
    expect(calls).toHaveLength(2);
    expect(await transcript('c')).toEqual(page.chat.messages);
  });
});
