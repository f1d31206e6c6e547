/** Reads the checkpoints of a run, newest or oldest first, and one of them whole. */
import { decodeHeader, decodeRows } from './checkpoint/decode-rows.ts';
import type { CheckpointCause, Definition, Header } from './checkpoint/envelope.ts';
import type { Codec } from './checkpoint/codec.ts';
import { REPORTED, seqOf } from './effects/outbox-key.ts';
import { CheckpointNotFoundError } from './errors.ts';
import { keepsNewestOnly, readMore } from './run/run-info.ts';
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
  /** The inline actions of its turn that may not have run, as the process ended just then. */
  readonly interrupted?: readonly string[];
}

/** A checkpoint with its state. */
export interface Checkpoint extends CheckpointInfo {
  /** XState's persisted snapshot: `createActor(machine, { snapshot })` takes it. */
  readonly snapshot: unknown;
  /** The definition that wrote it. */
  readonly definition: Definition;
}

/** Which checkpoints to list. All that is given must hold. */
export interface HistoryQuery {
  /** From old to new (`asc`, the default) or from new to old. */
  readonly order?: 'asc' | 'desc';
  /** The smallest seq, included. */
  readonly from?: number;
  /** The largest seq, included. */
  readonly to?: number;
  /** At most so many. */
  readonly limit?: number;
}

const PAGE = 200;

/** What reading needs of a runtime. */
interface ReadContext {
  readonly store: Store;
  readonly codec: Codec;
  /** Is only the newest checkpoint of runs to be readable that do not say it themselves? */
  readonly replace: boolean;
}

/** Lists checkpoints, a page at a time. */
export async function* readHistory(
  context: ReadContext,
  run: string,
  query: HistoryQuery = {},
): AsyncGenerator<CheckpointInfo> {
  const { store } = context;
  const { order = 'asc', limit = Infinity } = query;
  const descending = order === 'desc';
  let { from, to } = query;
  from = Math.max(from ?? 0, (await onlyReadable(context, run)) ?? 0);
  const interrupted = await interruptedActions(store, run);
  for (let left = limit; ;) {
    const page = await store.history(run, { from, to, descending, limit: PAGE });
    for (const row of page) {
      if (left-- <= 0) return;
      const actions = interrupted.get(row.seq);
      yield { ...toInfo(row, decodeHeader(run, row)), ...(actions && { interrupted: actions }) };
    }
    const last = page.at(-1);
    if (!last || page.length < PAGE) return;
    if (descending) to = last.seq - 1;
    else from = last.seq + 1;
  }
}

/** Reads one checkpoint with its state. */
export async function readCheckpoint(context: ReadContext, run: string, seq: number): Promise<Checkpoint> {
  const { store, codec } = context;
  const only = await onlyReadable(context, run);
  const rows = only !== undefined && seq !== only ? [] : await store.load(run, seq);
  const row = rows.at(-1);
  if (row?.seq !== seq) throw new CheckpointNotFoundError(run, seq);
  const { definition } = decodeHeader(run, rows[0]!);
  const { document } = await decodeRows(run, rows, codec.types, store);
  const [summary] = await store.history(run, { from: seq, limit: 1 });
  const info = toInfo(summary ?? { ...row, bytes: row.body.length }, decodeHeader(run, row));
  return { ...info, definition: definition!, snapshot: document.snapshot };
}

/** Inline actions that may not have run, by the seq of their turn. */
async function interruptedActions(store: Store, run: string): Promise<ReadonlyMap<number, string[]>> {
  const actions = new Map<number, string[]>();
  for (const { key, value } of await store.rows(run, 'outbox', { prefix: REPORTED })) {
    const seq = seqOf(key.slice(REPORTED.length));
    const { type } = JSON.parse(value as string) as { readonly type: string };
    actions.set(seq, [...(actions.get(seq) ?? []), type]);
  }
  return actions;
}

/** The seq of the newest checkpoint, where only that is to be readable. */
async function onlyReadable({ store, replace }: ReadContext, run: string): Promise<number | undefined> {
  const [stored] = await store.runs({ run, limit: 1 });
  if (!stored) return undefined;
  try {
    return keepsNewestOnly(readMore(stored), { replace }) ? stored.seq : undefined;
  } catch {
    // What is said of the run is damaged; its checkpoints may be well.
    return replace ? stored.seq : undefined;
  }
}

const toInfo = ({ seq, time, bytes, base }: CheckpointSummary, { cause, value }: Header): CheckpointInfo => ({
  seq,
  time,
  cause,
  value,
  bytes,
  kind: base ? 'base' : 'delta',
});
