/** What a page of the AI SDK sees of an agent: its own chat and transport, over the handler. */
import type { UIMessage } from 'ai';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createRuntime } from '../../../src/index.ts';
import { openPage, type Page } from '../../../test/support/agent/page.ts';
import { scriptedModel, type Line } from '../../../test/support/agent/scripted-model.ts';
import { send, served } from '../../../test/support/agent/served.ts';
import { agent, agentTool, askHuman, durableTool } from '../index.ts';

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

  it('that is at its end is still shown', async () => {
    const { machine, runtime, handle, transcript } = served([{ text: 'Hello.' }, { text: '' }], {
      chat: false,
      retry: { limit: 0 },
    });
    const page = openPage(handle, 'done');
    await page.chat.sendMessage({ text: 'Hi!' });
    const again = openPage(handle, 'done');
    await again.chat.resumeStream();
    expect(again.chat.messages).toEqual((await transcript('done')).slice(1));
    expect(again.chat.messages.map(textOf)).toEqual(['Hello.']);
    await page.chat.sendMessage({ text: 'And?' });
    expect(page.chat.error?.message).toContain('RUN_CLOSED');

    await openPage(handle, 'failed').chat.sendMessage({ text: 'Hi!' });
    const failed = openPage(handle, 'failed');
    await failed.chat.resumeStream();
    expect(failed.chat.error?.message).toContain('answered with nothing');

    const stuck = agent({
      id: 'assistant',
      model: scriptedModel([{ calls: [['send', { to: 'a' }]] }]).model,
      tools: { send },
    });
    expect(stuck.id).toBe(machine.id);
    await runtime.start(stuck, { id: 'cancelled', input: { prompt: 'Hi!' } });
    await runtime.cancel('cancelled');
    const cancelled = openPage(handle, 'cancelled');
    await cancelled.chat.resumeStream();
    expect(cancelled.chat.status).toBe('ready');
  });

  it('lets go of a run that rests when nobody listens', async () => {
    const { handle, machine, store } = served(sums);
    await openPage(handle, 'c').chat.sendMessage({ text: 'Add!' });
    const elsewhere = createRuntime({ store, machines: [machine], logger: () => {} });
    expect((await elsewhere.open(machine, 'c', { wait: 5000 })).id).toBe('c');
  });
});
