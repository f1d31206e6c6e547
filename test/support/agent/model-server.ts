/** A model behind a loopback server that speaks the chat completions format of OpenAI, streamed. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A message as it comes over the wire. */
interface WireMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content?: unknown;
  readonly tool_calls?: readonly { readonly id: string; readonly function: { readonly name: string } }[];
  readonly tool_call_id?: string;
}

/** A call that the server got. */
export interface LoggedCall {
  /** Its `Idempotency-Key`. */
  readonly key: string | undefined;
  readonly authorization: string | undefined;
  readonly body: { readonly messages: readonly WireMessage[]; readonly model: string } & Readonly<
    Record<string, unknown>
  >;
  /** Whether all of the answer was sent. */
  answered: boolean;
}

/** What the model answers, or what happens instead. */
export interface Reply {
  readonly text?: string;
  readonly calls?: readonly { readonly id: string; readonly name: string; readonly arguments: unknown }[];
  /** Another status than 200, with a body and headers. */
  readonly status?: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The connection is cut in the middle of the text. */
  readonly cut?: boolean;
  /** It never answers. */
  readonly silent?: boolean;
  /** Between two pieces, in milliseconds. */
  readonly pause?: number;
}

export interface ModelServer {
  /** For `createOpenAICompatible({ baseURL })`. */
  readonly url: string;
  readonly calls: readonly LoggedCall[];
  close(): Promise<void>;
}

/** What a script goes by: the call, and its number, from 1 on. Give the same answer to the same messages, and kills change nothing. */
export type Script = (call: LoggedCall, number: number) => Reply;

/** Starts one; `onCall` is told of each call when it comes, so that a log may outlive a process. */
export async function modelServer(script: Script, onCall?: (call: LoggedCall) => void): Promise<ModelServer> {
  const calls: LoggedCall[] = [];
  const server = createServer((request, response) => {
    void read(request).then(async (text) => {
      const call: LoggedCall = {
        key: request.headers['idempotency-key'] as string | undefined,
        authorization: request.headers.authorization,
        body: JSON.parse(text) as LoggedCall['body'],
        answered: false,
      };
      calls.push(call);
      onCall?.(call);
      await answer(response, script(call, calls.length), call);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    calls,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

async function read(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

const pauseFor = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function answer(response: ServerResponse, reply: Reply, call: LoggedCall): Promise<void> {
  const { status = 200, body = '{"error":{"message":"no"}}', headers = {}, silent, cut, pause } = reply;
  if (silent) return;
  if (status !== 200) {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(body);
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream', ...headers });
  const pieces = piecesOf(reply, call.body.model);
  const sent = cut ? pieces.slice(0, Math.ceil(pieces.length / 2)) : pieces;
  for (const piece of sent) {
    if (response.destroyed) return;
    response.write(`data: ${JSON.stringify(piece)}\n\n`);
    if (pause !== undefined) await pauseFor(pause);
  }
  if (cut) {
    // Only when the client has the pieces, or it would see nothing of the answer.
    await pauseFor(20);
    response.destroy();
    return;
  }
  response.end('data: [DONE]\n\n');
  call.answered = true;
}

function piecesOf({ text, calls }: Reply, model: string): object[] {
  const piece = (delta: object, finish: string | null = null): object => ({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1,
    model,
    choices: [{ index: 0, delta, finish_reason: finish }],
  });
  const pieces = [piece({ role: 'assistant', content: '' })];
  for (const delta of text?.match(/.{1,8}/gs) ?? []) pieces.push(piece({ content: delta }));
  calls?.forEach(({ id, name, arguments: given }, index) => {
    const text = typeof given === 'string' ? given : JSON.stringify(given);
    pieces.push(piece({ tool_calls: [{ index, id, type: 'function', function: { name, arguments: '' } }] }));
    pieces.push(piece({ tool_calls: [{ index, function: { arguments: text } }] }));
  });
  pieces.push(piece({}, calls ? 'tool_calls' : 'stop'));
  pieces.push({
    ...piece({}),
    choices: [],
    usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
  });
  return pieces;
}
