/** What becomes of requests that cannot be. */
import type { UIMessage } from 'ai';
import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../../adapters/memory.ts';
import { createRuntime } from '../../../src/index.ts';
import { openPage } from '../../../test/support/agent/page.ts';
import { scriptedModel } from '../../../test/support/agent/scripted-model.ts';
import { served } from '../../../test/support/agent/served.ts';
import { agent, chatHandler } from '../index.ts';

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
      'with an id as the agent has them',
      400,
      'CHAT_REQUEST',
      'POST',
      '',
      { id: 'c', messages: [{ ...go, id: 'c/model:1' }] },
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
