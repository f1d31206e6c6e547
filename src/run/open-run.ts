/** Opens a run: takes it, reads it, finds the machine that it can go on with, and restores it. */
import type { AnyStateMachine } from 'xstate';
import { decodeHeader, decodeRows, isDocument } from '../checkpoint/decode-rows.ts';
import type { Definition } from '../checkpoint/envelope.ts';
import {
  IncompatibleMachineError,
  MachineNotRegisteredError,
  RunLockedError,
  RunNotFoundError,
} from '../errors.ts';
import type { Viewed } from '../follow/follower.ts';
import { readQuestions } from '../input/list-inputs.ts';
import type { Machines } from '../machines.ts';
import type { Head, StoredRun } from '../store.ts';
import { commitAlone } from '../turns/commit-alone.ts';
import { asksAt } from '../xstate/asking.ts';
import type { Document, StoredDelay } from '../xstate/capture.ts';
import { missingFrom } from '../xstate/compatibility.ts';
import { restoreDocument } from '../xstate/restore.ts';
import { structureHash } from '../xstate/structure.ts';
import { RunCore, type RunContext } from './run-core.ts';
import { ownOf, readMore } from './run-info.ts';
import { isEnd } from './status.ts';

/**
 * Makes a persisted snapshot that `machine` cannot go on from into one that it can.
 *
 * @param args.from the definition that wrote the snapshot.
 * @param args.delays the pending delays, to be changed or deleted in place where their event has another
 * name now.
 * @returns the snapshot to go on from.
 */
export type Migrate = (args: {
  readonly from: Definition;
  readonly machine: AnyStateMachine;
  readonly snapshot: unknown;
  readonly delays: Record<string, StoredDelay>;
}) => unknown;

// How often to try again for a run that another holds, in milliseconds.
const AGAIN = 50;

export async function openRun(
  context: RunContext,
  machines: Machines,
  given: AnyStateMachine | undefined,
  id: string,
  wait: number,
  migrate: Migrate | undefined,
): Promise<RunCore> {
  const { store, codec } = context;
  const known = await find(context, id);
  const machine = choose(known, machines, given);
  const over = isEnd(known.status);
  const { fence, term } = over ? { fence: known.fence, term: 0 } : await acquire(context, id, wait);
  try {
    const stored = over ? known : await find(context, id);
    const rows = await store.load(id);
    // Deleted between two of our questions.
    if (rows.length === 0) throw new RunNotFoundError(id);
    const { document, blobs } = await decodeRows(id, rows, codec.types, store);
    const definition = decodeHeader(id, rows[0]!).definition!;
    const state = await fit(context, id, document, definition, machine, migrate);
    const { createdAt, tags } = stored;
    // What was said at the last release holds only until the run is open.
    const more = readMore(stored);
    const { attempts = 0, released = 0, moved = {}, paused } = more;
    const identity = { id, machine, createdAt, tags, more: ownOf(more) };
    const core = new RunCore(context, identity);
    if (stored.status === 'running' && !paused && attempts >= context.recoveries)
      return await quarantine(context, core, state, stored, fence);
    if (isEnd(stored.status)) {
      // Somebody brought it to its end, or into quarantine, while it was waited for.
      if (!over) await commitAlone(context, { run: id, fence, release: true });
      core.showEnd(state, stored);
      return core;
    }
    const desk = await core.desk.read(stored.seq);
    const lastSeen = Math.max(stored.updatedAt, released);
    if (paused && isGoingOn(state)) core.pausing.stays();
    const turn = restoreDocument(core.host, state, context.delays, lastSeen, moved);
    try {
      const from = { desk, turn, definition, stored, rows, fence, term, lastSeen };
      await core.continueFrom({ ...from, blobs: new Set(blobs.keys()) });
    } catch (error) {
      // Its delays are set already.
      core.discard('could not be opened');
      throw error;
    }
    return core;
  } catch (error) {
    // What cannot be opened stays as it was, and free for others.
    if (!over) await commitAlone(context, { run: id, fence, release: true }).catch(ignore);
    throw error;
  }
}

/** Is it not at its end? What is left of its end is done, whoever paused it. */
const isGoingOn = ({ snapshot }: Document): boolean => (snapshot as { status: string }).status === 'active';

/** Reads a run without taking it. */
export async function viewRun(
  context: RunContext,
  machines: Machines,
  given: AnyStateMachine | undefined,
  id: string,
  migrate: Migrate | undefined,
): Promise<Viewed> {
  const { store, codec } = context;
  const known = await find(context, id);
  const machine = choose(known, machines, given);
  const rows = await store.load(id);
  if (rows.length === 0) throw new RunNotFoundError(id);
  const { document } = await decodeRows(id, rows, codec.types, store);
  const definition = decodeHeader(id, rows[0]!).definition!;
  const state = await fit(context, id, document, definition, machine, migrate);
  const { createdAt, tags } = known;
  const core = new RunCore(context, { id, machine, createdAt, tags, more: readMore(known) });
  core.showEnd(state, known);
  const pendingInputs = (await readQuestions(context, id)).map(({ input }) => input);
  // It may have gone on between our questions: then it is read again.
  const stored = { ...known, seq: rows.at(-1)!.seq };
  return { machine, root: core.host.root, snapshot: core.actor.getSnapshot(), stored, pendingInputs };
}

/** It was opened too often without getting any further: whoever opens it next would only do the same. */
async function quarantine(
  { store, lease, recoveries, logger }: RunContext,
  core: RunCore,
  document: Document,
  stored: StoredRun,
  fence: number,
): Promise<RunCore> {
  const { run, machine, version, createdAt, tags } = stored;
  const message = `it was opened ${recoveries} times without getting any further; runtime.retry('${run}') opens it again`;
  const error = { name: 'RecoveryError', message };
  const more = JSON.stringify({ ...readMore(stored), error });
  const head: Head = { machine, version, status: 'quarantined', createdAt, tags, more };
  await store.commit([{ run, owner: lease.owner, fence, head, release: true }]);
  logger(`Savepoint put run '${run}' into quarantine: ${message}.`);
  core.showEnd(document, { ...stored, status: 'quarantined', more });
  return core;
}

/** Why it could not be opened says more. */
const ignore = (): void => {};

export async function find({ store }: RunContext, id: string): Promise<StoredRun> {
  const [stored] = await store.runs({ run: id, limit: 1 });
  if (!stored) throw new RunNotFoundError(id);
  return stored;
}

async function acquire(
  { store, lease }: RunContext,
  id: string,
  wait: number,
): Promise<{ readonly fence: number; readonly term: number }> {
  const until = performance.now() + wait;
  for (;;) {
    await lease.ensure();
    const { term } = lease;
    const acquired = await store.acquire(id, lease.owner);
    if (acquired.status === 'acquired') return { fence: acquired.fence, term };
    if (acquired.status !== 'held') throw new RunNotFoundError(id);
    const left = until - performance.now();
    if (left <= 0) throw new RunLockedError(id, acquired.by, new Date(acquired.until));
    await new Promise((resolve) => setTimeout(resolve, Math.min(left, AGAIN)));
  }
}

/** The machine that is to run it: of the version that wrote it, else the one that was given, else the newest. */
export function choose(
  stored: Pick<StoredRun, 'run' | 'machine' | 'version'>,
  machines: Machines,
  given: AnyStateMachine | undefined,
): AnyStateMachine {
  const { run, machine: id, version } = stored;
  if (given && given.id !== id)
    throw new IncompatibleMachineError(run, given.id, [`its machine is '${id}', not '${given.id}'`]);
  if (given?.version === version && given) return given;
  const registered = machines.find(id, version);
  const machine = registered?.version === version ? registered : (given ?? registered);
  if (!machine) throw new MachineNotRegisteredError(run, id, machines.ids);
  return machine;
}

/** The document as the machine can go on from it. */
export async function fit(
  context: RunContext,
  run: string,
  document: Document,
  from: Definition,
  machine: AnyStateMachine,
  migrate: Migrate | undefined,
): Promise<Document> {
  if (from.structure === structureHash(machine)) return document;
  const unasked = await missingQuestions(context, run, machine);
  let missing = [...missingFrom(machine, document), ...unasked];
  if (missing.length === 0) return document;
  if (!migrate) throw new IncompatibleMachineError(run, machine.id, missing);
  const delays = { ...document.delays };
  const migrated = { snapshot: migrate({ from, machine, snapshot: document.snapshot, delays }), delays };
  // A migration moves on from what was asked.
  missing = isDocument(migrated) ? missingFrom(machine, migrated) : ['a snapshot: migrate() gave none'];
  if (missing.length > 0) throw new IncompatibleMachineError(run, machine.id, missing);
  return migrated;
}

/** The open questions of states that a definition does not ask any more. */
async function missingQuestions(
  context: RunContext,
  run: string,
  machine: AnyStateMachine,
): Promise<string[]> {
  const missing: string[] = [];
  for (const { input, body } of await readQuestions(context, run)) {
    if (input.state === undefined || asksAt(machine, body.sources ?? [], input.state)) continue;
    missing.push(`the question '${input.id}': its state no longer has the tag waitingForInput`);
  }
  return missing;
}
