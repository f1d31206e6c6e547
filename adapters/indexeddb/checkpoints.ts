/**
 * Checkpoints of one run.
 *
 * @module
 */
import { CorruptCheckpointError } from '../../src/errors.ts';
import type { CheckpointRow, CheckpointSummary, HistoryScan } from '../../src/store.ts';
import { backward } from './backward.ts';
import { countOf } from './ranges.ts';
import { checkpointRow } from './records.ts';
import type { CheckpointRecord, Reading } from './schema.ts';

/** The rows from a base up to the newest checkpoint, or to the one at `at`. */
export async function load(tx: Reading, run: string, at?: number): Promise<CheckpointRow[]> {
  const end = at ?? (await tx.objectStore('fences').get(run))?.seq;
  if (end === undefined) return [];
  const store = tx.objectStore('checkpoints');
  const upTo = IDBKeyRange.bound([run], [run, end]);
  const base = (await store.index('bases').openKeyCursor(upTo, 'prev'))?.key[1];
  const records = await store.getAll(IDBKeyRange.bound([run, base ?? -Infinity], [run, end]));
  if (records.at(-1)?.seq !== end) {
    if (at === undefined && end > 0) throw new CorruptCheckpointError(run, end, 'its record is missing');
    return [];
  }
  return records.map(checkpointRow);
}

/** By seq, without the bodies. */
export async function history(
  tx: Reading,
  run: string,
  { from = -Infinity, to = Infinity, descending = false, limit }: HistoryScan,
): Promise<CheckpointSummary[]> {
  const store = tx.objectStore('checkpoints');
  if (limit === 0 || from > to) return [];
  const range = IDBKeyRange.bound([run, from], [run, to]);
  const records = await (descending
    ? backward<CheckpointRecord>(store, range, countOf(limit))
    : store.getAll(range, countOf(limit)));
  return records.map((record) => {
    const { body, ...rest } = checkpointRow(record);
    return { ...rest, bytes: body.length };
  });
}
