/** The state that a fork begins with: that of a checkpoint, with names of its own. */
import type { AnyEventObject } from 'xstate';
import { DEADLINE } from '../input/input-request.ts';
import { questionId } from '../input/ids.ts';
import { childPath } from '../xstate/actor-path.ts';
import type { Document, StoredDelay } from '../xstate/capture.ts';
import { dueOf, type DelayPolicies } from '../xstate/restore.ts';

/** What a fork is made with. */
export interface Forking {
  /** The new run's id. */
  readonly run: string;
  /** The id of its machine. */
  readonly machine: string;
  readonly context: object | undefined;
  readonly delays: DelayPolicies;
  readonly now: number;
  /** When the checkpoint was made. */
  readonly lastSeen: number;
}

export interface ForkedDocument {
  readonly document: Document;
  /** The effects that were in flight: what each is called in the fork, by its key in the run that is forked. */
  readonly effects: ReadonlyMap<string, { readonly key: string; readonly born: number }>;
}

/** The seq of the first turn of a run: there, all that a fork begins with is born. */
const FIRST = 1;

interface StoredActor {
  readonly snapshot?: StoredSnapshot;
  readonly effect?: number;
}

interface StoredSnapshot {
  readonly context?: unknown;
  readonly children?: Readonly<Record<string, StoredActor>>;
}

export function forkDocument({ snapshot, delays }: Document, forking: Forking): ForkedDocument {
  const effects = new Map<string, { key: string; born: number }>();
  const root = rename(snapshot as StoredSnapshot, '', effects);
  const context = forking.context ? { ...(root.context as object), ...forking.context } : root.context;
  const forked = Object.entries(delays).map(([key, delay]) => [key, forkDelay(delay, forking)] as const);
  return {
    document: { snapshot: { ...root, context }, delays: Object.fromEntries(forked) },
    effects,
  };
}

function rename(
  snapshot: StoredSnapshot,
  path: string,
  effects: Map<string, { key: string; born: number }>,
): StoredSnapshot {
  if (!snapshot.children) return snapshot;
  const children = Object.entries(snapshot.children).map(([id, actor]) => {
    const at = childPath(path, id);
    const { effect: born, snapshot: below } = actor;
    if (born !== undefined) effects.set(`${at}:${born}`, { key: `${at}:${FIRST}`, born });
    const renamed = {
      ...actor,
      ...(below && { snapshot: rename(below, at, effects) }),
      ...(born !== undefined && { effect: FIRST }),
    };
    return [id, renamed] as const;
  });
  return { ...snapshot, children: Object.fromEntries(children) };
}

/** A question's deadline names it, and it has another id here. */
function forkDelay(delay: StoredDelay, { run, machine, delays, now, lastSeen }: Forking): StoredDelay {
  const due = dueOf(delay, delays, { machine, now, lastSeen });
  if (delay.id !== DEADLINE) return { ...delay, due };
  const event: AnyEventObject = { ...delay.event, input: questionId({ run, actor: delay.source }) };
  return { ...delay, due, event };
}
