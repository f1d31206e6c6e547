/** What a page of the AI SDK sees of an agent: its own chat and transport, over the handler. */
import type { UIMessage } from 'ai';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { memoryStore } from '../../../adapters/memory.ts';
import { createRuntime, type Store } from '../../../src/index.ts';
import { openPage, type Page } from '../../../test/support/agent/page.ts';
import { scriptedModel, type Line } from '../../../test/support/agent/scripted-model.ts';
import {
  agent,
  agentTool,
  askHuman,
  chatHandler,
  durableTool,
  uiMessages,
  type AgentOptions,
} from '../index.ts';

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

  it('keeps what is said while it waits for an approval, and answers it afterwards', async () => {
    const { handle, transcript } = served([
      { text: 'I send.', calls: [['send', { to: 'a' }, 'c1']] },
      { text: 'It is sent, and you are welcome.' },
    ]);
    const page = openPage(handle, 'c');
    await page.chat.sendMessage({ text: 'Send!' });
    await page.chat.sendMessage({ text: 'Thanks!' });
    expect(page.chat.status).toBe('ready');
    expect(page.chat.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
    expect(await transcript('c')).toEqual(page.chat.messages);
    await page.chat.addToolApprovalResponse({ id: 'c/c1/approval', approved: true });
    await page.chat.sendMessage();
    await expect.poll(async () => (await transcript('c')).length).toBe(4);
    await page.chat.resumeStream();
    expect(textOf(last(page))).toBe('It is sent, and you are welcome.');
    expect(await transcript('c')).toEqual(page.chat.messages);
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
    const { handle } = served(() => ({ text: '' }), { retry: { limit: 1, backoff: 1 } });
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

  it('hears what is said while it works, and answers it in a message of its own', async () => {
    let finish = (): void => {};
    const slow = durableTool({
      inputSchema: z.object({}),
      run: () => new Promise<string>((resolve) => (finish = () => resolve('done'))),
    });
    const { handle, transcript } = served(
      [{ text: 'I begin.', calls: [['slow', {}, 'c1']] }, { text: 'As you say.' }],
      { tools: { slow } },
    );
    const page = openPage(handle, 'c');
    const first = page.chat.sendMessage({ text: 'Go!' });
    await expect.poll(() => last(page).parts.length).toBe(3);
    const second = page.chat.sendMessage({ text: 'Faster!' });
    await expect.poll(() => transcript('c')).toHaveLength(3);
    finish();
    await Promise.all([first, second]);
    expect(page.chat.messages.map(textOf)).toEqual(['Go!', 'I begin.', 'Faster!', 'As you say.']);
    expect(await transcript('c')).toEqual(page.chat.messages);
  });

  it('ends the response to what it cannot answer before people have', async () => {
    let finish = (): void => {};
    const slow = durableTool({
      inputSchema: z.object({}),
      run: () => new Promise<string>((resolve) => (finish = () => resolve('done'))),
    });
    const calls: Line['calls'] = [
      ['slow', {}, 'c1'],
      ['send', { to: 'a' }, 'c2'],
    ];
    const { handle, transcript } = served([{ text: 'I begin.', calls }], { tools: { slow, send } });
    const page = openPage(handle, 'c');
    const first = page.chat.sendMessage({ text: 'Go!' });
    await expect.poll(() => last(page).parts.length).toBe(4);
    const second = page.chat.sendMessage({ text: 'Faster!' });
    await expect.poll(() => transcript('c')).toHaveLength(3);
    finish();
    await Promise.all([first, second]);
    expect(page.chat.status).toBe('ready');
    expect(await transcript('c')).toEqual(page.chat.messages);
  });

  it('shows what was edited where it was approved with other arguments', async () => {
    const { handle, runtime, transcript } = served([
      { calls: [['send', { to: 'a' }, 'c1']] },
      { text: 'Done.' },
    ]);
    const page = openPage(handle, 'c');
    await page.chat.sendMessage({ text: 'Send!' });
    const answers = [{ id: 'c/c1/approval', value: { approve: true, input: { to: 'B' } } }];
    await page.chat.sendMessage(undefined, { body: { answers } });
    expect(last(page).parts[1]).toMatchObject({ input: { to: 'B' }, output: 'sent to B' });
    expect(textOf(last(page))).toBe('Done.');
    expect(await transcript('c')).toEqual(page.chat.messages);
    expect(await runtime.recordOf('c/c1/approval')).toMatchObject({ by: 'ann' });
  });

  it('shows thoughts and files, calls that do not fit, and ids that were given twice', async () => {
    const parts: readonly (readonly object[])[] = [
      [
        { type: 'reasoning-start', id: 'r' },
        { type: 'reasoning-delta', id: 'r', delta: 'Let me ' },
        { type: 'reasoning-delta', id: 'r', delta: 'see.' },
        { type: 'reasoning-end', id: 'r', providerMetadata: { p: { signature: 's' } } },
        { type: 'text-start', id: 't' },
        { type: 'text-end', id: 't' },
        { type: 'file', mediaType: 'image/png', data: { type: 'data', data: 'AQID' } },
        { type: 'tool-input-start', id: 'c1', toolName: 'add' },
        { type: 'tool-input-delta', id: 'c1', delta: '{"a":1,"b":' },
        { type: 'tool-input-delta', id: 'c1', delta: '2}' },
        { type: 'tool-input-end', id: 'c1' },
        { type: 'tool-call', toolCallId: 'c1', toolName: 'add', input: '{"a":1,"b":2}' },
        { type: 'tool-call', toolCallId: 'c1', toolName: 'add', input: '{"a":3,"b":4}' },
        { type: 'tool-call', toolCallId: 'c2', toolName: 'add', input: '{"a":"three"}' },
        { type: 'tool-call', toolCallId: 'c3', toolName: 'nothing', input: '{broken' },
      ],
      [
        { type: 'text-start', id: 't' },
        { type: 'text-delta', id: 't', delta: 'So.' },
        { type: 'text-end', id: 't' },
      ],
    ];
    const { handle, transcript } = served((call) => ({ parts: parts[call - 1]! }));
    const page = openPage(handle, 'c');
    await page.chat.sendMessage({ text: 'Go!' });
    expect(last(page).parts).toMatchObject([
      {},
      { type: 'reasoning', text: 'Let me see.', providerMetadata: { p: { signature: 's' } } },
      { type: 'file', url: 'data:image/png;base64,AQID' },
      { type: 'tool-add', toolCallId: 'c1', output: { sum: 3 } },
      { type: 'tool-add', toolCallId: 'c1-2', output: { sum: 7 } },
      { type: 'tool-add', toolCallId: 'c2', state: 'output-error' },
      { type: 'tool-nothing', toolCallId: 'c3', state: 'output-error' },
      {},
      { type: 'text', text: 'So.' },
    ]);
    expect(await transcript('c')).toEqual(page.chat.messages);
  });

  it('keeps the bytes of a file that a person sends', async () => {
    const { handle, transcript, calls } = served([{ text: 'A picture.' }]);
    const page = openPage(handle, 'c');
    const file = {
      type: 'file' as const,
      mediaType: 'image/png',
      filename: 'a.png',
      url: 'data:image/png;base64,AQID',
    };
    await page.chat.sendMessage({ text: 'What is it?', files: [file] });
    expect(await transcript('c')).toEqual(page.chat.messages);
    expect(calls[0]!.prompt.at(-1)).toMatchObject({
      content: [{ type: 'file', mediaType: 'image/png' }, {}],
    });
  });

  it('passes on the questions of an agent that is a tool, and takes their answers', async () => {
    const inner = scriptedModel([{ calls: [['send', { to: 'x' }, 'c9']] }, { text: 'Sent.' }]);
    const mailer = agent({ id: 'mailer', model: inner.model, tools: { send } });
    const { handle, transcript } = served(
      [{ calls: [['mail', { prompt: 'Mail x.' }, 'c1']] }, { text: 'All is sent.' }],
      {
        tools: { mail: agentTool(mailer, { description: 'Mails.' }) },
      },
    );
    const page = openPage(handle, 'c');
    await page.chat.sendMessage({ text: 'Go!' });
    const id = 'c/c1/work/c9/approval';
    expect(page.data).toMatchObject([{ type: 'data-question', data: { id, details: { toolName: 'send' } } }]);
    await page.chat.sendMessage(undefined, { body: { answers: [{ id, value: { approve: true } }] } });
    expect(textOf(last(page))).toBe('All is sent.');
    expect(await transcript('c')).toEqual(page.chat.messages);
  });

  it('shows two pages the same', async () => {
    const { handle } = served(sums);
    const page = openPage(handle, 'c');
    await page.chat.sendMessage({ text: 'Add!' });
    const history = (await (
      await handle(new Request('http://chat.example/api/chat/c'))
    ).json()) as UIMessage[];
    expect(history).toEqual(JSON.parse(JSON.stringify(page.chat.messages)));
    const other = openPage(handle, 'c', history);
    await other.chat.resumeStream();
    expect(other.chat.messages).toEqual(page.chat.messages);
  });

  it('lets go of a run that rests when nobody listens', async () => {
    const { handle, machine, store } = served(sums);
    await openPage(handle, 'c').chat.sendMessage({ text: 'Add!' });
    const elsewhere = createRuntime({ store, machines: [machine], logger: () => {} });
    expect((await elsewhere.open(machine, 'c', { wait: 5000 })).id).toBe('c');
  });
});

const go = { id: 'm-1', role: 'user', parts: [{ type: 'text', text: 'Go!' }] };
const approval = (id: string) => ({
  id: 'm-1/answer',
  role: 'assistant',
  parts: [
    { type: 'step-start' },
    {
      type: 'tool-send',
      toolCallId: 'c1',
      state: 'approval-responded',
      input: {},
      approval: { id, approved: true },
    },
  ],
});

describe('a request', () => {
  it.each([
    ['that is no JSON', 400, 'CHAT_REQUEST', 'POST', '', '{'],
    ['that is a list', 400, 'CHAT_REQUEST', 'POST', '', []],
    ['without a chat', 400, 'CHAT_REQUEST', 'POST', '', { messages: [go] }],
    ['without messages', 400, 'CHAT_REQUEST', 'POST', '', { id: 'c', messages: [] }],
    [
      'with a message that is none',
      400,
      'CHAT_REQUEST',
      'POST',
      '',
      { id: 'c', messages: [{ role: 'user' }] },
    ],
    ['that says nothing', 400, 'CHAT_REQUEST', 'POST', '', { id: 'c', messages: [{ ...go, parts: [] }] }],
    ['of another role', 400, 'CHAT_REQUEST', 'POST', '', { id: 'c', messages: [{ ...go, role: 'system' }] }],
    [
      'with a file of this server',
      400,
      'CHAT_REQUEST',
      'POST',
      '',
      {
        id: 'c',
        messages: [{ ...go, parts: [{ type: 'file', mediaType: 'text/plain', url: 'file:///etc/passwd' }] }],
      },
    ],
    [
      'to answer again',
      409,
      'CHAT_SAID',
      'POST',
      '',
      { id: 'c', messages: [go], trigger: 'regenerate-message' },
    ],
    ['to change what was said', 409, 'CHAT_SAID', 'POST', '', { id: 'c', messages: [go], messageId: 'm-1' }],
    [
      'that goes on with an unknown chat',
      404,
      'CHAT_UNKNOWN',
      'POST',
      '',
      { id: 'x', messages: [go, approval('x/c1/approval')] },
    ],
    ['for an unknown chat', 404, 'CHAT_UNKNOWN', 'GET', '/x', undefined],
    ['for the stream of an unknown chat', 404, 'CHAT_UNKNOWN', 'GET', '/x/stream', undefined],
    ['for a run that is no chat', 404, 'CHAT_UNKNOWN', 'GET', '/other/stream', undefined],
    ['with another method', 405, 'CHAT_METHOD', 'DELETE', '/c', undefined],
    [
      'that approves what nobody asked',
      409,
      'CHAT_NO_CALL',
      'POST',
      '',
      { id: 'c', messages: [go, approval('c/c7/approval')] },
    ],
    [
      'that approves what another chat asked',
      409,
      'CHAT_NO_CALL',
      'POST',
      '',
      { id: 'c', messages: [go, approval('other/c1/approval')] },
    ],
    [
      'that approves what was denied',
      409,
      'INPUT_CLOSED',
      'POST',
      '',
      { id: 'c', messages: [go, approval('c/c1/approval')] },
    ],
    [
      'with an answer that does not fit',
      422,
      'INVALID_INPUT',
      'POST',
      '',
      {
        id: 'c',
        messages: [go, { ...approval(''), parts: [] }],
        answers: [{ id: 'c/c2/approval', value: 'yes' }],
      },
    ],
  ])('%s is answered with %i %s', async (_, status, code, method, path, body) => {
    const { handle, runtime } = served([
      {
        calls: [
          ['send', { to: 'a' }, 'c1'],
          ['send', { to: 'b' }, 'c2'],
        ],
      },
      { text: 'Done.' },
    ]);
    const page = openPage(handle, 'c');
    await page.chat.sendMessage({ ...go, role: 'user' } as UIMessage);
    await runtime.answer('c/c1/approval', { approve: false });
    const other = agent({ id: 'other', model: scriptedModel([{ text: 'Hm.' }]).model });
    await runtime.start(other, { id: 'other', input: { prompt: 'Go!' } });
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const request = new Request(`http://chat.example/api/chat${path}`, {
      method,
      ...(body !== undefined && { body: text }),
    });
    const response = await handle(request);
    expect([response.status, await response.json()]).toMatchObject([status, { error: { code } }]);
  });

  it('that is refused by the server itself is answered as that says', async () => {
    const { model } = scriptedModel([]);
    const machine = agent({ id: 'a', model, chat: true });
    const runtime = createRuntime({ store: memoryStore(), machines: [machine] });
    const handle = chatHandler({
      runtime,
      agent: machine,
      by: () => {
        throw new Response(null, { status: 401 });
      },
    });
    expect((await handle(new Request('http://chat.example/c'))).status).toBe(401);
  });
});
