/**
 * Jobs of graphile-worker as SQL expressions: one for each run, found by its key.
 *
 * @module
 */
import type { WakeUps } from '../postgres/index.ts';

/** A key has at most 512 characters. Longer ids are told apart by their hash. */
const longestPlain = 256;

/** Where the jobs are, and what they are called. */
export interface JobsOptions {
  /** The schema of graphile-worker. */
  readonly schema: string;
  /** The name of the task, which the keys of its jobs begin with. */
  readonly task: string;
}

/**
 * Uses what graphile-worker documents, which its versions have in common: `add_job`, `remove_job` and the
 * view `jobs`. A job that is locked is being worked on, and may have read the run already: `add_job` makes
 * a second one beside it.
 */
export class Jobs implements Omit<WakeUps, 'prepare'> {
  readonly #schema: string;
  readonly #task: string;

  constructor({ schema, task }: JobsOptions) {
    this.#schema = `"${schema.replaceAll('"', '""')}"`;
    this.#task = `'${task.replaceAll("'", "''")}'`;
  }

  came(run: string): string {
    return this.#add(run, 'now()', 'replace');
  }

  pressing(run: string): string {
    const isBusy = `SELECT 1 FROM ${this.#schema}.jobs j WHERE j.key = ${this.#key(run)} AND j.locked_at IS NOT NULL`;
    return `CASE WHEN EXISTS (${isBusy}) THEN NULL ELSE ${this.came(run)} END`;
  }

  at(run: string, due: string): string {
    return this.#add(run, due, 'replace');
  }

  never(run: string): string {
    return `(${this.#schema}.remove_job(${this.#key(run)})).id::text`;
  }

  /** At a time, or when the job that waits for the run says: it knows better. */
  notBefore(run: string, time: string): string {
    return this.#add(run, time, 'preserve_run_at');
  }

  /** Now, unless a job waits that is to be had, or that failed and is tried again later. */
  unlessWaiting(run: string): string {
    const waits = `SELECT 1 FROM ${this.#schema}.jobs j WHERE j.key = ${this.#key(run)} AND j.locked_at IS NULL
      AND (j.run_at <= now() OR j.attempts > 0) AND j.attempts < j.max_attempts`;
    return `CASE WHEN EXISTS (${waits}) THEN NULL ELSE ${this.came(run)} END`;
  }

  /**
   * `add_job` gives null, and does nothing, where a worker locks the job at that very moment
   * (https://github.com/graphile/worker/issues/580). It then holds the job's row, so the second try goes well.
   */
  #add(run: string, time: string, mode: 'replace' | 'preserve_run_at'): string {
    const once = `(${this.#schema}.add_job(${this.#task}, json_build_object('run', ${run}), run_at := ${time},
      job_key := ${this.#key(run)}, job_key_mode := '${mode}')).id`;
    return `coalesce(${once}, ${once})::text`;
  }

  #key(run: string): string {
    const short = `left(${run}, ${longestPlain - 64}) || encode(sha256(convert_to(${run}, 'UTF8')), 'hex')`;
    return `(${this.#task} || ':' || CASE WHEN length(${run}) <= ${longestPlain} THEN ${run} ELSE ${short} END)`;
  }
}
