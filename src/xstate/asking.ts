/** What the states that are active ask for from outside. */
import { isMachineSnapshot, type LiveActor } from './insider.ts';

/** The tag of a state in which the run waits for a person. */
const TAG = 'waitingForInput';

/** Is any machine of the tree in a state that is tagged `waitingForInput`? */
export function isWaitingForInput({ _snapshot: snapshot }: LiveActor): boolean {
  if (!isMachineSnapshot(snapshot) || snapshot.status !== 'active') return false;
  if (snapshot.tags.has(TAG)) return true;
  for (const id in snapshot.children) {
    const child = snapshot.children[id];
    if (child && isWaitingForInput(child)) return true;
  }
  return false;
}

/** The events that the active states of the root have a transition for. */
export function acceptedEvents({ _snapshot: snapshot }: LiveActor): string[] {
  if (!isMachineSnapshot(snapshot) || snapshot.status !== 'active') return [];
  const nodes = snapshot._nodes as readonly { readonly ownEvents: readonly string[] }[];
  return [...new Set(nodes.flatMap((node) => node.ownEvents))].filter(
    (event) => !event.startsWith('xstate.'),
  );
}
