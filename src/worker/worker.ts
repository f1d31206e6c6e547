/** A process that works: takes the runs that have something to do, over a store that many processes share. */
import { checkMs } from '../check-options.ts';
import { InvalidArgumentError } from '../errors.ts';
import { insideOf, type Runtime } from '../runtime.ts';
import type { ReleaseOptions } from '../runtime-options.ts';
import type { Engine, Working } from './engine.ts';
import { polling } from './polling.ts';
import type { RunWork } from './run-work.ts';

/** What a worker is made with. */
export interface WorkerOptions {
  /** Over the store that the processes share; its `machines` are those that this process works on. */
  readonly runtime: Runtime;
  /** What hands out the runs. Default `polling()`. */
  readonly engine?: Engine;
  /** How many runs at a time. Default 10. */
  readonly concurrency?: number;
}

const CONCURRENCY = 10;
const GRACE = 5_000;
// How long to wait before an engine is started once more, in milliseconds.
const FIRST_RETRY = 500;
const LAST_RETRY = 30_000;

/**
 * Begins to work: takes each run that is due, that has messages, or that a dead process left; lets it go on; and lets go of
 * it at rest. A run that always has work is let go of now and then, so that the others come by. On SIGTERM, where there
 * are signals, the worker stops, the runtime is closed, and the process ends.
 *
 * @throws {InvalidArgumentError} for a `concurrency` that is no whole number from 1 on.
 * @example
 * const runtime = createRuntime({ store, machines: [refund] });
 * const worker = createWorker({ runtime, concurrency: 20 });
 * // …
 * await worker.stop();
 */
export function createWorker(options: WorkerOptions): Worker {
  const { runtime, engine = polling(), concurrency = CONCURRENCY } = options;
  if (!Number.isInteger(concurrency) || concurrency < 1)
    throw new InvalidArgumentError(
      `'concurrency' is a number of runs, 1 or more; it was ${String(concurrency)}.`,
    );
  return new Worker(runtime, engine, concurrency);
}

/** A process at work. `createWorker()` makes one. */
export class Worker {
  /** Resolves when the engine hands out runs: at once, or as soon as what it needs is there. */
  readonly started: Promise<void>;
  readonly #runtime: Runtime;
  #work: RunWork | undefined;
  #working: Working | undefined;
  #stopping: Promise<void> | undefined;
  #stopNow!: () => void;
  readonly #stopped = new Promise<void>((resolve) => (this.#stopNow = resolve));

  constructor(runtime: Runtime, engine: Engine, concurrency: number) {
    this.#runtime = runtime;
    this.started = this.#start(engine, concurrency);
    this.started.catch(insideOf(runtime).logger);

    signals?.once('SIGTERM', this.#terminate);
  }

  async #start(engine: Engine, concurrency: number): Promise<void> {
    const inside = insideOf(this.#runtime);
    this.#work = await inside.work(concurrency);
    for (let wait = FIRST_RETRY; !this.#stopping; wait = Math.min(LAST_RETRY, wait * 2)) {
      try {
        this.#working = await engine.start(this.#work);
        return;
      } catch (error) {
        // A server that is not there yet, say.
        inside.logger('Savepoint could not start a worker; it is tried again.', error);
        await Promise.race([this.#stopped, new Promise((resolve) => setTimeout(resolve, wait))]);
      }
    }
  }

  /**
   * Takes no more runs, and lets go of those in hand: at once where nothing runs in them, else when what runs has ended, or
   * after `grace` milliseconds (5,000). Others take them up. The runtime stays open.
   */
  stop({ grace = GRACE }: ReleaseOptions = {}): Promise<void> {
    checkMs('grace', grace);
    return (this.#stopping ??= this.#stop(grace));
  }

  async #stop(grace: number): Promise<void> {
    signals?.off('SIGTERM', this.#terminate);
    this.#stopNow();

    await this.started;
    const stopped = Promise.resolve(this.#working?.stop());
    await this.#work?.windDown(grace, stopped);
    await stopped;
  }

  readonly #terminate = (): void => {
    void this.stop()
      .then(() => this.#runtime.close())
      .catch(insideOf(this.#runtime).logger)
      // With nobody else to listen to it, the signal ends the process as if we had not been there.
      .then(() => signals?.kill(signals.pid, 'SIGTERM'));
  };
}

/** Where a process can be told to end. */
interface Signals {
  readonly pid: number;
  once(signal: 'SIGTERM', listener: () => void): void;
  off(signal: 'SIGTERM', listener: () => void): void;
  kill(pid: number, signal: 'SIGTERM'): void;
}

const { process: signals } = globalThis as { readonly process?: Signals };
