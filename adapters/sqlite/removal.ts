/**
 * `remove`.
 *
 * @module
 */
import type { Connection } from './connection.ts';
import type { Statement } from './driver.ts';
import type { Keys } from './keys.ts';
import { now, seqLimit } from './schema.ts';

/** Deletes runs and clears away tombstones that have had their time. */
export class Removal {
  readonly #find: Statement;
  readonly #tags: Statement;
  readonly #untag: Statement;
  readonly #ranges: readonly Statement[];
  readonly #run: Statement;
  readonly #expired: Statement;
  readonly #bury: Statement;

  constructor(
    readonly connection: Connection,
    readonly keys: Keys,
    /** What else there is of a run. */
    readonly parts: readonly { clear(rid: number): void }[],
  ) {
    const sql = (text: string): Statement => connection.prepare(text);
    this.#find = sql(
      'SELECT rid FROM runs JOIN owners ON oid = owner WHERE runs.id = ? AND owners.id = ? AND fence = ?',
    ).pluck();
    this.#tags = sql('SELECT tags, created FROM runs WHERE rid = ?');
    this.#untag = sql('DELETE FROM tags WHERE tag = ? AND created = ? AND id = ?');
    this.#ranges = ['checkpoints', 'grouped'].map((table) =>
      sql(`DELETE FROM ${table} WHERE key BETWEEN ? AND ?`),
    );
    this.#run = sql('DELETE FROM runs WHERE rid = ?');
    this.#expired = sql(`DELETE FROM tombstones WHERE until <= ${now}`);
    this.#bury = sql(`INSERT OR REPLACE INTO tombstones (id, until) VALUES (?, ${now} + ?)`);
  }

  remove(run: string, owner: string, fence: number, ms: number): boolean {
    return this.connection.write(() => {
      const rid = this.#find.get(run, owner, fence) as number | undefined;
      if (rid === undefined) return false;
      const { tags, created } = this.#tags.get(rid) as { tags: string; created: number };
      for (const tag of JSON.parse(tags) as string[]) this.#untag.run(tag, created, run);
      const start = rid * seqLimit;
      for (const range of this.#ranges) range.run(start, start + seqLimit - 1);
      for (const part of this.parts) part.clear(rid);
      this.#run.run(rid);
      this.#expired.run();
      this.#bury.run(run, ms);
      this.keys.forgetRun(run);
      return true;
    });
  }
}
