/**
 * Makes a new run of a checkpoint of another, which is only read: it may be going on elsewhere.
 *
 * The fork has effects, questions and delays of its own. It does not have the messages, receipts and records of the other
 * run, nor its custom actions, which that one does.
 */
import { decodeHeader, decodeRows } from '../checkpoint/decode-rows.ts';
import { encodeRich } from '../checkpoint/envelope.ts';
import { readStamped } from '../effects/stamp.ts';
import { readEntry } from '../effects/step-entry.ts';
import { CheckpointNotFoundError, InvalidArgumentError, RunClosedError, RunExistsError } from '../errors.ts';
import type { Machines } from '../machines.ts';
import { choose, find, fit, type Migrate } from '../run/open-run.ts';
import type { RunContext } from '../run/run-core.ts';
import { keepsNewestOnly, ownOf, readMore, type More } from '../run/run-info.ts';
import type { CheckpointRow, Head, Outcome, Row, RunCommit, StoredRun } from '../store.ts';
import type { AnyStateMachine } from 'xstate';
import { forkDocument, type ForkedDocument } from './forked-document.ts';

/** What is to become of what. */
interface Fork {
  /** The run that is forked. */
  readonly from: string;
  readonly at: number | undefined;
  /** The new run. */
  readonly id: string;
  readonly context: object | undefined;
  readonly reason: string | undefined;
}

/** Who can run it. */
interface Runners {
  readonly machines: Machines;
  /** The machine of the run that is forked, where that is open here. */
  readonly given: AnyStateMachine | undefined;
  readonly migrate: Migrate | undefined;
}

/** A run as it was at a checkpoint. */
interface Source {
  readonly stored: StoredRun;
  /** From the base that the checkpoint stands on, up to it. */
  readonly rows: readonly CheckpointRow[];
  /** The journals of its effects. */
  readonly steps: readonly Pick<Row, 'key' | 'value'>[];
}

/**
 * Stores the new run, held by this owner. Gives the machine that it is to be opened with.
 *
 * @throws {CheckpointNotFoundError} where the checkpoint is not kept.
 * @throws {RunClosedError} where the run was at its end by it.
 * @throws {RunExistsError}
 */
export async function forkRun(context: RunContext, fork: Fork, runners: Runners): Promise<AnyStateMachine> {
  const { codec, store, clock, lease } = context;
  const { from, id } = fork;
  checkContext(context, fork.context);
  const source = await read(context, from, fork.at);
  const { stored, rows } = source;
  const last = rows.at(-1)!;
  const definition = decodeHeader(from, rows[0]!).definition!;
  const machine = choose({ ...stored, version: definition.version }, runners.machines, runners.given);
  const { document } = await decodeRows(from, rows, codec.types, store);
  if ((document.snapshot as { readonly status: string }).status !== 'active')
    throw new RunClosedError(from, `was at its end by checkpoint ${last.seq}; fork an earlier one`);
  // What cannot go on is not to begin.
  await fit(context, from, document, definition, machine, runners.migrate);
  const forked = forkDocument(document, {
    run: id,
    machine: machine.id,
    context: fork.context,
    delays: context.delays,
    now: clock.now(),
    lastSeen: last.time,
  });
  const blobs = new Map<string, Uint8Array>();
  const body = encodeRich(forked.document, codec, blobs);
  const { value } = decodeHeader(from, last);
  const cause = { type: 'fork', event: { type: 'savepoint.fork' } };
  const row = {
    seq: 1,
    base: true,
    time: clock.now(),
    header: JSON.stringify({ cause, value, definition }),
    body,
  };
  const put = [...blobs].map(([key, bytes]): Row => ({ kind: 'blob', key, value: bytes }));
  put.push(...journalsOf(source, forked, last.seq));
  await lease.ensure();
  await create(context, {
    run: id,
    owner: lease.owner,
    fence: 1,
    create: true,
    expect: 0,
    checkpoints: [row],
    head: headOf(context, source, forked, fork, definition.version),
    put,
  });
  return machine;
}

function checkContext({ codec }: RunContext, given: unknown): void {
  if (given === undefined) return;
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new InvalidArgumentError(
      "'context' is an object whose properties take the place of the context's.",
    );
  codec.inspect(given, { actor: '', path: 'context' });
}

/** The checkpoint, and the journals as they belong to it. */
async function read(context: RunContext, run: string, at: number | undefined): Promise<Source> {
  const { store } = context;
  for (;;) {
    const stored = await find(context, run);
    const newestOnly = keepsNewestOnly(readMore(stored), context);
    const rows = newestOnly && at !== undefined && at !== stored.seq ? [] : await store.load(run, at);
    const seq = rows.at(-1)?.seq;
    if (at !== undefined && seq !== at) throw new CheckpointNotFoundError(run, at);
    const steps = await store.rows(run, 'step', {});
    // Where no history is kept, journals go with the outcome of their effect: those may be of a later turn.
    const isOfOneTurn = !newestOnly || (await find(context, run)).seq === seq;
    if (seq !== undefined && isOfOneTurn) return { stored, rows, steps };
  }
}

/** What the effects in flight had journaled by then. What they had asked is asked anew. */
function journalsOf({ steps }: Source, { effects }: ForkedDocument, at: number): Row[] {
  const rows: Row[] = [];
  for (const { key, value } of steps) {
    const slash = key.lastIndexOf('/');
    const effect = effects.get(key.slice(0, slash));
    if (!effect) continue;
    const { seq = effect.born, entry } = readStamped(value as string);
    if (seq > at || readEntry(key.slice(0, slash), key, entry).state === 'ask') continue;
    rows.push({ kind: 'step', key: effect.key + key.slice(slash), value: entry });
  }
  return rows;
}

/** As it would have been left by a process that died there. */
function headOf(
  { clock }: RunContext,
  { stored, rows }: Source,
  { document, effects }: ForkedDocument,
  { from, reason }: Fork,
  version: string | undefined,
): Head {
  const at = rows.at(-1)!.seq;
  const due = Object.values(document.delays).reduce((first, delay) => Math.min(first, delay.due), Infinity);
  const more = readMore(stored);
  // What its effects did since is known of the newest checkpoint alone.
  const waiting = at === stored.seq ? { parked: more.parked, fresh: more.fresh } : {};
  const rename = (keys: readonly string[] = []): string[] =>
    keys.flatMap((key) => effects.get(key)?.key ?? []);
  const forked: More = {
    ...ownOf(more),
    starter: crypto.randomUUID(),
    forkedFrom: { from, at, reason },
    parked: rename(waiting.parked),
    fresh: rename(waiting.fresh),
  };
  return {
    machine: stored.machine,
    version,
    status: 'running',
    due: due === Infinity ? undefined : due,
    createdAt: clock.now(),
    tags: stored.tags,
    more: JSON.stringify(forked),
  };
}

/** Where it is not known whether the run was made, the store is asked. */
async function create(context: RunContext, commit: RunCommit): Promise<void> {
  let outcome: Outcome | undefined;
  let failure: unknown;
  try {
    [outcome] = await context.store.commit([commit]);
  } catch (error) {
    failure = error;
  }
  if (outcome?.status === 'committed') return;
  const [there] = await context.store.runs({ run: commit.run, limit: 1 });
  if (there && readMore(there).starter === (JSON.parse(commit.head!.more) as More).starter) return;
  if (there || outcome?.status === 'exists') throw new RunExistsError(commit.run);
  throw outcome?.status === 'failed' ? outcome.error : failure;
}
