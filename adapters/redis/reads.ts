/**
 * Checkpoints of one run.
 *
 * @module
 */
import type { CheckpointRow, CheckpointSummary, HistoryScan } from '../../src/store.ts';
import { decodeCheckpoint, decodeSummary } from './checkpoint.ts';
import type { Connection } from './connection.ts';
import { ordered } from './order.ts';
import { historyScript, loadScript } from './scripts/checkpoints.ts';

/** `load` and `history`. */
export class Reads {
  constructor(readonly connection: Connection) {}

  async load(run: string, at?: number): Promise<CheckpointRow[]> {
    const reply = await this.connection.run(loadScript, [ordered(run), at === undefined ? '' : String(at)]);
    const items = reply as (Buffer | null)[];
    const rows: CheckpointRow[] = [];
    for (let i = items.length - 2; i >= 0; i -= 2) {
      rows.push(decodeCheckpoint(run, Number(items[i]), items[i + 1] ?? null));
    }
    return rows;
  }

  async history(run: string, { from, to, descending, limit }: HistoryScan): Promise<CheckpointSummary[]> {
    const reply = await this.connection.run(historyScript, [
      ordered(run),
      from === undefined ? '-inf' : String(from),
      to === undefined ? '+inf' : String(to),
      descending === true ? 'descending' : '',
      String(limit),
    ]);
    const items = reply as (Buffer | number | null)[];
    return Array.from({ length: items.length / 3 }, (_, i) => {
      const [seq, start, bytes] = items.slice(3 * i) as [Buffer, Buffer | null, number | null];
      return decodeSummary(run, Number(seq), start, bytes ?? 0);
    });
  }
}
