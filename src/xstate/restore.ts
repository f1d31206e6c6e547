/** Brings a stored document back to life. */
import { DEADLINE } from '../input/input-request.ts';
import type { Document, StoredDelay } from './capture.ts';
import { actorAt, actorPath } from './actor-path.ts';
import type { Delay } from './delays.ts';
import type { Host } from './host.ts';
import { snapshotAt } from './lost-actor.ts';
import type { Turn } from './turn.ts';

/**
 * What becomes of a delay when its run is opened again. `deadline`: it is due when it was due, at once
 * if that is past. `remaining`: time goes on only while the run is open. `restart`: from the beginning.
 */
export type DelayPolicy = 'deadline' | 'remaining' | 'restart';

/** A delay, as a policy sees it. */
export interface DelayInfo {
  /** The id of the run's machine. */
  readonly machine: string;
  /** The path of the actor that set it, `''` for the root. */
  readonly source: string;
  /** The type of the event that it will send. */
  readonly event: string;
  /** As it was set, in milliseconds. */
  readonly delay: number;
}

/** A policy for all delays, or a function that says it for each. */
export type DelayPolicies = DelayPolicy | ((delay: DelayInfo) => DelayPolicy);

/**
 * Starts the restored actors under `host`, with their delays; what is overdue fires once the
 * returned turn is released. Where the run is paused, they stay as they were.
 *
 * @param lastSeen when the run is known to have been open last, by the clock.
 * @param moved due times by key that are later than the document's: the run was opened since, without a turn.
 */
export function restoreDocument(
  host: Host,
  document: Document,
  policies: DelayPolicies,
  lastSeen: number,
  moved: Readonly<Record<string, number>>,
): Turn {
  const turn = host.restore(document.snapshot);
  for (const effect of host.effects ?? []) effect.born = bornAt(document.snapshot, actorPath(effect.actor));
  const { clock } = host.owner.context;
  const overdue: Delay[] = [];
  for (const [key, stored] of Object.entries(document.delays)) {
    const source = actorAt(host.root, stored.source);
    const target = actorAt(host.root, stored.target);
    if (!source || !target) continue;
    const { event, delay, id } = stored;
    const before = { key: Number(key), source, target, event, delay, id, due: moved[key] ?? stored.due };
    const due = host.isPaused ? before.due : dueBy(host, before, policies, lastSeen);
    const restored = { ...before, due };
    if (host.isPaused || due > clock.now()) host.delays.add(restored);
    else {
      // A clock that is moved by hand would leave a timer of 0 ms waiting for its next move.
      host.delays.addDue(restored);
      overdue.push(restored);
    }
    // Told to the store with the next turn.
    if (due !== stored.due) host.moved.push(restored);
  }
  overdue.sort((a, b) => a.due - b.due);
  turn.held.push({
    actor: undefined,
    run: () => overdue.forEach((delay) => queueMicrotask(() => host.fire(delay))),
  });
  return turn;
}

/** The delays of a run that goes on after a pause: due as their policies say. */
export function goOnWithDelays(host: Host, policies: DelayPolicies, lastSeen: number): void {
  for (const delay of [...host.delays.all()]) {
    const due = dueBy(host, delay, policies, lastSeen);
    if (due !== delay.due) host.moved.push(host.delays.move(delay, due));
  }
}

/** The seq of the turn that made the actor of an effect: its effect id has to come back. */
function bornAt(snapshot: unknown, path: string): number {
  const at = path.lastIndexOf('/');
  const parent = snapshotAt(snapshot, path.slice(0, Math.max(0, at)));
  return parent?.children?.[decodeURIComponent(path.slice(at + 1))]?.effect ?? 0;
}

function dueBy(host: Host, pending: Delay, policies: DelayPolicies, lastSeen: number): number {
  const { machine, context } = host.owner;
  const stored = { ...pending, source: actorPath(pending.source) };
  return dueOf(stored, policies, { machine: machine.id, now: context.clock.now(), lastSeen });
}

/** When a delay is due of a run that goes on after a while. */
export function dueOf(
  { source, event, delay, id, due }: Omit<StoredDelay, 'target'>,
  policies: DelayPolicies,
  { machine, now, lastSeen }: { readonly machine: string; readonly now: number; readonly lastSeen: number },
): number {
  // A question's deadline is an instant, whatever becomes of a machine's delays.
  if (id === DEADLINE) return due;
  const policy =
    typeof policies === 'string' ? policies : policies({ machine, source, event: event.type, delay });
  if (policy === 'restart') return now + delay;
  if (policy === 'remaining') return now + Math.max(0, due - Math.max(lastSeen, due - delay));
  return due;
}
