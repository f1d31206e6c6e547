/** A page without a browser: the AI SDK's own chat and transport, over a handler. */
import {
  AbstractChat,
  DefaultChatTransport,
  lastAssistantMessageIsCompleteWithApprovalResponses,
  lastAssistantMessageIsCompleteWithToolCalls,
  type ChatInit,
  type ChatState,
  type ChatStatus,
  type UIMessage,
} from 'ai';

class PlainState implements ChatState<UIMessage> {
  status: ChatStatus = 'ready';
  error: Error | undefined;

  constructor(public messages: UIMessage[]) {}

  pushMessage = (message: UIMessage): void => {
    this.messages = [...this.messages, message];
  };
  popMessage = (): void => {
    this.messages = this.messages.slice(0, -1);
  };
  replaceMessage = (index: number, message: UIMessage): void => {
    // As a page keeps it: what comes later changes nothing of what is shown.
    this.messages = this.messages.with(index, structuredClone(message));
  };
  snapshot = <T>(thing: T): T => structuredClone(thing);
}

class Chat extends AbstractChat<UIMessage> {
  constructor({ messages = [], ...init }: ChatInit<UIMessage>) {
    super({ ...init, state: new PlainState(messages) });
  }
}

export type Handle = (request: Request) => Promise<Response>;

export interface Page {
  readonly chat: Chat;
  /** Cuts the connection after so many bytes of the next response. */
  cutAfter(bytes: number | undefined): void;
  readonly data: unknown[];
}

/** Opens a page on a chat. It sends what is approved by itself, as `useChat` is told to. */
export function openPage(handle: Handle, id: string, messages: readonly UIMessage[] = []): Page {
  let cut: number | undefined;
  const data: unknown[] = [];
  const request: typeof fetch = async (input, init) => {
    const response = await handle(new Request(new URL(input as string, 'http://chat.example'), init));
    const limit = cut;
    cut = undefined;
    return limit === undefined || !response.body
      ? response
      : new Response(cutOff(response.body, limit), response);
  };
  const chat = new Chat({
    id,
    messages: structuredClone([...messages]),
    transport: new DefaultChatTransport({ fetch: request }),
    onData: (part) => void data.push(part),
    sendAutomaticallyWhen: (state) =>
      lastAssistantMessageIsCompleteWithApprovalResponses(state) ||
      lastAssistantMessageIsCompleteWithToolCalls(state),
  });
  return {
    chat,
    data,
    cutAfter: (bytes) => {
      cut = bytes;
    },
  };
}

/** A body whose connection is cut. */
function cutOff(body: ReadableStream<Uint8Array>, limit: number): ReadableStream<Uint8Array> {
  let sent = 0;
  const reader = body.getReader();
  return new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const { done, value } = await reader.read();
      if (done) {
        controller.close();
        return;
      }
      const room = limit - sent;
      sent += value.length;
      if (value.length < room) {
        controller.enqueue(value);
        return;
      }
      controller.enqueue(value.subarray(0, room));
      await reader.cancel();
      // What fetch fails with.
      controller.error(new TypeError('network error'));
    },
    cancel: (reason) => reader.cancel(reason),
  });
}
