/** Some ballots in one place, of which two processes answer every question at the same time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createRuntime, type Runtime } from 'savepoint';
import { type OpenedPlace, openPlace, type Place } from '../place.ts';
import { until } from '../until.ts';
import type { SpareProcesses, WorkerProcess } from '../worker-process.ts';
import { questionsOf } from './machine.ts';
import type { Answer, Order, Outcome } from './worker.ts';

/** Who has the ballots: one of the two who answer, or a third. */
export interface Kind {
  readonly holder: 'A' | 'C';
  /** It is killed while they answer. */
  readonly kill: boolean;
}

const answering = ['A', 'B'] as const;
type Who = (typeof answering)[number];

export class Round {
  readonly faults: string[] = [];
  readonly ballots: readonly string[];
  readonly questions: readonly string[];
  /** What became of the answers, by question. */
  readonly outcomes: Readonly<Record<Who, Map<string, Outcome>>> = { A: new Map(), B: new Map() };
  /** How many answers were without an outcome when their process was killed. */
  cutOff = 0;
  readonly #opened: OpenedPlace;
  readonly #runtime: Runtime;
  readonly #people = new Map<string, WorkerProcess<Order, Answer>>();
  /** The newest word of each, other than outcomes. */
  readonly #said = new Map<string, string>();

  constructor(
    private readonly place: Place,
    private readonly workers: SpareProcesses<Order, Answer>,
    private readonly kind: Kind,
    ballots: number,
  ) {
    this.ballots = Array.from({ length: ballots }, (_, n) => `ballot-${n + 1}`);
    this.questions = this.ballots.flatMap((ballot) => Object.values(questionsOf(ballot)));
    this.#opened = openPlace(place);
    this.#runtime = createRuntime({ store: this.#opened.store });
  }

  async live(): Promise<void> {
    const { holder, kill } = this.kind;
    for (const who of new Set([...answering, holder])) await this.#begin(who);
    await this.#ask(holder, { start: this.ballots }, 'started');
    await this.#checkOpen(this.questions.length);
    const at = Date.now() + 30;
    for (const who of answering) this.#people.get(who)!.tell({ answer: this.questions, at });
    if (kill) await this.#replace(holder, at);
    await this.#until('answers', () =>
      answering.every((who) => this.outcomes[who].size === this.questions.length),
    );
    await this.#until('ballots', async () => {
      const infos = await Promise.all(this.ballots.map((ballot) => this.#runtime.get(ballot)));
      return infos.every(({ status }) => status === 'done');
    });
    await this.#checkOpen(0);
    for (const who of this.#people.keys()) await this.#ask(who, { end: true }, 'ended');
  }

  /** A ballot at its end, and what became of its questions, as a process reads it that knows no machine. */
  async read(ballot: string) {
    const { seq } = await this.#runtime.get(ballot);
    const { snapshot } = await this.#runtime.checkpoint(ballot, seq);
    const record = (question: string) => this.#runtime.recordOf(question);
    return { snapshot, record };
  }

  async end(): Promise<void> {
    for (const one of this.#people.values()) await one.kill();
    await this.#runtime.close();
    await this.#opened.close();
  }

  async #begin(who: string): Promise<void> {
    const worker = await this.workers.take();
    this.#people.set(who, worker);
    worker.onAnswer = (answer) => this.#hear(who, answer);
    const recovers = who === this.kind.holder;
    await this.#ask(who, { begin: { place: this.place, who, recovers } }, 'ready');
  }

  /** Kills the holder in the middle, and lets another take its place. What had no outcome is answered again. */
  async #replace(who: 'A' | 'C', at: number): Promise<void> {
    await sleep(at - Date.now() + Math.random() * 200);
    await this.#people.get(who)!.kill();
    await this.#begin(who);
    if (who === 'C') return;
    const open = this.questions.filter((question) => !this.outcomes[who].has(question));
    this.cutOff += open.length;
    this.#people.get(who)!.tell({ answer: open, at: Date.now() });
  }

  #hear(who: string, answer: Answer): void {
    if ('fault' in answer) this.faults.push(answer.fault);
    else if ('outcome' in answer) this.outcomes[who as Who].set(answer.outcome.input, answer.outcome);
    else this.#said.set(who, Object.keys(answer)[0]!);
  }

  async #ask(who: string, order: Order, answer: 'ready' | 'started' | 'ended'): Promise<void> {
    this.#people.get(who)!.tell(order);
    await this.#until(`what ${who} says to that`, () => this.#said.get(who) === answer);
  }

  async #checkOpen(count: number): Promise<void> {
    const listed: string[] = [];
    for await (const { id } of this.#runtime.inputs()) listed.push(id);
    const open = new Set(listed);
    if (listed.length !== count || !this.questions.slice(0, count).every((question) => open.has(question)))
      this.faults.push(`${listed.length} questions are open, not ${count}: ${listed.join(', ')}`);
  }

  #until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    return until(holds, this.faults, () => {
      const [a, b] = answering.map((who) => this.outcomes[who].size);
      return `${what}; of ${this.questions.length} answers each, A has ${a} outcomes and B ${b}`;
    });
  }
}
