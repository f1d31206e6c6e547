/** A process of a story: what it reports goes into the timeline; it can be waited for, told and killed. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Report } from './report.ts';
import { red, type Mark, type Timeline } from './timeline.ts';

/** A report, and when it came. */
interface Heard extends Report {
  readonly heardAt: number;
}

interface Waiter {
  readonly topic: string;
  resolve(report: Heard): void;
  reject(error: Error): void;
}

export class Child {
  readonly began = Date.now();
  ended = Infinity;
  wasKilled = false;
  readonly #process: ChildProcess;
  /** Settles when the process is gone. */
  readonly exit: Promise<void>;
  readonly #reports: Heard[] = [];
  #waiters: Waiter[] = [];

  constructor(
    readonly name: string,
    script: URL,
    args: readonly string[],
    private readonly timeline: Timeline,
  ) {
    this.#process = fork(fileURLToPath(script), args);
    this.#process.on('message', (report: Report) => this.#hear(report));
    this.exit = once(this.#process, 'exit').then(() => this.#leave());
  }

  /** Resolves with what it said on this topic, or will say. */
  says(topic: string): Promise<Heard> {
    const said = this.#reports.find((report) => report.topic === topic);
    if (said) return Promise.resolve(said);
    return new Promise((resolve, reject) => {
      if (this.ended < Infinity) reject(this.#silence(topic));
      else this.#waiters.push({ topic, resolve, reject });
    });
  }

  /** All that it has said on this topic. */
  reportsOn(topic: string): readonly Heard[] {
    return this.#reports.filter((report) => report.topic === topic);
  }

  tell(message: object): void {
    this.#process.send(message);
  }

  /** Asks it to end, as a deployment does. It has time for its own last words. */
  terminate(): Promise<void> {
    this.timeline.print(this.name, this.#process.pid, 'SIGTERM');
    this.#process.kill('SIGTERM');
    return this.exit;
  }

  /** Kills it: it can save, say and undo nothing any more. */
  async kill(text: string): Promise<void> {
    await this.end();
    this.wasKilled = true;
    this.timeline.print(this.name, this.#process.pid, `${red('✗ SIGKILL')} ${text}`);
  }

  /** Ends it, whatever it is doing. */
  async end(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.exit;
  }

  /** Its life, for the chart. */
  row(): [name: string, marks: Mark[]] {
    const end = this.wasKilled ? '✗' : '✓';
    return [
      this.name,
      [
        { from: this.began, to: this.ended, sign: '━' },
        { from: this.ended, sign: end },
      ],
    ];
  }

  #hear(said: Report): void {
    const report = { ...said, heardAt: Date.now() };
    this.#reports.push(report);
    const { topic, text, time } = report;
    const when = time === undefined ? '' : ` at ${this.timeline.at(time)}`;
    this.timeline.print(this.name, this.#process.pid, text + when);
    for (const waiter of this.#waiters) if (waiter.topic === topic) waiter.resolve(report);
    this.#waiters = this.#waiters.filter((waiter) => waiter.topic !== topic);
  }

  #leave(): void {
    this.ended = Date.now();
    for (const waiter of this.#waiters) waiter.reject(this.#silence(waiter.topic));
    this.#waiters = [];
  }

  #silence(topic: string): Error {
    return new Error(`${this.name} is gone and never said '${topic}'.`);
  }
}
