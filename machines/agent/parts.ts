/** What a model says while it says it. */
import type { TextStreamPart, ToolSet } from 'ai';

/** A piece of a message that is being made. Nothing of it is stored: the whole message is, when it is there. */
export interface AgentPart {
  readonly type: 'part';
  /** The id of the message. When a call begins anew, `part` is a `start` again, and what came under this id before is void. */
  readonly messageId: string;
  /** The path of the agent's actor from the root; `''` for the root. */
  readonly agent: string;
  /** As the AI SDK streams it. */
  readonly part: TextStreamPart<ToolSet>;
}

type Listener = (part: AgentPart) => void;

/** Those who listen, by the actor system in which they do. */
const listeners = new WeakMap<object, Set<Listener>>();

/** A call that is not over. */
interface Speaking {
  /** What was told of it so far. */
  said: AgentPart[];
  /** Lets all of it be told, from its beginning: most models speak to nobody, and pieces cost more than the whole. */
  readonly tellAll: () => void;
  isTold: boolean;
}

/** The calls that are not over, by their messages. */
const unfinished = new WeakMap<object, Map<string, Speaking>>();

/**
 * Calls `listener` with each piece of what the models of an actor system say: those of the agent, and of the agents that
 * are its tools; first with what they have said so far in calls that are not over. Of a run, pass `run.actor`.
 *
 * @returns a function that ends it.
 *
 * @example
 * const end = onParts(run.actor, ({ part }) => {
 *   if (part.type === 'text-delta') process.stdout.write(part.text);
 * });
 */
export function onParts(actor: { readonly system: object }, listener: Listener): () => void {
  const { system } = actor;
  const told = listeners.get(system) ?? new Set();
  listeners.set(system, told);
  told.add(listener);
  for (const call of unfinished.get(system)?.values() ?? []) {
    for (const part of call.said) tell(listener, part);
    tellOnce(call);
  }
  return () => void told.delete(listener);
}

/** A call begins. `tellAll` is called once, when somebody listens: now or later. */
export function beginParts(system: object, messageId: string, tellAll: () => void): void {
  const calls = unfinished.get(system) ?? new Map<string, Speaking>();
  unfinished.set(system, calls);
  const call: Speaking = { said: [], tellAll, isTold: false };
  calls.set(messageId, call);
  if ((listeners.get(system)?.size ?? 0) > 0) tellOnce(call);
}

function tellOnce(call: Speaking): void {
  if (call.isTold) return;
  call.isTold = true;
  call.tellAll();
}

/** Tells who listens. */
export function tellPart(system: object, part: AgentPart): void {
  unfinished.get(system)?.get(part.messageId)?.said.push(part);
  for (const listener of listeners.get(system) ?? []) tell(listener, part);
}

/** A call is over, whatever it came to. */
export const endParts = (system: object, messageId: string): void =>
  void unfinished.get(system)?.delete(messageId);

/** What a listener throws is its own affair, and no failure of the model. */
function tell(listener: Listener, part: AgentPart): void {
  try {
    listener(part);
  } catch (error) {
    setTimeout(() => {
      throw error;
    });
  }
}
