/** A chat that somebody listens to: a run, and its answers as they come. */
import type { UIMessageChunk } from 'ai';
import { SavepointError, type PendingInput, type Run, type Runtime } from '../../../src/index.ts';
import type { AgentMachine } from '../agent.ts';
import { onParts } from '../parts.ts';
import type { AgentContext } from '../run/context.ts';
import { AnswerStream, type CallsOf, type Rest } from './answer-stream.ts';
import { askerOf, callKey, callsIn, recallQuestions, type Questions } from './approvals.ts';
import { eventsOf, parseEventId } from './sse.ts';
import type { CallState } from './step-chunks.ts';
import { answerId, toldId, turnsFrom, turnsOf, type Turn } from './turn.ts';

type AgentRun = Run<AgentMachine<unknown>>;

export class Chat {
  readonly #run: AgentRun;
  readonly #onIdle: () => void;
  readonly #answers = new Map<string, AnswerStream>();
  #current: AnswerStream | undefined;
  #questions: Questions = new Map();
  #listeners = 0;
  readonly #ends: (() => void)[] = [];
  #isOver = false;

  private constructor(run: AgentRun, onIdle: () => void) {
    this.#run = run;
    this.#onIdle = onIdle;
  }

  /** Begins to listen to a run. `onIdle` is called when it is at rest and nobody hears it any more. */
  static async listen(runtime: Runtime, run: AgentRun, onIdle: () => void): Promise<Chat> {
    const chat = new Chat(run, onIdle);
    const { messages } = run.getSnapshot().context;
    chat.#questions = await recallQuestions(runtime, run.id, turnsOf(messages), turnsFrom(messages));
    const observed = run.subscribe({ next: () => chat.#advance(), error: () => chat.#close() });
    chat.#ends.push(() => observed.unsubscribe());
    // Of a run that is let go of, observers hear nothing.
    run.done().then(
      () => chat.#close(),
      () => chat.#close(),
    );
    const free = chat.hold();
    chat.#advance();
    chat.#ends.push(
      onParts(run.actor, (part) => {
        if (part.agent !== '') return;
        if (part.part.type === 'start') chat.#advance();
        chat.#current?.hear(part);
      }),
    );
    // Whoever asked for it holds it by then.
    setTimeout(free);
    return chat;
  }

  get run(): AgentRun {
    return this.#run;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Keeps it until what is returned is called. */
  hold(): () => void {
    this.#listeners++;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#listeners--;
      this.#letGo();
    };
  }

  get context(): AgentContext {
    return this.#run.getSnapshot().context;
  }

  /** Has it heard a message? */
  knows(user: string): boolean {
    const { messages, queue } = this.context;
    return [...queue, ...messages].some(({ id }) => id === user);
  }

  /** The answer to what a person said, from its beginning. */
  answerTo(user: string): Response {
    this.#advance();
    return this.#events(this.#answerWith(answerId(user)), 0);
  }

  /** The same for a client that has some steps of it. */
  goOn(id: string, steps: number): Response {
    this.#advance();
    const answer = this.#answerWith(id);
    const { from, before } = answer.goOn(steps, this.#callsOf);
    return this.#events(answer, from, before);
  }

  /** What is said now, from behind an event on, or from the beginning. */
  reconnect(lastEventId: string | null): Response {
    this.#advance();
    const seen = parseEventId(lastEventId);
    const known = [...this.#answers.values()].find(({ key }) => key === seen?.key);
    const answer = known ?? this.#current;
    if (answer === undefined) return new Response(null, { status: 204 });
    return this.#events(answer, known === undefined ? 0 : seen!.number + 1);
  }

  /** Ends when nobody needs it any more. */
  #letGo(): void {
    if (this.#isOver || this.#listeners > 0 || this.#restOf(this.#run.getSnapshot()) === undefined) return;
    this.#stop();
    this.#onIdle();
  }

  #events(answer: AnswerStream, from: number, before: readonly UIMessageChunk[] = []): Response {
    return eventsOf(answer, { from, before, onEnd: this.hold() });
  }

  /** The answer with an id: it may be over, going on, or not begun. */
  #answerWith(id: string): AnswerStream {
    const known = this.#answers.get(id);
    if (known) return known;
    const answer = new AnswerStream(id);
    this.#answers.set(id, answer);
    const { messages } = this.context;
    const [turn, later] = turnsFrom(messages, toldId(id));
    // It is over, and others came after it.
    if (turn?.told && answerId(turn.told.id) === id && later) {
      answer.advance(turn, this.#callsOf);
      answer.comesToRest({ finishReason: 'stop', questions: [] });
    } else if (this.#restOf(this.#run.getSnapshot()))
      // Nobody hears it before people have answered what is asked now.
      answer.comesToRest({ finishReason: 'other', questions: this.#openQuestions() });
    return answer;
  }

  #advance(): void {
    if (this.#isOver) return;
    const snapshot = this.#run.getSnapshot();
    const { messages } = snapshot.context;
    const turns = this.#current ? turnsFrom(messages, toldId(this.#current.id)) : turnsFrom(messages);
    for (const [number, turn] of turns.entries()) {
      const id = answerId(turn.told?.id);
      const answer = this.#answers.get(id) ?? new AnswerStream(id);
      this.#answers.set(id, answer);
      this.#current = answer;
      answer.goesOn();
      this.#seeQuestions(turn);
      answer.advance(turn, this.#callsOf);
      if (number < turns.length - 1) answer.comesToRest({ finishReason: 'stop', questions: [] });
    }
    const rest = this.#restOf(snapshot);
    if (rest === undefined) return;
    for (const answer of this.#answers.values())
      if (answer === this.#current || answer.chunks.length === 0) answer.comesToRest(rest);
    // Those that are over are made again from the transcript where somebody asks for them.
    for (const [id, answer] of this.#answers) if (answer !== this.#current) this.#answers.delete(id);
    this.#letGo();
  }

  #seeQuestions(turn: Turn): void {
    const step = turn.steps.at(-1);
    if (step === undefined || this.context.open.length === 0) return;
    for (const { toolCallId, child } of callsIn(step)) {
      const asked = this.#run.pendingInputs.find(({ actor }) => actor === askerOf(child));
      if (asked) this.#questions.set(callKey(step, toolCallId), asked.id);
    }
  }

  readonly #callsOf: CallsOf = (step) =>
    callsIn(step).map(({ toolCallId, toolName, input }): CallState => {
      const question = this.#questions.get(callKey(step, toolCallId));
      const isAsking = this.#run.pendingInputs.some(({ id }) => id === question);
      return { toolCallId, toolName, input, question, isAsking, result: step.results.get(toolCallId) };
    });

  /** How it comes to rest; `undefined`: it works. */
  #restOf({ value, status, context }: ReturnType<AgentRun['getSnapshot']>): Rest | undefined {
    const questions = this.#openQuestions();
    if (value === 'failed' || status === 'error') {
      const { failure } = context;
      const error = failure instanceof SavepointError ? failure.message : 'The agent failed.';
      return { finishReason: 'error', error, questions };
    }
    if (status === 'stopped') return { finishReason: 'interrupted', questions };
    if (value === 'waitingForInput') return { finishReason: 'tool-calls', questions };
    if (value === 'done' || status === 'done')
      return { finishReason: reasonOf(context.answer?.finishReason), questions };
    return undefined;
  }

  /** Questions that are not about a call of this agent: of agents that are its tools, or for more of what is limited. */
  #openQuestions(): UIMessageChunk[] {
    return this.#run.pendingInputs.map(({ id, actor, prompt, details, choices, schema }: PendingInput) => ({
      type: 'data-question',
      id,
      data: { id, actor, prompt, details, choices, schema },
      transient: true,
    }));
  }

  /** The run was let go of, or is at its end. */
  #close(): void {
    if (this.#isOver) return;
    this.#advance();
    const rest = this.#restOf(this.#run.getSnapshot());
    for (const answer of this.#answers.values())
      if (rest === undefined || answer.rest === undefined)
        answer.breaks(new Error(`The run '${this.#run.id}' was let go of. Ask for the stream again.`));
    this.#stop();
    this.#onIdle();
  }

  #stop(): void {
    this.#isOver = true;
    for (const end of this.#ends) end();
  }
}

const reasons = ['stop', 'length', 'content-filter', 'tool-calls', 'error'] as const;
const reasonOf = (given: string | undefined): Rest['finishReason'] =>
  reasons.find((reason) => reason === given) ?? 'other';
