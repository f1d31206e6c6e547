/**
 * A process at work: runs whose jobs graphile-worker hands out.
 *
 * @module
 */
import { type Logger, run, type Runner, type WorkerUtils } from 'graphile-worker';
import type { Work, Working } from '../../src/worker/engine.ts';
import { ordered, unordered } from '../postgres/text.ts';
import { type Database, migrated, options } from './database.ts';
import type { Jobs } from './jobs.ts';
import { loggerTo } from './logger.ts';
import { Slots } from './slots.ts';

/** How many runs to look for at a time that have no job. */
const page = 500;

/** How long to wait before a queue is begun again that broke, in milliseconds. */
const firstPause = 200;
const lastPause = 5000;

/** The jobs, and where they are. */
export interface Queue {
  readonly database: Database;
  readonly jobs: Jobs;
  readonly task: string;
}

/** Begins to work. Rejects where the database cannot be reached. */
export async function startWorking(work: Work, queue: Queue): Promise<Working> {
  const logger = loggerTo(work.logger);
  const working = new GraphileWorking(work, queue, logger, await migrated(queue.database, logger));
  await working.start();
  return working;
}

class GraphileWorking implements Working {
  readonly #slots: Slots;
  #runner: Runner | undefined;
  /** Runners that are broken, and end when what they have in hand is done with. */
  readonly #ending = new Set<Promise<void>>();
  #renewing: Promise<void> | undefined;
  #looking: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(
    readonly work: Work,
    readonly queue: Queue,
    readonly logger: Logger,
    readonly utils: WorkerUtils,
  ) {
    this.#slots = new Slots(work.concurrency);
  }

  async start(): Promise<void> {
    this.#runner = await this.#run();
    this.#lookLater(0);
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    clearTimeout(this.#timer);
    await this.#renewing;
    await this.#looking;
    if (this.#runner !== undefined) this.#end(this.#runner);
    await Promise.all(this.#ending);
    await this.utils.release();
  }

  async #run(): Promise<Runner> {
    const { work, queue, logger } = this;
    const runner = await run({
      ...options(queue.database, logger),
      taskList: { [queue.task]: (payload) => this.#slots.with(() => this.#work(payload)) },
      concurrency: work.concurrency,
      pollInterval: work.poll,
      noHandleSignals: true,
      parsedCronItems: [],
    });
    // A worker of graphile-worker that cannot tell what became of its job, as the server was gone, ends and is
    // not replaced; and one that is told of a breaking migration ends them all.
    runner.events.on('worker:fatalError', () => this.#renew(runner));
    runner.promise.then(
      () => this.#renew(runner),
      () => this.#renew(runner),
    );
    return runner;
  }

  /** Begins anew beside what is still in hand. */
  #renew(broken: Runner): void {
    if (this.#isOver || this.#runner !== broken) return;
    this.#runner = undefined;
    this.#end(broken);
    this.#renewing = this.#again();
  }

  async #again(): Promise<void> {
    for (let pause = firstPause; !this.#isOver; pause = Math.min(lastPause, pause * 2)) {
      await new Promise((resolve) => setTimeout(resolve, pause));
      try {
        this.#runner = await this.#run();
        return;
      } catch (error) {
        this.work.logger('Savepoint could not begin to work on jobs again; it is tried once more.', error);
      }
    }
  }

  #end(runner: Runner): void {
    // One that has ended by itself says so by an error.
    const ending = runner.stop().catch(() => {});
    this.#ending.add(ending);
    void ending.then(() => this.#ending.delete(ending));
  }

  /** What this throws is tried again by graphile-worker, later and later. */
  async #work(payload: unknown): Promise<void> {
    const { run: stored } = payload as { run: string };
    const { jobs } = this.queue;
    const worked = await this.work.run(unordered(stored));
    switch (worked.status) {
      case 'again':
        return this.#add(jobs.came('run'), [stored]);
      case 'held':
        return this.#add(jobs.notBefore('run', 'to_timestamp($2::double precision / 1000)'), [
          stored,
          worked.until,
        ]);
      case 'rest':
        // The job of this time may be the one that is done with: it was replaced by one for a message, or the
        // clocks differ. By how much does not matter where only the rest of the time is told.
        if (worked.due === undefined) return;
        return this.#add(jobs.notBefore('run', `now() + $2::double precision * interval '1 millisecond'`), [
          stored,
          Math.max(0, worked.due - Date.now()),
        ]);
      case 'failed':
        throw worked.error;
      case 'gone':
    }
  }

  async #add(job: string, values: readonly unknown[]): Promise<void> {
    const text = `SELECT ${job} FROM (VALUES ($1::text)) AS one (run)`;
    await this.utils.withPgClient((client) => client.query(text, [...values]));
  }

  #lookLater(wait: number): void {
    if (this.#isOver) return;
    this.#timer = setTimeout(() => {
      this.#looking = this.#look();
    }, wait);
  }

  /** Adds jobs for runs that nobody else adds them for: those of a process that died, or wrote without wake-ups. */
  async #look(): Promise<void> {
    const { lease, logger } = this.work;
    let wait = lease;
    try {
      const runs = await this.work.needy(page);
      if (runs.length > 0) {
        await this.utils.withPgClient((client) =>
          client.query(
            `SELECT ${this.queue.jobs.unlessWaiting('run')} FROM unnest($1::text[]) AS needy (run)`,
            [runs.map(ordered)],
          ),
        );
      }
      if (runs.length === page) wait = Math.min(lease, 1000);
    } catch (error) {
      logger('Savepoint could not look for runs without a job; it is tried again.', error);
    }
    this.#lookLater(wait);
  }
}
