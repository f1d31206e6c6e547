/**
 * Commits that delete their run.
 *
 * @module
 */
import type { Connection } from './connection.ts';
import type { Statement } from './driver.ts';
import type { Keys } from './keys.ts';
import { now, seqLimit } from './schema.ts';

/** What has to be known of a run to delete it. */
interface RemovedRun {
  readonly rid: number;
  readonly tags: string;
  readonly created: number;
}

/** Deletes runs and clears away tombstones that have had their time. */
export class Removal {
  readonly #untag: Statement;
  readonly #ranges: readonly Statement[];
  readonly #run: Statement;
  readonly #expired: Statement;
  readonly #bury: Statement;

  constructor(
    connection: Connection,
    readonly keys: Keys,
    /** What else there is of a run. */
    readonly parts: readonly { clear(rid: number): void }[],
  ) {
    const sql = (text: string): Statement => connection.prepare(text);
    this.#untag = sql('DELETE FROM tags WHERE tag = ? AND created = ? AND id = ?');
    this.#ranges = ['checkpoints', 'grouped'].map((table) =>
      sql(`DELETE FROM ${table} WHERE key BETWEEN ? AND ?`),
    );
    this.#run = sql('DELETE FROM runs WHERE rid = ?');
    this.#expired = sql(`DELETE FROM tombstones WHERE until <= ${now}`);
    this.#bury = sql(`INSERT OR REPLACE INTO tombstones (id, until) VALUES (?, ${now} + ?)`);
  }

  /** Inside a transaction, and once it is known that the run is held. */
  remove(run: string, { rid, tags, created }: RemovedRun, ms: number): void {
    for (const tag of JSON.parse(tags) as string[]) this.#untag.run(tag, created, run);
    const start = rid * seqLimit;
    for (const range of this.#ranges) range.run(start, start + seqLimit - 1);
    for (const part of this.parts) part.clear(rid);
    this.#run.run(rid);
    this.#expired.run();
    this.#bury.run(run, ms);
    this.keys.forgetRun(run);
  }
}
