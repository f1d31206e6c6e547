/**
 * Notifications of commits, for those who follow a run.
 *
 * @module
 */
import type { Connection } from './connection.ts';

/**
 * How long to gather runs before a notification, in milliseconds. With each commit it would be a lock that
 * all commits of the server queue for.
 */
const pause = 50;

/** How many runs are told of at once. Of the others nobody is told: whoever follows them looks by themselves. */
const mostRuns = 100;

/** Tells the other handles which runs were written, a little later and beside the commits. */
export class Hints {
  readonly #runs = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    readonly connection: Connection,
    readonly channel: string,
  ) {}

  /** Takes the ids of runs as they are stored. */
  add(runs: readonly string[]): void {
    for (const run of runs) if (this.#runs.size < mostRuns) this.#runs.add(run);
    this.#timer ??= setTimeout(() => this.#tell(), pause).unref();
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #tell(): void {
    const runs = [...this.#runs];
    this.#runs.clear();
    this.#timer = undefined;
    const text = `SELECT pg_notify('${this.channel}', run) FROM unnest($1::text[]) AS written (run)`;
    // Only ever a hint.
    this.connection.run({ text, values: [runs] }).catch(() => {});
  }
}
