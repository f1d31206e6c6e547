/**
 * An engine on BullMQ: shows how a queue that is not in the store's transaction is plugged in.
 *
 * A run has one job at most, whoever asks for it, so that no two processes work on it. The queue may lose a
 * wake-up, or be emptied: what there is to do is in the store, and is looked for there every few seconds.
 */
import { DelayedError, type Job, Queue, type QueueOptions, Worker } from 'bullmq';
import type { Engine, Work, Worked, Working } from 'savepoint';

export interface BullMQOptions {
  readonly connection: QueueOptions['connection'];
  /** The name of the queue: one for each store. */
  readonly queue: string;
  /** How often to look into the store though nothing was heard, in milliseconds. Default 3000. */
  readonly sweep?: number;
}

/** How many runs to ask for at a time. */
const PAGE = 100;
/** What is heard within so many milliseconds is one reason to look. */
const LULL = 20;

export function bullmq(options: BullMQOptions): Engine {
  return { start: async (work) => new BullMQ(options, work).start() };
}

class BullMQ implements Working {
  readonly #work: Work;
  readonly #sweep: number;
  readonly #queue: Queue<string>;
  readonly #worker: Worker<string>;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #isOver = false;
  #mute: (() => unknown) | undefined;

  constructor({ connection, queue, sweep = 3000 }: BullMQOptions, work: Work) {
    this.#work = work;
    this.#sweep = sweep;
    this.#queue = new Queue(queue, { connection });
    this.#worker = new Worker(queue, (job, token) => this.#process(job, token), {
      connection,
      concurrency: work.concurrency,
      // As long as a dead process keeps its runs. How often that has happened to a run, the store counts.
      lockDuration: work.lease,
      stalledInterval: work.lease / 2,
      maxStalledCount: Number.MAX_SAFE_INTEGER,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
    });
    this.#queue.on('error', (error) => work.logger('BullMQ says:', error));
    this.#worker.on('error', (error) => work.logger('BullMQ says:', error));
  }

  async start(): Promise<this> {
    await this.#worker.waitUntilReady();
    // A hint tells that something happened, and not that there is something to do: that, the store knows.
    this.#mute = await this.#work.listen(() => this.#lookIn(LULL));
    this.#lookIn(0);
    return this;
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    clearTimeout(this.#timer);
    await this.#mute?.();
    await this.#looking;
    await this.#worker.close();
    await this.#queue.close();
  }

  /** Not later than that. */
  #lookIn(ms: number): void {
    if (this.#isOver || this.#looking) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#looking = this.#look()
        .catch((error: unknown) => {
          this.#work.logger('Savepoint could not look for runs; it is tried again.', error);
          return this.#sweep;
        })
        .then((wait) => {
          this.#looking = undefined;
          this.#lookIn(wait);
        });
    }, ms);
  }

  /** Adds a job for each run that needs somebody. Resolves with when to look again. */
  async #look(): Promise<number> {
    const runs = await this.#work.needy(PAGE);
    // One that is delayed is due now. Beside one that is active, a job waits for what that one did not see.
    await this.#queue.addBulk(
      runs.map((id) => ({
        name: 'run',
        data: id,
        opts: { deduplication: { id, keepLastIfActive: true, reschedule: true } },
      })),
    );
    if (runs.length === PAGE) return LULL;
    const due = await this.#work.nextDue();
    return due === undefined ? this.#sweep : Math.min(this.#sweep, Math.max(LULL, due - Date.now()));
  }

  /** A job that is done with is removed; one that goes on is delayed. */
  async #process(job: Job<string>, token: string | undefined): Promise<void> {
    const again = whenAgain(await this.#work.run(job.data));
    if (again === undefined) return;
    await job.moveToDelayed(again, token);
    throw new DelayedError();
  }
}

/** When a run goes on, in milliseconds since 1970. One that could not be opened is among those that need somebody. */
function whenAgain(worked: Worked): number | undefined {
  switch (worked.status) {
    case 'rest':
      return worked.due;
    case 'again':
      // Behind those that wait.
      return Date.now() + 1;
    case 'held':
      return worked.until;
    case 'failed':
    case 'gone':
      return undefined;
  }
}
