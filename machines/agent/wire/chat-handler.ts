/** An agent on the wire: `Request` to `Response`, as the AI SDK's `useChat` speaks. */
import type { UIMessage } from 'ai';
import { RunExistsError, RunNotFoundError, type Run, type Runtime } from '../../../src/index.ts';
import type { AgentMachine } from '../agent.ts';
import { answersIn, isToBeGiven } from './answers-in.ts';
import { Chat } from './chat.ts';
import { ChatError, errorResponse } from './chat-error.ts';
import { readRequest, type ChatRequest } from './chat-request.ts';
import { uiMessages } from './ui-messages.ts';
import { contentOf } from './user-content.ts';

export interface ChatHandlerOptions<TObject = unknown> {
  readonly runtime: Runtime;
  /** Of a chat, if it is to hear more than one message: `agent({ chat: true, … })`. */
  readonly agent: AgentMachine<TObject>;
  /** Who asks, to be kept with what they say and approve. What it throws is the response, where it is a `Response`. */
  readonly by?: (request: Request) => string | undefined | PromiseLike<string | undefined>;
}

/**
 * Makes a handler of requests that speaks the UI message stream of the AI SDK: `useChat` and `DefaultChatTransport` work
 * with it as they are. The id of a chat is the id of its run.
 *
 * - `POST …` starts a chat, or goes on with it: a message, approvals, outputs of tools that ask people. In `answers`, other
 *   questions of the run are answered: `sendMessage(undefined, { body: { answers: [{ id, value }] } })`.
 * - `GET …/{id}/stream` streams the last answer again, from its beginning or from behind `Last-Event-ID`. Also after the
 *   server died: the answer has the same id, and the client replaces the half one that it has.
 * - `GET …/{id}` gives the messages so far, as JSON.
 *
 * What cannot be is answered with `{ error: { code, message } }` and the status that fits. The handler lets go of a run at
 * rest when nobody listens to it.
 *
 * @example
 * const handle = chatHandler({ runtime, agent: assistant });
 * export const POST = handle;
 * export const GET = handle;
 */
export function chatHandler<TObject>(
  options: ChatHandlerOptions<TObject>,
): (request: Request) => Promise<Response> {
  const desk = new ChatDesk(options);
  return async (request) => {
    try {
      return await desk.receive(request);
    } catch (error) {
      return error instanceof Response ? error : errorResponse(error);
    }
  };
}

class ChatDesk<TObject> {
  readonly #options: ChatHandlerOptions<TObject>;
  readonly #chats = new Map<string, Promise<Chat>>();
  readonly #leaving = new Map<string, Promise<void>>();

  constructor(options: ChatHandlerOptions<TObject>) {
    this.#options = options;
  }

  async receive(request: Request): Promise<Response> {
    const by = await this.#options.by?.(request);
    if (request.method === 'POST') return this.#post(await readRequest(request), by);
    if (request.method !== 'GET') throw new ChatError('CHAT_METHOD', 'Only GET and POST are taken here.');
    const { chat, isStream } = placeOf(request.url);
    return this.#with(chat, async (found) =>
      isStream
        ? found.reconnect(request.headers.get('last-event-id'))
        : Response.json(await uiMessages(this.#options.runtime, found.run)),
    );
  }

  async #post(request: ChatRequest, by: string | undefined): Promise<Response> {
    const { chat, said, answer, answers } = request;
    const who = by === undefined ? {} : { by };
    if (said === undefined)
      return this.#with(chat, async (found) => {
        const given = [...answersIn(answer!, found), ...answers];
        const { runtime } = this.#options;
        const open = await Promise.all(given.map((one) => isToBeGiven(runtime, found.run, one)));
        // One after the other: what is not taken stops those behind it.
        for (const { id, value } of given.filter((_, number) => open[number]))
          await runtime.answer(id, value, who);
        return found.goOn(answer!.id, stepsIn(answer!));
      });
    const content = contentOf(said);
    if (request.isFirst) await this.#begin(request, said, content);
    return this.#with(chat, async (found) => {
      const event = { type: 'user.message', content, id: said.id };
      if (!found.knows(said.id))
        await this.#options.runtime.send(chat, event, { id: `user.message ${said.id}`, ...who });
      return found.answerTo(said.id);
    });
  }

  async #begin(
    { chat }: ChatRequest,
    { id }: UIMessage,
    content: ReturnType<typeof contentOf>,
  ): Promise<void> {
    const { runtime, agent } = this.#options;
    const input = { messages: [{ id, role: 'user' as const, content }] };
    try {
      await runtime.start<AgentMachine<TObject>>(agent, { id: chat, input });
    } catch (error) {
      // It goes on.
      if (!(error instanceof RunExistsError)) throw error;
    }
  }

  async #with(id: string, use: (chat: Chat) => Promise<Response>): Promise<Response> {
    for (;;) {
      const chat = await this.#chatOf(id);
      if (chat.isOver) continue;
      const free = chat.hold();
      try {
        return await use(chat);
      } finally {
        free();
      }
    }
  }

  #chatOf(id: string): Promise<Chat> {
    const known = this.#chats.get(id);
    if (known) return known;
    const opening = this.#open(id);
    this.#chats.set(id, opening);
    opening.catch(() => this.#chats.delete(id));
    return opening;
  }

  async #open(id: string): Promise<Chat> {
    await this.#leaving.get(id);
    const run = await this.#find(id);
    return Chat.listen(this.#options.runtime, run, () => {
      this.#chats.delete(id);
      const leaving = run.release().finally(() => this.#leaving.delete(id));
      this.#leaving.set(id, leaving);
    });
  }

  async #find(id: string): Promise<Run<AgentMachine<TObject>>> {
    const { runtime, agent } = this.#options;
    try {
      if ((await runtime.get(id)).machine === agent.id) return await runtime.open(agent, id);
    } catch (error) {
      if (!(error instanceof RunNotFoundError)) throw error;
    }
    throw new ChatError(
      'CHAT_UNKNOWN',
      `There is no chat '${id}'. The first message of a new one is sent alone.`,
    );
  }
}

/** How many steps of an answer a client has. */
const stepsIn = ({ parts }: UIMessage): number => parts.filter(({ type }) => type === 'step-start').length;

/** Which chat a URL is about. */
function placeOf(url: string): { readonly chat: string; readonly isStream: boolean } {
  const parts = new URL(url).pathname.split('/').filter((part) => part !== '');
  const isStream = parts.length > 1 && parts.at(-1) === 'stream';
  try {
    const chat = decodeURIComponent(parts.at(isStream ? -2 : -1) ?? '');
    if (chat !== '') return { chat, isStream };
  } catch {
    // Said below.
  }
  throw new ChatError('CHAT_REQUEST', 'The URL ends with the id of a chat, or with that and /stream.');
}
