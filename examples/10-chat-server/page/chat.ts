/** The AI SDK's chat for a page without a framework. With React, this is `useChat`. */
import { AbstractChat, type ChatInit, type ChatState, type ChatStatus, type UIMessage } from 'ai';

class PageState implements ChatState<UIMessage> {
  #status: ChatStatus = 'ready';
  #error: Error | undefined;
  #messages: UIMessage[];

  constructor(
    messages: UIMessage[],
    readonly onChange: () => void,
  ) {
    this.#messages = messages;
  }

  get status(): ChatStatus {
    return this.#status;
  }
  set status(status: ChatStatus) {
    this.#status = status;
    this.onChange();
  }
  get error(): Error | undefined {
    return this.#error;
  }
  set error(error: Error | undefined) {
    this.#error = error;
    this.onChange();
  }
  get messages(): UIMessage[] {
    return this.#messages;
  }
  set messages(messages: UIMessage[]) {
    this.#messages = messages;
    this.onChange();
  }

  pushMessage = (message: UIMessage): void => {
    this.messages = [...this.#messages, message];
  };
  popMessage = (): void => {
    this.messages = this.#messages.slice(0, -1);
  };
  replaceMessage = (index: number, message: UIMessage): void => {
    this.messages = this.#messages.map((known, at) => (at === index ? message : known));
  };
  snapshot = <T>(thing: T): T => structuredClone(thing);
}

export class PageChat extends AbstractChat<UIMessage> {
  /** `onChange` is called whenever there is something else to show. */
  constructor({ messages = [], onChange, ...init }: ChatInit<UIMessage> & { readonly onChange: () => void }) {
    super({ ...init, state: new PageState(messages, onChange) });
  }
}
