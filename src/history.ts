/** Reads the checkpoints of a run, newest or oldest first, and one of them whole. */
import { decodeHeader, decodeRows, type CheckpointCause, type Definition } from './checkpoint/envelope.ts';
import type { Codec } from './checkpoint/codec.ts';
import { CheckpointNotFoundError } from './errors.ts';
import type { CheckpointSummary, Store } from './store.ts';
import type { Document } from './xstate/capture.ts';

/** A checkpoint, as it is listed. */
export interface CheckpointInfo {
  readonly seq: number;
  /** When it was taken, in milliseconds since 1970. */
  readonly time: number;
  /** What set its turn off. */
  readonly cause: CheckpointCause;
  /** The root machine's state value. */
  readonly value: unknown;
  /** What the store keeps for it. */
  readonly bytes: number;
  /** Whether it is kept as a whole, or as what changed since the one before. */
  readonly kind: 'base' | 'delta';
}

/** A checkpoint with its state. */
export interface Checkpoint extends CheckpointInfo {
  /** XState's persisted snapshot: `createActor(machine, { snapshot })` takes it. */
  readonly snapshot: unknown;
  /** The definition that wrote it. */
  readonly definition: Definition;
}

export interface HistoryQuery {
  /** From old to new (`asc`, the default) or from new to old. */
  readonly order?: 'asc' | 'desc';
  /** The smallest seq, included. */
  readonly from?: number;
  /** The largest seq, included. */
  readonly to?: number;
  readonly limit?: number;
}

const PAGE = 200;

/** Lists checkpoints, a page at a time. */
export async function* readHistory(
  store: Store,
  run: string,
  query: HistoryQuery = {},
): AsyncGenerator<CheckpointInfo> {
  const { order = 'asc', limit = Infinity } = query;
  const descending = order === 'desc';
  let { from, to } = query;
  let left = limit;
  let value: unknown;
  // A row has the state value only where it changed: newest first, rows wait for the next that has one.
  let waiting: Omit<CheckpointInfo, 'value'>[] = [];
  for (;;) {
    const page = await store.history(run, { from, to, descending, limit: PAGE });
    if (!descending && page[0] && value === undefined) value = await valueBefore(store, run, page[0].seq);
    for (const row of page) {
      if (left === 0) return;
      const header = decodeHeader(run, row);
      const info = toInfo(row, header.cause);
      if (!descending) {
        if ('value' in header) value = header.value;
        yield { ...info, value };
        left--;
        continue;
      }
      waiting.push(info);
      if (!('value' in header)) continue;
      for (const one of waiting) {
        if (left-- === 0) return;
        yield { ...one, value: header.value };
      }
      waiting = [];
    }
    const last = page.at(-1);
    if (!last || page.length < PAGE) break;
    if (descending) to = last.seq - 1;
    else from = last.seq + 1;
  }
  // `from` cut them off from the row that has their value.
  if (waiting.length === 0) return;
  const older = await valueBefore(store, run, waiting.at(-1)!.seq);
  for (const one of waiting) if (left-- > 0) yield { ...one, value: older };
}

/** Reads one checkpoint with its state. */
export async function readCheckpoint(
  store: Store,
  codec: Codec,
  run: string,
  seq: number,
): Promise<Checkpoint> {
  const rows = await store.load(run, seq);
  const row = rows.at(-1);
  if (row?.seq !== seq) throw new CheckpointNotFoundError(run, seq);
  const headers = rows.map((one) => decodeHeader(run, one));
  const document = (await decodeRows(run, rows, codec, (hash) => store.row(run, 'blob', hash))) as Document;
  const { cause } = headers.at(-1)!;
  const value = headers.findLast((header) => 'value' in header)?.value;
  const definition = headers[0]!.definition!;
  return {
    ...toInfo({ ...row, bytes: row.body.length }, cause),
    value,
    definition,
    snapshot: document.snapshot,
  };
}

async function valueBefore(store: Store, run: string, seq: number): Promise<unknown> {
  for (let to = seq; ;) {
    const page = await store.history(run, { to, descending: true, limit: PAGE });
    for (const row of page) {
      const header = decodeHeader(run, row);
      if ('value' in header) return header.value;
    }
    if (page.length < PAGE) return undefined;
    to = page.at(-1)!.seq - 1;
  }
}

const toInfo = (
  { seq, time, bytes, base }: CheckpointSummary,
  cause: CheckpointCause,
): Omit<CheckpointInfo, 'value'> => ({
  seq,
  time,
  cause,
  bytes,
  kind: base ? 'base' : 'delta',
});
