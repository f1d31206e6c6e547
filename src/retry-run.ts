/** Takes a run up again from an earlier checkpoint: as a new one, so that nothing of what was is lost. */
import { decodeHeader, decodeRows } from './checkpoint/decode-rows.ts';
import { commitAlone } from './commit-alone.ts';
import { encodeRich } from './checkpoint/envelope.ts';
import {
  CheckpointNotFoundError,
  ConflictError,
  FencedError,
  RunLockedError,
  RunNotFoundError,
  RunClosedError,
} from './errors.ts';
import type { RunContext } from './run-core.ts';
import { keepsNewestOnly, ownOf, readMore, type More } from './run-info.ts';
import { readStamped } from './effects/stamp.ts';
import { readEntry } from './effects/step-entry.ts';
import { whyOver } from './standing.ts';
import type { Head, Row, Store, StoredRun } from './store.ts';
import type { Document } from './xstate/capture.ts';

/** Appends the last good checkpoint, or the one at `from`. The run is then free to be opened. */
export async function retryRun(context: RunContext, run: string, from: number | undefined): Promise<void> {
  const { store, lease, codec, clock } = context;
  const [known] = await store.runs({ run, limit: 1 });
  const status = known?.status;
  // What was cancelled stays so, and what is done has nothing to be tried again, unless it is told from where.
  if (known && (status === 'cancelled' || (status === 'done' && from === undefined)))
    throw new RunClosedError(run, whyOver(undefined, readMore(known).cancelled));
  await lease.ensure();
  const acquired = await store.acquire(run, lease.owner);
  if (acquired.status === 'held') throw new RunLockedError(run, acquired.by, new Date(acquired.until));
  if (acquired.status !== 'acquired') throw new RunNotFoundError(run);
  const { fence } = acquired;
  try {
    const [stored] = await store.runs({ run, limit: 1 });
    if (!stored) throw new RunNotFoundError(run);
    const { document, header } = await lastGood(context, stored, from);
    const blobs = new Map<string, Uint8Array>();
    const body = encodeRich(document, codec, blobs);
    const put = [...blobs].map(([key, value]): Row => ({ kind: 'blob', key, value }));
    const seq = stored.seq + 1;
    const cause = { type: 'retry', event: { type: 'savepoint.retry' } };
    const row = { seq, base: true, time: clock.now(), header: JSON.stringify({ ...header, cause }), body };
    const commit = { run, owner: lease.owner, fence, expect: stored.seq, checkpoints: [row] };
    const drop = await failedSteps(store, run);
    const head = headOf(stored, document);
    const [outcome] = await store.commit([{ ...commit, put, drop, head, release: true }]);
    if (outcome?.status === 'fenced') throw new FencedError(run);
    if (outcome?.status === 'conflict') throw new ConflictError(run, stored.seq);
    if (outcome?.status === 'failed') throw outcome.error;
  } catch (error) {
    await commitAlone(context, { run, fence, release: true }).catch(() => {});
    throw error;
  }
}

/** The newest checkpoint in which the machine has not come to its end, unless it is told which. */
async function lastGood(
  context: RunContext,
  stored: StoredRun,
  from: number | undefined,
): Promise<{ readonly document: Document; readonly header: object }> {
  const { store, codec } = context;
  const { run, seq: newest } = stored;
  if (from !== undefined && from !== newest && keepsNewestOnly(readMore(stored), context))
    throw new CheckpointNotFoundError(run, from);
  for (let seq = from ?? newest; seq > 0; seq--) {
    const rows = await store.load(run, seq);
    if (rows.at(-1)?.seq !== seq) {
      if (from !== undefined) break;
      continue;
    }
    const { document } = await decodeRows(run, rows, codec.types, store);
    if (from === undefined && (document.snapshot as { status: string }).status !== 'active') continue;
    const { definition } = decodeHeader(run, rows[0]!);
    const { value } = decodeHeader(run, rows.at(-1)!);
    return { document, header: { value, definition } };
  }
  throw new CheckpointNotFoundError(run, from ?? newest);
}

/**
 * What made effects fail: steps that ended in an error, and were the last that their function came to. They are run
 * again; an error that the function went on from stays, or its journal would no longer fit.
 */
async function failedSteps(store: Store, run: string): Promise<Pick<Row, 'kind' | 'key'>[]> {
  const last = new Map<string, number>();
  const failed: { readonly key: string; readonly effect: string; readonly call: number }[] = [];
  for (const { key, value } of await store.rows(run, 'step', {})) {
    const effect = key.slice(0, key.lastIndexOf('/'));
    const { call, overlapped, state } = readEntry(effect, key, readStamped(value as string).entry);
    if (overlapped === 0) last.set(effect, Math.max(call, last.get(effect) ?? 0));
    if (state === 'failed') failed.push({ key, effect, call });
  }
  return failed
    .filter(({ effect, call }) => call >= (last.get(effect) ?? 0))
    .map(({ key }) => ({ kind: 'step', key }));
}

/** As it would have been left by a process that died there; one that is paused stays so. */
function headOf(stored: StoredRun, { delays }: Document): Head {
  const { machine, version, createdAt, tags } = stored;
  const due = Object.values(delays).reduce((first, delay) => Math.min(first, delay.due), Infinity);
  const more = readMore(stored);
  const { interrupted, parked, fresh, paused, released } = more;
  return {
    machine,
    version,
    status: paused ? 'paused' : 'running',
    due: paused || due === Infinity ? undefined : due,
    createdAt,
    tags,
    more: JSON.stringify({
      ...ownOf(more),
      interrupted,
      parked,
      fresh,
      ...(paused && { paused, released }),
    } satisfies More),
  };
}
