/**
 * Owners, and the runs that they hold.
 *
 * @module
 */
import { StoreError } from '../../src/errors.ts';
import type { Acquired } from '../../src/store.ts';
import { describeHolder, type Holder, isGone, thisHolder } from '../node/holder.ts';
import type { Connection } from './connection.ts';
import { ordered, stored } from './text.ts';

/** An owner that nobody has heard of for so long is forgotten, wherever its process is. */
const forgetAfter = '30 days';

/** `lease` and `acquire`. All times are the database's. */
export class Leases {
  readonly #self: Holder = thisHolder();
  readonly #selfText: string = JSON.stringify(this.#self);
  readonly #schema: string;

  constructor(readonly connection: Connection) {
    this.#schema = connection.quoted;
  }

  async lease(owner: string, ms: number): Promise<void> {
    const id = stored(owner);
    const s = this.#schema;
    if (ms <= 0) {
      // The runs need no update: one whose owner is not in the table is free.
      await this.connection.repeat({ text: `DELETE FROM ${s}.owners WHERE id = $1`, values: [id] });
      return;
    }
    const expires = `clock_timestamp() + $2::double precision * interval '1 millisecond'`;
    const values = [id, ms, this.#selfText];
    const renewed = await this.connection.repeat({
      text: `UPDATE ${s}.owners SET expires = ${expires}, holder = $3 WHERE id = $1 RETURNING oid`,
      values,
      isFrequent: true,
      isUrgent: true,
    });
    if (renewed.length > 0) return;
    await this.#clearAway();
    await this.connection.repeat({
      text: `INSERT INTO ${s}.owners (id, expires, holder) VALUES ($1, ${expires}, $3)
             ON CONFLICT (id) DO UPDATE SET expires = excluded.expires, holder = excluded.holder`,
      values,
      isUrgent: true,
    });
  }

  /**
   * Where the run looks free, this waits for whoever is writing to it, which is one statement's time: the
   * answer is then for sure. Where another owner has it, nobody is waited for.
   */
  async acquire(run: string, owner: string): Promise<Acquired> {
    const s = this.#schema;
    for (;;) {
      // What is not seen by the UPDATE's own look at the row is of one instant: the beginning of the statement. So it
      // knows nothing of an owner who has registered since, and starts over where the run was written to since.
      const [found] = (await this.connection.repeat({
        text: `
          WITH me AS (SELECT oid FROM ${s}.owners WHERE id = $2),
          taken AS (
            UPDATE ${s}.runs r SET owner = me.oid, fence = r.fence + 1, rev = r.rev + 1 FROM me
            WHERE r.id = $1 AND r.status IS NOT NULL
              AND r.rev = (SELECT seen.rev FROM ${s}.runs seen WHERE seen.rid = r.rid)
              AND (r.owner IS NULL OR r.owner = me.oid OR NOT EXISTS (
                SELECT 1 FROM ${s}.owners o WHERE o.oid = r.owner AND o.expires > now()))
            RETURNING r.fence)
          SELECT (SELECT oid FROM me) AS me, (SELECT fence FROM taken) AS fence,
            r.status IS NOT NULL AS there, coalesce(r.buried > now(), FALSE) AS deleted,
            o.oid, o.holder, extract(epoch FROM o.expires) * 1000 AS expires, o.expires > now() AS live
          FROM (VALUES (1)) AS one (n) LEFT JOIN ${s}.runs r ON r.id = $1 LEFT JOIN ${s}.owners o ON o.oid = r.owner`,
        values: [ordered(run), stored(owner)],
        isFrequent: true,
      })) as AcquireRow[];
      const { me, fence, there, deleted, oid, holder, expires, live } = found!;
      if (me === null) {
        throw new StoreError(`The owner '${owner}' has no lease. Call lease() before acquire().`, 'failed');
      }
      if (fence !== null) return { status: 'acquired', fence: Number(fence) };
      if (!there) return { status: deleted ? 'deleted' : 'missing' };
      // Somebody took it, wrote to it, or let go of it, while this waited.
      if (oid === null || oid === me || live !== true) continue;
      const by = parseHolder(holder!);
      if (by !== undefined && isGone(by, this.#self)) {
        await this.#drop([oid]);
        continue;
      }
      const name = by === undefined ? 'another process' : describeHolder(by);
      return { status: 'held', by: name, until: Math.ceil(Number(expires)) };
    }
  }

  /** Drops the owners whose processes are gone, so that their runs are free at once. */
  async dropGone(): Promise<void> {
    const live = await this.connection.read(
      `SELECT oid, holder FROM ${this.#schema}.owners WHERE expires > now()`,
    );
    await this.#drop((live as OwnerRow[]).filter((row) => this.#isGone(row)).map(({ oid }) => oid));
  }

  #isGone({ holder }: OwnerRow): boolean {
    const by = holder === this.#selfText ? undefined : parseHolder(holder);
    return by !== undefined && isGone(by, this.#self);
  }

  /** A new owner clears away those that were killed. */
  async #clearAway(): Promise<void> {
    const ended = await this.connection.read(
      `SELECT oid, holder, expires < now() - interval '${forgetAfter}' AS forgotten
       FROM ${this.#schema}.owners WHERE expires < now()`,
    );
    const gone = (ended as (OwnerRow & { forgotten: boolean })[]).filter(
      (row) => row.forgotten || this.#isGone(row),
    );
    await this.#drop(gone.map(({ oid }) => oid));
  }

  async #drop(oids: readonly OwnerRow['oid'][]): Promise<void> {
    if (oids.length === 0) return;
    await this.connection.repeat({
      text: `DELETE FROM ${this.#schema}.owners WHERE oid = ANY ($1::bigint[])`,
      values: [oids],
    });
  }
}

/** Somebody's hand, or a version to come, may have written something else: then only time frees a lease. */
function parseHolder(text: string): Holder | undefined {
  try {
    const holder = JSON.parse(text) as Partial<Holder> | null;
    return typeof holder?.pid === 'number' && typeof holder.host === 'string'
      ? (holder as Holder)
      : undefined;
  } catch {
    return undefined;
  }
}

interface OwnerRow {
  readonly oid: string | number;
  readonly holder: string;
}

/** The owner's columns are null where the run is free. */
interface AcquireRow {
  readonly me: OwnerRow['oid'] | null;
  readonly fence: string | number | null;
  readonly there: boolean;
  readonly deleted: boolean;
  readonly oid: OwnerRow['oid'] | null;
  readonly holder: string | null;
  readonly expires: string | number | null;
  readonly live: boolean | null;
}
