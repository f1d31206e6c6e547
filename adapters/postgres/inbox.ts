/**
 * Messages that wait for runs.
 *
 * @module
 */
import { StoreError } from '../../src/errors.ts';
import type { Enqueued, Message, Row, RowKind, RowScan } from '../../src/store.ts';
import { Conditions } from './conditions.ts';
import type { Connection } from './connection.ts';
import { behind, ordered, original, stored, unordered } from './text.ts';
import type { WakeUps } from './wake-ups.ts';

/** How often a message is left again where others were in the way. */
const mostTries = 100;

/** `enqueue`, and the reading of an inbox. */
export class Inbox {
  readonly #enqueue: string;

  constructor(
    readonly connection: Connection,
    wakeUps: WakeUps | undefined,
    /** The channel on which others are told, where the server has any. */
    channel: string | undefined,
  ) {
    const s = connection.quoted;
    const told = [
      ...(wakeUps === undefined ? [] : [wakeUps.came('b.id')]),
      ...(channel === undefined ? [] : [`pg_notify('${channel}', b.id)::text`]),
    ];
    // A number for the message is drawn from the run, whose row all who write to it meet at; `rev` tells
    // whether what was read before the wait for that row still holds.
    this.#enqueue = `
      WITH seen AS (SELECT rid, rev FROM ${s}.runs WHERE id = $1 AND status IS NOT NULL),
      known AS (
        SELECT 1 AS place, i.value FROM ${s}.inbox i JOIN seen USING (rid) WHERE i.id = $2
        UNION ALL
        SELECT 2, k.value FROM ${s}.records k JOIN seen USING (rid) WHERE k.kind = $4 AND k.key = $5),
      bumped AS (
        UPDATE ${s}.runs r SET rev = r.rev + 1 FROM seen
        WHERE r.rid = seen.rid AND r.rev = seen.rev AND r.status IS NOT NULL AND NOT EXISTS (SELECT 1 FROM known)
        RETURNING r.rid, r.rev, r.id),
      written AS (INSERT INTO ${s}.inbox (rid, n, id, value) SELECT rid, rev, $2, $3 FROM bumped)
      SELECT b.rid IS NOT NULL AS queued, (SELECT value FROM known ORDER BY place LIMIT 1) AS known,
        EXISTS (SELECT 1 FROM known) AS found, r.status IS NOT NULL AS there,
        coalesce(r.buried > now(), FALSE) AS deleted
        ${told.map((call, i) => `, CASE WHEN b.rid IS NOT NULL THEN ${call} END AS told_${i}`).join('')}
      FROM (VALUES (1)) AS one (n) LEFT JOIN ${s}.runs r ON r.id = $1 LEFT JOIN bumped b ON b.rid = r.rid`;
  }

  async enqueue(
    run: string,
    { id, value }: Message,
    unless?: { readonly kind: RowKind; readonly key: string },
  ): Promise<Enqueued> {
    const statement = {
      text: this.#enqueue,
      values: [
        ordered(run),
        ordered(id),
        stored(value),
        unless?.kind ?? null,
        unless ? ordered(unless.key) : null,
      ],
      isFrequent: true,
    };
    for (let tries = 0; tries < mostTries; tries++) {
      const [row] = (await this.connection.write(statement)) as EnqueueRow[];
      const { queued, found, known, there, deleted } = row!;
      if (queued) return { status: 'queued' };
      if (found) return { status: 'known', value: original(known ?? '') };
      if (!there) return { status: deleted ? 'deleted' : 'missing' };
    }
    throw new StoreError(`Others wrote to run '${run}' all the time; try again.`, 'failed');
  }

  /** In the order of arrival. Where the message `after` is gone, from the first one on. */
  async scan(run: string, scan: RowScan): Promise<Pick<Row, 'key' | 'value'>[]> {
    const s = this.connection.quoted;
    const { key, prefix = '', after, limit } = scan;
    const start = ordered(prefix);
    const where = new Conditions().add('r.id = ?', ordered(run));
    if (key !== undefined) where.add('i.id = ?', ordered(key));
    if (prefix !== '') where.add('i.id >= ? AND i.id < ?', start, behind(start));
    if (after !== undefined) {
      const place = `SELECT a.n FROM ${s}.inbox a WHERE a.rid = r.rid AND a.id = ?`;
      where.add(`i.n > coalesce((${place}), 0)`, ordered(after));
    }
    const rows = (await this.connection.read(
      `SELECT i.id, i.value FROM ${s}.inbox i JOIN ${s}.runs r USING (rid) WHERE ${where.text}
       ORDER BY i.n ${limit === undefined ? '' : `LIMIT ${where.param(limit)}`}`,
      where.values,
    )) as { id: string; value: string }[];
    return rows.map((row) => ({ key: unordered(row.id), value: original(row.value) }));
  }
}

interface EnqueueRow {
  readonly queued: boolean;
  readonly found: boolean;
  readonly known: string | null;
  readonly there: boolean;
  readonly deleted: boolean;
}
