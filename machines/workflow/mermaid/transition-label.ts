/** What stands beside an arrow: when a transition is taken. */
import type { AnyStateMachine } from 'xstate';
import { label } from './text.ts';

type Transition = NonNullable<AnyStateMachine['root']['always']>[number];

const nameOf = (name: unknown): string => (typeof name === 'string' ? name : '…');

/** An event, a delay, or the end of an actor, and the guard, as a person reads it. */
export function transitionLabel(transition: Transition): string {
  return label([eventOf(transition), guardOf(transition)].filter(Boolean).join(' '));
}

function eventOf({ eventType, source }: Transition): string {
  const after = source.after.find((delayed) => delayed.eventType === eventType);
  if (after) return `after ${typeof after.delay === 'number' ? `${after.delay} ms` : nameOf(after.delay)}`;
  const [, how, of = ''] = /^xstate\.(done|error)\.(?:actor|state)\.(.*)$/s.exec(eventType) ?? [];
  if (how === undefined) return eventType;
  const invoked = source.invoke.find(({ id }) => id === of);
  if (!invoked) return how;
  const { id, src } = invoked;
  // Without an id of its own, an invocation is known by its place; its source says more, where it has a name.
  const isPlace = id.endsWith(`.${source.id}`);
  const name = isPlace ? src : id;
  return typeof name === 'string' && !name.startsWith('xstate.') ? `${how} ${name}` : how;
}

// Inline functions, and XState's own, say nothing by their names.
const nameless = new Set(['', 'guard', 'check', 'and', 'or', 'not']);

/** `[isLarge]`, or `[…]` for one that has no name. */
function guardOf({ guard }: Transition): string {
  if (guard === undefined) return '';
  if (typeof guard === 'string') return `[${guard}]`;
  const name = typeof guard === 'object' ? guard.type : guard.name;
  return `[${nameless.has(name) ? '…' : name}]`;
}
