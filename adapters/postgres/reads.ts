/**
 * What one run has: its checkpoints and its rows.
 *
 * @module
 */
import type {
  CheckpointRow,
  CheckpointSummary,
  HistoryScan,
  Row,
  RowKind,
  RowScan,
} from '../../src/store.ts';
import { Conditions } from './conditions.ts';
import type { Connection } from './connection.ts';
import { behind, ordered, original, unordered } from './text.ts';

/** `load`, `history` and `rows`. */
export class Reads {
  constructor(readonly connection: Connection) {}

  async load(run: string, at?: number): Promise<CheckpointRow[]> {
    const s = this.connection.quoted;
    const seq = at === undefined ? 'r.seq' : '$2::bigint';
    const rows = (await this.connection.read(
      `SELECT c.seq, c.base, c.time, c.header, c.body, r.seq AS newest
       FROM ${s}.runs r JOIN ${s}.checkpoints c USING (rid)
       WHERE r.id = $1 AND r.status IS NOT NULL AND c.seq <= ${seq} AND c.seq >= coalesce((
         SELECT b.seq FROM ${s}.checkpoints b WHERE b.rid = r.rid AND b.base AND b.seq <= ${seq}
         ORDER BY b.seq DESC LIMIT 1), 0)
       ORDER BY c.seq`,
      at === undefined ? [ordered(run)] : [ordered(run), at],
    )) as (StoredCheckpoint & { newest: string | number; body: string })[];
    const last = rows.at(-1);
    if (last === undefined || Number(last.seq) !== (at ?? Number(last.newest))) return [];
    return rows.map(({ body, ...row }) => ({ ...checkpoint(row), body: original(body) }));
  }

  async history(run: string, { from = 0, to, descending, limit }: HistoryScan): Promise<CheckpointSummary[]> {
    const s = this.connection.quoted;
    const where = new Conditions().add('r.id = ?', ordered(run)).add('c.seq >= ?', from);
    if (to !== undefined) where.add('c.seq <= ?', to);
    const rows = (await this.connection.read(
      `SELECT c.seq, c.base, c.time, c.header, octet_length(c.body) AS bytes
       FROM ${s}.runs r JOIN ${s}.checkpoints c USING (rid) WHERE ${where.text}
       ORDER BY c.seq ${descending === true ? 'DESC' : 'ASC'} LIMIT ${where.param(limit)}`,
      where.values,
    )) as (StoredCheckpoint & { bytes: number })[];
    return rows.map(({ bytes, ...row }) => ({ ...checkpoint(row), bytes }));
  }

  async rows(run: string, kind: RowKind, scan: RowScan): Promise<Pick<Row, 'key' | 'value'>[]> {
    const s = this.connection.quoted;
    const { key, prefix = '', after, limit } = scan;
    const start = ordered(prefix);
    const where = new Conditions().add('r.id = ?', ordered(run)).add('k.kind = ?', kind);
    if (key !== undefined) where.add('k.key = ?', ordered(key));
    if (prefix !== '') where.add('k.key >= ? AND k.key < ?', start, behind(start));
    if (after !== undefined) where.add('k.key > ?', ordered(after));
    const rows = (await this.connection.read(
      `SELECT k.key, k.value, k.bytes FROM ${s}.runs r JOIN ${s}.records k USING (rid) WHERE ${where.text}
       ORDER BY k.key ${limit === undefined ? '' : `LIMIT ${where.param(limit)}`}`,
      where.values,
    )) as { key: string; value: string | null; bytes: Uint8Array | null }[];
    // A driver may answer with a Buffer; the contract has plain bytes.
    return rows.map((row) => ({
      key: unordered(row.key),
      value: row.bytes === null ? original(row.value ?? '') : new Uint8Array(row.bytes),
    }));
  }
}

interface StoredCheckpoint {
  readonly seq: string | number;
  readonly base: boolean;
  readonly time: number;
  readonly header: string;
}

function checkpoint({ seq, base, time, header }: StoredCheckpoint): Omit<CheckpointRow, 'body'> {
  return { seq: Number(seq), base, time, header: original(header) };
}
