/**
 * Checkpoints of one run.
 *
 * @module
 */
import { CorruptCheckpointError } from '../../src/errors.ts';
import type { CheckpointRow, CheckpointSummary, HistoryScan } from '../../src/store.ts';
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
  const records = descending ? await backward(tx, range, limit) : await store.getAll(range, countOf(limit));
  return records.map((record) => {
    const { body, ...rest } = checkpointRow(record);
    return { ...rest, bytes: body.length };
  });
}

async function backward(tx: Reading, range: IDBKeyRange, limit: number): Promise<CheckpointRecord[]> {
  const records: CheckpointRecord[] = [];
  let cursor = await tx.objectStore('checkpoints').openCursor(range, 'prev');
  while (cursor !== null && records.length < limit) {
    records.push(cursor.value);
    if (records.length < limit) cursor = await cursor.continue();
  }
  return records;
}
