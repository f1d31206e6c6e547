/** Collects the nodes that an author adds. What may be added is checked by the types of `Flow`. */
import type { AnyActorLogic } from 'xstate';
import type { NodeType } from '../graph/definition.ts';
import { addedNode, type AddedNode } from './added.ts';
import type { GivenOptions } from './given-options.ts';
import type { Flow } from './flow.ts';

type Add = (id: string, options: GivenOptions) => Builder;

export class Builder implements Record<NodeType, Add> {
  readonly added: AddedNode[] = [];

  readonly task: Add = this.#adds('task');
  readonly subflow: Add = this.#adds('subflow');
  readonly transform: Add = this.#adds('transform');
  readonly choice: Add = this.#adds('choice');
  readonly join: Add = this.#adds('join');
  readonly map: Add = this.#adds('map');
  readonly loop: Add = this.#adds('loop');
  readonly question: Add = this.#adds('question');
  readonly waitFor: Add = this.#adds('waitFor');
  readonly wait: Add = this.#adds('wait');

  #adds(type: NodeType): Add {
    return (id, options) => {
      this.added.push(addedNode(type, id, options));
      return this;
    };
  }

  /** As its author sees it. */
  asFlow<I>(): Flow<I> {
    return this as unknown as Flow<I>;
  }

  /** The work of the nodes, and what undoes it, by the names that their plans have for it. */
  logics(of: 'work' | 'undo'): Record<string, AnyActorLogic> {
    const logics: Record<string, AnyActorLogic> = {};
    for (const node of this.added) {
      const name = of === 'work' ? node.plan.src : node.plan.undo;
      const logic = node[of];
      if (name !== undefined && logic) logics[name] = logic;
    }
    return logics;
  }
}
