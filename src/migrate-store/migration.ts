/** What `migrateStore()` loads: goes through all runs, several at a time. */
import type { Store } from '../store.ts';
import { copyRun } from './copy-run.ts';
import type { MigrateOptions, MigrationReport } from './migrate-options.ts';
import { Progress } from './progress.ts';
import { Side } from './side.ts';

/** How many runs to copy at a time. */
const CONCURRENCY = 8;
const PAGE = 200;

export class Migration {
  readonly #from: Side;
  readonly #to: Side;
  readonly #progress: Progress;

  constructor(from: Store, to: Store, options: MigrateOptions) {
    this.#from = new Side(from);
    this.#to = new Side(to);
    this.#progress = new Progress(options);
  }

  async run(): Promise<MigrationReport> {
    const sides = { from: this.#from, to: this.#to, progress: this.#progress };
    const runs = this.#runs();
    let hasFailed = false;
    const work = async (): Promise<void> => {
      for (let next; !hasFailed && !(next = await runs.next()).done;)
        try {
          await copyRun(sides, next.value);
        } catch (error) {
          hasFailed = true;
          throw error;
        }
    };
    try {
      const workers = await Promise.allSettled(Array.from({ length: CONCURRENCY }, work));
      const failed = workers.find((one) => one.status === 'rejected');
      if (failed) throw failed.reason;
      return this.#progress.report;
    } finally {
      this.#progress.end();
      await Promise.allSettled([this.#from.lease.end(), this.#to.lease.end()]);
    }
  }

  /** All runs of the source, in the order in which they were started. */
  async *#runs(): AsyncGenerator<string> {
    const { store } = this.#from;
    for (let after: { readonly createdAt: number; readonly run: string } | undefined; ;) {
      const page = await store.runs({ after, limit: PAGE });
      for (const { run } of page) yield run;
      if (page.length < PAGE) return;
      after = page.at(-1);
    }
  }
}
