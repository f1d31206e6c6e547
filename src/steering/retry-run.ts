/** Takes a run up again from an earlier checkpoint: as a new one, so that nothing of what was is lost. */
import type { AnyEventObject } from 'xstate';
import { decodeHeader, decodeRows } from '../checkpoint/decode-rows.ts';
import { encodeRich } from '../checkpoint/envelope.ts';
import { readStamped } from '../effects/stamp.ts';
import { readEntry } from '../effects/step-entry.ts';
import {
  CheckpointNotFoundError,
  ConflictError,
  FencedError,
  RunLockedError,
  RunNotFoundError,
  RunClosedError,
} from '../errors.ts';
import { controlId, encodeMail, randomId } from '../inbox/mail.ts';
import type { RunContext } from '../run/run-core.ts';
import { keepsNewestOnly, ownOf, readMore, type More, type Paused } from '../run/run-info.ts';
import { whyOver } from '../run/status.ts';
import type { Head, Row, Store, StoredRun } from '../store.ts';
import { commitAlone } from '../turns/commit-alone.ts';
import type { Document } from '../xstate/capture.ts';

/** How a run is taken up again. */
interface Retry {
  /** The seq of the checkpoint to go on from. */
  readonly from: number | undefined;
  /** What it gets before anything of it goes on. */
  readonly event: AnyEventObject | undefined;
}

/**
 * Appends the last good checkpoint, or the one at `from`. The run is then free to be opened.
 *
 * One that is to get an event first is left as if it had been paused, with the event and the word to go on behind it in
 * its inbox: whoever opens it delivers those, and only then starts what the event has not made superfluous.
 */
export async function retryRun(context: RunContext, run: string, { from, event }: Retry): Promise<void> {
  const { store, lease, codec, clock } = context;
  // Where it cannot be stored, nothing is done.
  const mail = event && encodeMail(context.inline, randomId(), { type: 'event', event });
  const word = mail && encodeMail(context.inline, controlId(), { type: 'resume' });
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
    const isFirstTold = mail !== undefined && !readMore(stored).paused;
    const head = headOf(stored, document, isFirstTold ? { at: clock.now(), reason: 'retry' } : undefined);
    if (mail) await store.enqueue(run, mail);
    if (isFirstTold) await store.enqueue(run, word!);
    const [outcome] = await store.commit([{ ...commit, put, drop, head, release: true }]);
    if (outcome?.status === 'fenced') throw new FencedError(run);
    if (outcome?.status === 'conflict') throw new ConflictError(run, stored.seq);
    if (outcome?.status === 'failed') throw outcome.error;
  } catch (error) {
    // What it was to get is for this retry alone.
    const take = mail && word && [mail.id, word.id];
    await commitAlone(context, { run, fence, take, release: true }).catch(() => {});
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

/** As it would have been left by a process that died there; one that is paused stays so. `held`: until it has got an event. */
function headOf(stored: StoredRun, { delays }: Document, held: Paused | undefined): Head {
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
      ...(held && { paused: held, released: held.at }),
    } satisfies More),
  };
}
