/** A flow that is the work of a node of another, and is so more than once. */
import type { AnyActorLogic } from 'xstate';

/** What a flow is given by the node whose work it is, where it has to be told from what that node did before. */
class Within {
  constructor(
    readonly input: unknown,
    readonly part: string,
  ) {}
}

const isFlow = (logic: AnyActorLogic | undefined): boolean => {
  const { config } = (logic ?? {}) as {
    readonly config?: { readonly meta?: { readonly workflow?: unknown } };
  };
  return config?.meta?.workflow !== undefined;
};

/**
 * The input of a node's work. Where that is a flow, the ids of its effects are told from those of an earlier iteration of
 * the node, or of the time before it was run again: its actors have the same paths.
 */
export const within = (logic: AnyActorLogic | undefined, input: unknown, part: string): unknown =>
  part !== '' && isFlow(logic) ? new Within(input, `/in(${part.slice(1)})`) : input;

/** What a flow was started with, and what tells the ids of its effects. */
export const givenIn = (given: unknown): { readonly input: unknown; readonly part: string } =>
  given instanceof Within ? given : { input: given, part: '' };
