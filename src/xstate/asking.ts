/** What the active states and actors of a system ask for from outside. */
import type { AnyStateMachine } from 'xstate';
import { requestOf, type InputQuestion } from '../input/input-request.ts';
import type { StandardSchema } from '../input/schema.ts';
import { actorPath, isInTree } from './actor-path.ts';
import { isMachineSnapshot, type LiveActor } from './insider.ts';
import { logicAt, nodeOf } from './source.ts';
import { isMachine } from './structure.ts';

/** The tag of a state in which the run waits for a person. */
const TAG = 'waitingForInput';

/**
 * What `meta.input` of a state with the tag `waitingForInput` may say.
 *
 * @example
 * review: {
 *   tags: 'waitingForInput',
 *   meta: { input: { prompt: 'Is it back?', schema: z.object({ approved: z.boolean() }), event: 'decided' } },
 *   on: { decided: 'paying' }, // { type: 'decided', value: { approved: true }, inputId, by }
 * }
 */
export interface StateQuestion extends Omit<InputQuestion, 'deadline' | 'default'> {
  /** Checks answers. */
  readonly schema?: StandardSchema;
  /** The type of the event that an answer is sent as. Without it, the answer is the event. */
  readonly event?: string;
}

/** Somebody who asks. */
export interface Asking {
  readonly actor: LiveActor;
  /** The actor's path. */
  readonly path: string;
  /** The id of the state that asks; `undefined` where the actor itself is the question. */
  readonly state: string | undefined;
  readonly question: InputQuestion;
  readonly schema: StandardSchema | undefined;
  /** Of a state: the type of the event that an answer is sent as. */
  readonly event: string | undefined;
  /** Of a state without that: the types of the events that may be the answer. */
  readonly accepts: readonly string[] | undefined;
}

interface Node {
  readonly id: string;
  readonly tags: readonly string[];
  readonly meta?: { readonly input?: StateQuestion } | undefined;
  readonly ownEvents: readonly string[];
}

/** Does an actor ask something? */
export const isAsking = ({ _snapshot: snapshot, logic }: LiveActor): boolean =>
  snapshot?.status === 'active' &&
  (isMachineSnapshot(snapshot) ? snapshot.tags.has(TAG) : requestOf(logic) !== undefined);

/** What an actor asks now: nothing, one thing, or one for each of its states that is tagged. */
export function askingOf(actor: LiveActor): Asking[] {
  if (!isAsking(actor) || !isLive(actor)) return [];
  const path = actorPath(actor);
  const snapshot = actor._snapshot;
  if (!isMachineSnapshot(snapshot)) {
    const { schema, default: fallback } = requestOf(actor.logic)!;
    const question = {
      ...(fallback !== undefined && { default: fallback }),
      ...(snapshot.input as InputQuestion),
    };
    return [{ actor, path, state: undefined, question, schema, event: undefined, accepts: undefined }];
  }
  return (snapshot._nodes as readonly Node[])
    .filter(({ tags }) => tags.includes(TAG))
    .map((node) => ({ actor, path, state: node.id, ...questionOf(node) }));
}

function questionOf(node: Node): Pick<Asking, 'question' | 'schema' | 'event' | 'accepts'> {
  const { schema, event, ...question } = node.meta?.input ?? {};
  return { question, schema, event, accepts: event === undefined ? eventsOf([node]) : undefined };
}

/** Is an actor still there, and active, and in the state that asked? */
export function isStillAsking({ actor, state }: Pick<Asking, 'actor' | 'state'>): boolean {
  if (!isLive(actor)) return false;
  const snapshot = actor._snapshot;
  if (state === undefined || !isMachineSnapshot(snapshot)) return true;
  return (snapshot._nodes as readonly Node[]).some(({ id, tags }) => id === state && tags.includes(TAG));
}

const isLive = (actor: LiveActor): boolean =>
  actor._snapshot.status === 'active' && isInTree(actor) && (!actor._parent || isLive(actor._parent));

/** All actors of a system, the root first. */
export function* actorsOf(actor: LiveActor): Iterable<LiveActor> {
  yield actor;
  const snapshot = actor._snapshot;
  if (!isMachineSnapshot(snapshot)) return;
  for (const id in snapshot.children) {
    const child = snapshot.children[id];
    if (child) yield* actorsOf(child);
  }
}

/** The events that the active states of an actor have a transition for. */
export function acceptedEvents({ _snapshot: snapshot }: LiveActor): string[] {
  return isMachineSnapshot(snapshot) && snapshot.status === 'active'
    ? eventsOf(snapshot._nodes as readonly Node[])
    : [];
}

const eventsOf = (nodes: readonly Node[]): string[] =>
  [...new Set(nodes.flatMap((node) => node.ownEvents))].filter((event) => !event.startsWith('xstate.'));

/** The context of a machine's actor. */
export const contextOf = ({ _snapshot: snapshot }: LiveActor): unknown => snapshot.context;

/** The names by which the logic of an actor is found again, from the root down. */
export function sourcesOf(actor: LiveActor): string[] {
  return actor._parent ? [...sourcesOf(actor._parent), String(actor.src)] : [];
}

/** The schema of a question that a machine asks, found without a live actor; `undefined` where it has none, or is gone. */
export function schemaAt(
  machine: AnyStateMachine,
  sources: readonly string[],
  state: string | undefined,
): StandardSchema | undefined {
  const logic = logicAt(machine, sources);
  if (state !== undefined) return nodeAt(logic, state)?.meta?.input?.schema;
  return logic && requestOf(logic)?.schema;
}

/** Does a definition still ask what one of its states asked, or one of its actors? */
export function asksAt(
  machine: AnyStateMachine,
  sources: readonly string[],
  state: string | undefined,
): boolean {
  const logic = logicAt(machine, sources);
  if (state !== undefined) return nodeAt(logic, state)?.tags.includes(TAG) ?? false;
  return logic !== undefined && requestOf(logic) !== undefined;
}

const nodeAt = (logic: object | undefined, id: string): Node | undefined =>
  isMachine(logic) ? (nodeOf(logic, id) as Node | undefined) : undefined;
