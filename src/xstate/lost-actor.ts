/** Actors of which only the stored state is left. */
import type { AnyStateMachine } from 'xstate';
import { actorAt } from './actor-path.ts';
import type { LiveActor } from './insider.ts';
import { logicAt } from './source.ts';
import { isMachine } from './structure.ts';

interface StoredSnapshot {
  readonly context?: unknown;
  readonly children?: Readonly<
    Record<string, { readonly snapshot?: StoredSnapshot; readonly effect?: number } | undefined>
  >;
}

/** The stored snapshot of an actor in that of the root. */
export function snapshotAt(root: unknown, path: string): StoredSnapshot | undefined {
  let at = root as StoredSnapshot | undefined;
  for (const id of path === '' ? [] : path.split('/')) at = at?.children?.[decodeURIComponent(id)]?.snapshot;
  return at;
}

/** The machine of an actor, which may be gone: then it is found by the names of its logic. */
export function machineOf(
  machine: AnyStateMachine,
  root: LiveActor,
  { actor: path, sources = [] }: { readonly actor: string; readonly sources?: readonly string[] },
): AnyStateMachine | undefined {
  if (path === '') return machine;
  const logic = actorAt(root, path)?.logic ?? logicAt(machine, sources);
  return isMachine(logic) ? logic : undefined;
}

/** Stands for an actor that is gone: whatever it is sent goes nowhere. */
export const lostActor = (path: string, root: LiveActor): LiveActor =>
  Object.assign(Object.create(null) as LiveActor, {
    id: decodeURIComponent(path.slice(path.lastIndexOf('/') + 1)),
    sessionId: path,
    system: root.system,
    send: () => {},
    _snapshot: { status: 'stopped', context: undefined },
    getSnapshot: () => ({ status: 'stopped', context: undefined }),
  });
