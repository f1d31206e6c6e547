/** Pictures of machines, in the language of Mermaid. */
import type { AnyStateMachine, StateValue } from 'xstate';
import type { GraphShape } from '../graph/definition.ts';
import { nodeStates } from '../node-states.ts';
import { stateOf } from '../run/state-of.ts';
import { flowPicture } from './flow-picture.ts';
import { statePicture } from './state-picture.ts';

/** What a picture shows. */
export interface MermaidOptions {
  /** What is active, or has become of the nodes: a snapshot, also one that is stored, or a checkpoint. */
  readonly snapshot?: { readonly value?: unknown };
}

/**
 * A picture of a machine as text that Mermaid draws: of a workflow its nodes and edges, of any other its states and
 * transitions. With a snapshot, the states are shown as colours.
 *
 * @example
 * console.log(toMermaid(order, { snapshot: run.getSnapshot() }));
 * // flowchart TD
 * //   n0["charge"]:::done
 * //   …
 */
export function toMermaid(machine: AnyStateMachine, { snapshot }: MermaidOptions = {}): string {
  const { workflow } = (machine.config.meta ?? {}) as { readonly workflow?: GraphShape };
  if (!workflow) return statePicture(machine, snapshot?.value as StateValue | undefined);
  if (!snapshot) return flowPicture(workflow, undefined);
  const statuses = Object.entries(nodeStates(snapshot)).map(([id, { status }]) => [id, status] as const);
  // A run has the graph that it was started with.
  return flowPicture(stateOf(snapshot).context.graph, Object.fromEntries(statuses));
}
