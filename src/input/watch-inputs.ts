/** Tells which questions open and close: those of this process at once, those of others by looking again and again. */
import type { Codec } from '../checkpoint/codec.ts';
import type { Store, StoredQuestion } from '../store.ts';
import { unref } from '../unref.ts';
import { isListed, storedQuestions, type InputQuery } from './list-inputs.ts';
import { listedQuestion, type PendingInput } from './pending-input.ts';
import type { Change } from './questions.ts';

/** A question opened or closed. */
export interface InputEvent {
  readonly type: 'opened' | 'closed';
  readonly input: PendingInput;
}

/** The runtime that it is watched from. */
interface WatchContext {
  readonly store: Store;
  readonly inline: Codec;
  /** How often to look, in milliseconds. */
  readonly poll: number;
  readonly logger: (...args: unknown[]) => void;
  /** Calls back with each change of this runtime's runs, until it is told to stop. */
  watch(changed: (change: Change) => void): () => void;
}

export class InputWatch implements AsyncIterableIterator<InputEvent> {
  /** Those that are open, as far as was told; an id alone stands for what others' runs ask. */
  readonly #open = new Map<string, PendingInput | StoredQuestion>();
  /** Those that were closed here since the last look began: what was read of them is older. */
  readonly #gone = new Set<string>();
  readonly #events: InputEvent[] = [];
  #waiting: ((result: IteratorResult<InputEvent>) => void)[] = [];
  #isOver = false;
  readonly #unwatch: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #ready: Promise<void>;

  constructor(
    private readonly context: WatchContext,
    private readonly query: InputQuery,
  ) {
    this.#unwatch = context.watch((change) => {
      for (const { question } of change.closed) this.#closed(question.input.id, question.input);
      for (const { input } of change.opened) this.#opened(input);
    });
    this.#ready = this.#look(true).finally(() => this.#lookLater());
    this.#ready.catch(() => {});
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<InputEvent>> {
    await this.#ready;
    const event = this.#events.shift();
    if (event) return { value: event, done: false };
    if (this.#isOver) return { value: undefined, done: true };
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Stops watching. */
  return(): Promise<IteratorResult<InputEvent>> {
    this.#isOver = true;
    this.#unwatch();
    clearTimeout(this.#timer);
    const over = { value: undefined, done: true } as const;
    for (const resolve of this.#waiting) resolve(over);
    this.#waiting = [];
    return Promise.resolve(over);
  }

  #tell(event: InputEvent): void {
    const waiting = this.#waiting.shift();
    if (waiting) waiting({ value: event, done: false });
    else this.#events.push(event);
  }

  #opened(input: PendingInput): void {
    if (this.#open.has(input.id) || !isListed(input, this.query)) return;
    this.#open.set(input.id, input);
    this.#tell({ type: 'opened', input });
  }

  #closed(id: string, input: PendingInput): void {
    this.#gone.add(id);
    if (this.#open.delete(id)) this.#tell({ type: 'closed', input });
  }

  // --- Other processes

  #lookLater(): void {
    if (this.#isOver) return;
    const look = (): void => {
      this.#look(false)
        .catch((error: unknown) => this.context.logger('Savepoint could not look for open questions.', error))
        .finally(() => this.#lookLater());
    };
    // Who does nothing but watch may end.
    this.#timer = unref(setTimeout(look, this.context.poll));
  }

  async #look(isFirst: boolean): Promise<void> {
    const { store, inline } = this.context;
    const before = new Map(this.#open);
    this.#gone.clear();
    for await (const question of storedQuestions(store, this.query)) {
      before.delete(question.id);
      if (this.#open.has(question.id)) continue;
      const input = isFirst ? undefined : await listedQuestion(question, inline);
      if (this.#gone.has(question.id)) continue;
      if (input) this.#opened(input);
      else this.#open.set(question.id, question);
    }
    for (const [id, known] of before) {
      const isStillThere = (await store.questions({ id, limit: 1 })).length > 0;
      if (isStillThere || !this.#open.has(id)) continue;
      this.#closed(id, 'value' in known ? await listedQuestion(known, inline) : known);
    }
  }
}
