/** One answer, as chunks: all that were sent, for whoever comes later, and those that come. */
import type { UIMessageChunk } from 'ai';
import type { AgentPart } from '../parts.ts';
import { LiveStep, outcomeOf } from './live-step.ts';
import { callChunks, contentChunks, type CallState } from './step-chunks.ts';
import type { Step, Turn } from './turn.ts';

/** How an answer came to rest: at its end, or where it waits for people. */
export interface Rest {
  readonly finishReason: NonNullable<Extract<UIMessageChunk, { type: 'finish' }>['finishReason']>;
  /** What went wrong. */
  readonly error?: string;
  /** The questions that are open: they are not part of the message. */
  readonly questions: readonly UIMessageChunk[];
}

/** How the calls of a step stand. */
export type CallsOf = (step: Step) => readonly CallState[];

export class AnswerStream {
  /** Tells the numbers of these chunks from those of any other stream. */
  readonly key: string = crypto.randomUUID();
  readonly chunks: UIMessageChunk[] = [];
  /** Where each step begins. */
  readonly #starts: number[] = [];
  #steps: readonly Step[] = [];
  /** What was sent of each call of the last step. */
  #sent = new Map<string, { readonly input: string; readonly chunks: readonly string[] }>();
  #live: LiveStep | undefined;
  #hasLive = false;
  #rest: Rest | undefined;
  readonly #waiting = new Set<() => void>();
  #broken: Error | undefined;

  /** `id`: of the message. */
  constructor(readonly id: string) {}

  get rest(): Rest | undefined {
    return this.#rest;
  }

  get broken(): Error | undefined {
    return this.#broken;
  }

  /** Hears what the model says just now. */
  hear({ messageId, part }: AgentPart): void {
    if (part.type === 'start') {
      if (this.#hasLive) this.#push({ type: 'reset-step' });
      this.#live = new LiveStep(messageId);
      return;
    }
    // Of a call that began before anybody listened, only the whole message is sent.
    if (this.#live?.id !== messageId) return;
    const heard = this.#live.hear(part);
    if (heard.length === 0) return;
    if (!this.#hasLive) this.#beginStep();
    this.#hasLive = true;
    this.#push(...heard);
  }

  /** Sends what is committed now. */
  advance({ steps }: Turn, callsOf: CallsOf): void {
    for (const [number, step] of steps.entries()) {
      const isNew = number >= this.#steps.length;
      if (!isNew && number < this.#steps.length - 1) continue;
      if (isNew) this.#say(step);
      this.#call(callsOf(step));
    }
    this.#steps = steps;
  }

  #say(step: Step): void {
    const whole = contentChunks(step);
    const live = this.#live;
    if (!this.#hasLive) {
      this.#beginStep();
      this.#push(...whole);
    } else if (live?.id !== step.message.id || outcomeOf(live.chunks) !== outcomeOf(whole))
      this.#push({ type: 'reset-step' }, ...whole);
    this.#live = undefined;
    this.#hasLive = false;
    this.#sent = new Map(
      whole.flatMap((chunk) =>
        chunk.type === 'tool-input-available'
          ? [[chunk.toolCallId, { input: JSON.stringify(chunk.input), chunks: [] }]]
          : [],
      ),
    );
  }

  #call(calls: readonly CallState[]): void {
    for (const call of calls) {
      const { toolCallId, toolName } = call;
      const input = call.input ?? null;
      const sent = this.#sent.get(toolCallId);
      const text = JSON.stringify(input);
      const chunks = callChunks(call);
      const texts = chunks.map((chunk) => JSON.stringify(chunk));
      // A person changed the arguments.
      const isChanged = sent !== undefined && sent.input !== text;
      if (isChanged) this.#push({ type: 'tool-input-available', toolCallId, toolName, input });
      const news = isChanged ? 0 : texts.findIndex((text, at) => text !== sent?.chunks[at]);
      if (news >= 0) this.#push(...chunks.slice(news));
      this.#sent.set(toolCallId, { input: text, chunks: texts });
    }
  }

  #beginStep(): void {
    if (this.chunks.length === 0) this.#push({ type: 'start', messageId: this.id });
    if (this.#starts.length > 0) this.#push({ type: 'finish-step' });
    this.#starts.push(this.chunks.length);
    this.#push({ type: 'start-step' });
  }

  #push(...chunks: readonly UIMessageChunk[]): void {
    if (chunks.length === 0) return;
    for (const chunk of chunks) this.chunks.push(chunk);
    this.#tell();
  }

  #tell(): void {
    for (const go of this.#waiting) go();
    this.#waiting.clear();
  }

  /** Nothing comes for now. */
  comesToRest(rest: Rest): void {
    // What was cut off is in no history.
    if (this.#hasLive) this.#push({ type: 'reset-step' });
    this.#live = undefined;
    this.#rest = rest;
    this.#tell();
  }

  goesOn(): void {
    this.#rest = undefined;
  }

  /** It cannot be known here what comes: the client has to ask again. */
  breaks(error: Error): void {
    this.#broken = error;
    this.#tell();
  }

  /** Resolves when there is something new. */
  news(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiting.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#waiting.add(done);
      signal.addEventListener('abort', done);
    });
  }

  /**
   * For a client that has the first `steps` steps: where it goes on, and what it needs to hear before. What it has said of
   * the calls of its last step may be more or less than what is known here.
   */
  goOn(
    steps: number,
    callsOf: CallsOf,
  ): { readonly from: number; readonly before: readonly UIMessageChunk[] } {
    const last = this.#steps[steps - 1];
    if (steps < 1 || last === undefined || steps > this.#starts.length) return { from: 0, before: [] };
    const calls = callsOf(last).flatMap((call) => [
      {
        type: 'tool-input-available' as const,
        toolCallId: call.toolCallId,
        toolName: call.toolName,
        input: call.input ?? null,
      },
      ...callChunks(call),
    ]);
    const from = this.#starts[steps] ?? this.chunks.length;
    return { from, before: [{ type: 'start', messageId: this.id }, ...calls] };
  }
}
