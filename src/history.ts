/** Reads the checkpoints of a run, newest or oldest first, and one of them whole. */
import { decodeHeader, decodeRows } from './checkpoint/decode-rows.ts';
import type { CheckpointCause, Definition, Header } from './checkpoint/envelope.ts';
import type { Codec } from './checkpoint/codec.ts';
import { CheckpointNotFoundError } from './errors.ts';
import type { CheckpointSummary, Store } from './store.ts';

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

/** What reading needs of a runtime. */
interface ReadContext {
  readonly store: Store;
  readonly codec: Codec;
  /** Only the newest checkpoint is to be readable. */
  readonly replace: boolean;
}

/** Lists checkpoints, a page at a time. */
export async function* readHistory(
  { store, replace }: ReadContext,
  run: string,
  query: HistoryQuery = {},
): AsyncGenerator<CheckpointInfo> {
  const { order = 'asc', limit = Infinity } = query;
  const descending = order === 'desc';
  let { from, to } = query;
  if (replace) from = Math.max(from ?? 0, await newestSeq(store, run));
  for (let left = limit; ;) {
    const page = await store.history(run, { from, to, descending, limit: PAGE });
    for (const row of page) {
      if (left-- <= 0) return;
      yield toInfo(row, decodeHeader(run, row));
    }
    const last = page.at(-1);
    if (!last || page.length < PAGE) return;
    if (descending) to = last.seq - 1;
    else from = last.seq + 1;
  }
}

/** Reads one checkpoint with its state. */
export async function readCheckpoint(
  { store, codec, replace }: ReadContext,
  run: string,
  seq: number,
): Promise<Checkpoint> {
  const rows = replace && seq !== (await newestSeq(store, run)) ? [] : await store.load(run, seq);
  const row = rows.at(-1);
  if (row?.seq !== seq) throw new CheckpointNotFoundError(run, seq);
  const { definition } = decodeHeader(run, rows[0]!);
  const { document } = await decodeRows(run, rows, codec.types, store);
  const [summary] = await store.history(run, { from: seq, limit: 1 });
  const info = toInfo(summary ?? { ...row, bytes: row.body.length }, decodeHeader(run, row));
  return { ...info, definition: definition!, snapshot: document.snapshot };
}

async function newestSeq(store: Store, run: string): Promise<number> {
  const [stored] = await store.runs({ run, limit: 1 });
  return stored?.seq ?? 0;
}

const toInfo = ({ seq, time, bytes, base }: CheckpointSummary, { cause, value }: Header): CheckpointInfo => ({
  seq,
  time,
  cause,
  value,
  bytes,
  kind: base ? 'base' : 'delta',
});
