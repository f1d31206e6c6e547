/** A child process that is told what to do and answers, and some that wait to be the next. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** What a process says first: from now on it takes orders. */
export interface Loaded {
  readonly loaded: true;
}

export class WorkerProcess<TOrder extends object, TAnswer extends object> {
  /** Resolves when it has loaded its program. */
  readonly loaded: Promise<void>;
  /** Called for each answer after that. */
  onAnswer: (answer: TAnswer) => void = () => {};
  readonly #process: ChildProcess;
  #isAlive = true;

  constructor(program: string) {
    // 'advanced' lets dates, maps and errors through.
    this.#process = fork(program, { serialization: 'advanced', execArgv: [] });
    this.loaded = new Promise((resolve, reject) => {
      this.#process.on('message', (answer) => {
        if ('loaded' in (answer as Loaded | TAnswer)) resolve();
        else this.onAnswer(answer as TAnswer);
      });
      this.#process.once('exit', (code) => reject(new Error(`A process ended as it started (${code}).`)));
    });
    // Whoever takes it will hear of that.
    this.loaded.catch(() => {});
    // An order to a process that was killed just now is lost, as it is meant to be.
    this.#process.on('error', () => {});
  }

  get pid(): number {
    return this.#process.pid!;
  }

  tell(order: TOrder): void {
    if (this.#isAlive && this.#process.connected) this.#process.send(order, () => {});
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Kills it, wherever it is, and waits for the last word that it said. */
  async kill(): Promise<void> {
    this.#isAlive = false;
    const { exitCode, signalCode, connected } = this.#process;
    const silent = connected ? once(this.#process, 'disconnect') : undefined;
    const ended = exitCode === null && signalCode === null ? once(this.#process, 'exit') : undefined;
    this.#process.kill('SIGKILL');
    await ended;
    await silent;
  }
}

/** Starts processes ahead of their time: each takes most of a second. */
export class SpareProcesses<TOrder extends object, TAnswer extends object> {
  readonly #spare: WorkerProcess<TOrder, TAnswer>[] = [];

  constructor(
    private readonly program: string,
    private readonly count: number,
  ) {
    this.#fill();
  }

  async take(): Promise<WorkerProcess<TOrder, TAnswer>> {
    const next = this.#spare.shift()!;
    this.#fill();
    await next.loaded;
    return next;
  }

  async end(): Promise<void> {
    await Promise.all(this.#spare.map((one) => one.kill()));
  }

  #fill(): void {
    while (this.#spare.length < this.count) this.#spare.push(new WorkerProcess(this.program));
  }
}
