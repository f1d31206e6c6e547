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

/**
 * Calls `listener` with each piece of what the models of an actor system say: those of the agent, and of the agents that
 * are its tools. Of a run, pass `run.actor`.
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
  return () => void told.delete(listener);
}

/** Tells who listens. What a listener throws is its own affair, and no failure of the model. */
export function tellPart(system: object, part: AgentPart): void {
  for (const listener of listeners.get(system) ?? []) {
    try {
      listener(part);
    } catch (error) {
      setTimeout(() => {
        throw error;
      });
    }
  }
}
