/**
 * Messages that wait for runs.
 *
 * @module
 */
import type { Enqueued, Message, Row, RowKind, RowScan } from '../../src/store.ts';
import type { Connection } from './connection.ts';
import type { Statement } from './driver.ts';
import type { Keys } from './keys.ts';
import { bounds, ordered, unordered } from './order.ts';
import type { Rows } from './rows.ts';
import { now } from './schema.ts';

/** `enqueue`, and what a commit does with messages. */
export class Inbox {
  readonly #buried: Statement;
  readonly #insert: Statement;
  readonly #find: Statement;
  readonly #take: Statement;
  readonly #scan: Statement;
  readonly #clear: Statement;

  constructor(
    readonly connection: Connection,
    readonly keys: Keys,
    readonly rows: Rows,
  ) {
    const sql = (text: string): Statement => connection.prepare(text);
    this.#buried = sql(`SELECT 1 FROM tombstones WHERE id = ? AND until > ${now}`);
    this.#insert = sql(
      `INSERT INTO inbox (rid, n, id, value)
       VALUES (?, (SELECT coalesce(max(n), 0) + 1 FROM inbox WHERE rid = ?), ?, ?)`,
    );
    this.#find = sql('SELECT value FROM inbox WHERE rid = ? AND id = ?').pluck();
    this.#take = sql('DELETE FROM inbox WHERE rid = ? AND id = ?');
    // `+id`, or SQLite looks through all ids and sorts them.
    this.#scan = sql(
      `SELECT id, value FROM inbox
       WHERE rid = ? AND n > coalesce((SELECT n FROM inbox WHERE rid = ? AND id = ?), 0)
         AND +id >= ? AND +id < ?
       ORDER BY n LIMIT ? + 0`,
    ).raw();
    this.#clear = sql('DELETE FROM inbox WHERE rid = ?');
  }

  enqueue(run: string, { id, value }: Message, unless?: { kind: RowKind; key: string }): Enqueued {
    return this.connection.write(() => {
      const rid = this.keys.run(run);
      if (rid === undefined) return { status: this.#buried.get(run) === undefined ? 'missing' : 'deleted' };
      const known = this.find(rid, id) ?? (unless && this.rows.scan(rid, unless.kind, unless)[0]?.value);
      if (known !== undefined) return { status: 'known', value: known as string };
      this.#insert.run(rid, rid, ordered(id), value);
      return { status: 'queued' };
    });
  }

  /** The value of a message that waits. */
  find(rid: number, id: string): string | undefined {
    return this.#find.get(rid, ordered(id)) as string | undefined;
  }

  take(rid: number, id: string): void {
    this.#take.run(rid, ordered(id));
  }

  /** In the order of arrival. Where the message `after` is gone, from the first one on. */
  scan(rid: number, { key, prefix = '', after, limit = -1 }: RowScan): Pick<Row, 'key' | 'value'>[] {
    const [from, to] = bounds({ key, prefix });
    const rows = this.#scan.all(rid, rid, after === undefined ? null : ordered(after), from, to, limit);
    return (rows as [id: string, value: string][]).map(([id, value]) => ({ key: unordered(id), value }));
  }

  clear(rid: number): void {
    this.#clear.run(rid);
  }
}
