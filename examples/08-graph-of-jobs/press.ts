/** The printing house: does the jobs, and counts. */
import { setTimeout as pause } from 'node:timers/promises';
import type { DurableArgs } from 'savepoint';

export class PrintingHouse {
  /** The job that cannot be done until this is mended. */
  broken: string | undefined = 'colour-17';
  /** How often each job was begun, and how often it came to its end. */
  readonly begun = new Map<string, number>();
  readonly finished = new Map<string, number>();
  /** The most jobs at a time. */
  most = 0;
  #working = 0;

  /** Does a job, whose name it is given. */
  work = async ({ input: job, signal }: DurableArgs<string>): Promise<void> => {
    this.#count(this.begun, job);
    this.most = Math.max(this.most, ++this.#working);
    try {
      await pause(30, undefined, { signal });
      if (job === this.broken) throw new Error('The ink has dried up.');
      this.#count(this.finished, job);
    } finally {
      this.#working--;
    }
  };

  #count(counts: Map<string, number>, job: string): void {
    counts.set(job, (counts.get(job) ?? 0) + 1);
  }
}
