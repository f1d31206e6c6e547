/**
 * Owners, and the runs that they hold.
 *
 * @module
 */
import { StoreError } from '../../src/errors.ts';
import type { Acquired } from '../../src/store.ts';
import type { Connection } from './connection.ts';
import type { Statement } from './driver.ts';
import { mayRetry } from './failure.ts';
import { describeHolder, type Holder, isGone, thisHolder } from '../node/holder.ts';
import type { Keys } from './keys.ts';
import { now } from './schema.ts';

/** An owner that nobody has heard of for so long is forgotten, wherever its process is. */
const forgetAfter = 30 * 24 * 60 * 60 * 1000;

/** `lease` and `acquire`. */
export class Leases {
  readonly #self: Holder = thisHolder();
  readonly #selfText: string = JSON.stringify(this.#self);
  readonly #renew: Statement;
  readonly #insert: Statement;
  readonly #drop: Statement;
  readonly #expired: Statement;
  readonly #live: Statement;
  readonly #find: Statement;
  readonly #take: Statement;
  readonly #tombstone: Statement;

  constructor(
    readonly connection: Connection,
    readonly keys: Keys,
  ) {
    const c = connection;
    this.#renew = c.prepare(`UPDATE owners SET expires = ${now} + ?, holder = ? WHERE id = ?`);
    this.#insert = c.prepare(`INSERT INTO owners (id, expires, holder) VALUES (?, ${now} + ?, ?)`);
    this.#drop = c.prepare('DELETE FROM owners WHERE id = ?');
    this.#expired = c.prepare(
      `SELECT id, holder, expires < ${now} - ${forgetAfter} AS forgotten FROM owners WHERE expires < ${now}`,
    );
    this.#live = c.prepare(`SELECT id, holder FROM owners WHERE expires > ${now}`);
    this.#find = c.prepare(
      `SELECT rid, fence, oid, holder, expires, expires > ${now} AS live
       FROM runs LEFT JOIN owners ON oid = runs.owner WHERE runs.id = ?`,
    );
    this.#take = c.prepare('UPDATE runs SET owner = ?, fence = fence + 1 WHERE rid = ?');
    this.#tombstone = c.prepare(`SELECT 1 FROM tombstones WHERE id = ? AND until > ${now}`);
  }

  lease(owner: string, ms: number): void {
    if (ms > 0) {
      if (this.#renew.run(ms, this.#selfText, owner).changes === 0)
        this.connection.write(() => this.#register(owner, ms));
      return;
    }
    // The runs need no update: one whose owner is not in the table is free.
    this.#drop.run(owner);
    this.keys.forgetOwner(owner);
  }

  acquire(run: string, owner: string): Acquired {
    return this.connection.write(() => {
      const oid = this.keys.readOwner(owner);
      if (oid === undefined) {
        throw new StoreError(`The owner '${owner}' has no lease. Call lease() before acquire().`, 'failed');
      }
      const found = this.#find.get(run) as HeldRow | undefined;
      if (found === undefined) {
        return { status: this.#tombstone.get(run) === undefined ? 'missing' : 'deleted' };
      }
      if (found.oid !== null && found.oid !== oid && found.live === 1) {
        const holder = JSON.parse(found.holder) as Holder;
        if (!isGone(holder, this.#self)) {
          return { status: 'held', by: describeHolder(holder), until: found.expires };
        }
      }
      this.#take.run(oid, found.rid);
      this.keys.rememberRun(run, found.rid);
      return { status: 'acquired', fence: found.fence + 1 };
    });
  }

  /** Drops the owners whose processes are gone, so that their runs are free at once. */
  dropGone(): void {
    const gone = (this.#live.all() as { id: string; holder: string }[]).filter((row) => this.#isGone(row));
    if (gone.length === 0) return;
    try {
      const { connection } = this;
      connection.withoutWaiting(() => connection.write(() => gone.forEach(({ id }) => this.#drop.run(id))));
    } catch (error) {
      // Somebody writes at the moment: the next one who asks drops them.
      if (!mayRetry(error)) throw error;
    }
  }

  #isGone({ holder }: { holder: string }): boolean {
    return holder !== this.#selfText && isGone(JSON.parse(holder) as Holder, this.#self);
  }

  /** A new owner clears away those that were killed. */
  #register(owner: string, ms: number): void {
    for (const row of this.#expired.all() as { id: string; holder: string; forgotten: number }[]) {
      if (row.forgotten === 1 || this.#isGone(row)) this.#drop.run(row.id);
    }
    this.keys.forgetOwner(owner);
    this.#insert.run(owner, ms, this.#selfText);
  }
}

/** A run and its owner's lease; the owner's columns are null where the run is free. */
interface HeldRow {
  readonly rid: number;
  readonly fence: number;
  readonly oid: number | null;
  readonly holder: string;
  readonly expires: number;
  readonly live: 0 | 1;
}
