/** The transitions of a state (3.5, 3.13). */
import { isWithin, machineId, targetsOf, type Document, type Node } from './document.ts';
import { expression, type Evaluate } from './ecmascript.ts';
import { steps } from './content.ts';
import { holds, type Block, type Step } from './execution.ts';
import { copyOf, type Context, type ScopeOf, type ScxmlEvent } from './scope.ts';
import { childrenOf, words, type Xml } from './xml.ts';

/** What the states of one document are converted with. */
export interface Means {
  readonly document: Document;
  readonly scopeOf: ScopeOf;
  readonly block: Block;
}

interface Arrow {
  /** No descriptor: eventless. */
  readonly on: readonly string[];
  readonly condition: Evaluate | undefined;
  readonly config: object;
}

/**
 * XState tries the longest descriptor first, SCXML goes by document order: so each key has, in document
 * order, all transitions that take the key's events.
 */
export function transitionsOf(node: Node, means: Means): object {
  const on: Arrow[] = [];
  const always: Arrow[] = [];
  for (const xml of childrenOf(node.xml, 'transition')) {
    const list = xml.attributes['event'] === undefined ? always : on;
    list.push(arrow(xml, node, list, means));
  }
  const entries = [...new Set(on.flatMap((one) => one.on))].map((key) => {
    const taken = on.filter((one) => one.on.some((general) => covers(general, key)));
    return [key === '' ? '*' : `${key}.*`, taken.map(({ config }) => config)];
  });
  return { always: always.map(({ config }) => config), on: Object.fromEntries(entries) as object };
}

function arrow(xml: Xml, from: Node, earlier: readonly Arrow[], means: Means): Arrow {
  const { document, scopeOf, block } = means;
  const { event, cond, target, type } = xml.attributes;
  const condition = cond === undefined ? undefined : expression(cond);
  const targets = document.statesIn(target);
  // Internal only from a compound state to states in it, else external.
  const isInternal =
    type === 'internal' && from.type === 'compound' && targets.every((one) => isWithin(one, from));
  const guard = ({ context, event }: { context: Context; event: ScxmlEvent }): boolean => {
    try {
      return Boolean(condition!(scopeOf(copyOf(context), event)));
    } catch {
      return false;
    }
  };
  // A guard cannot raise the error of a condition that fails (5.9.1): the transition that is taken
  // instead raises it for those before it.
  const before = earlier.filter((other) => other.condition);
  const errors: Step = (execution) => {
    for (const { on, condition } of before) {
      if (on.length > 0 && !on.some((one) => covers(one, execution.event.type))) continue;
      holds({ ...execution, scope: scopeOf(copyOf(execution.context), execution.event) }, condition!);
    }
  };
  const config = {
    ...(targets.length > 0 && { target: targetsOf(targets), reenter: !isInternal }),
    ...(condition && { guard }),
    actions: [
      ...(before.length > 0 ? [block(errors)] : []),
      ...(xml.children.length > 0 ? [block(steps(xml.children))] : []),
    ],
  };
  return { on: descriptors(event), condition, config };
}

/**
 * XState's descriptors for an `event` attribute without the '.*' that all of them end in, '' for '*'.
 * 'foo', 'foo.' and 'foo.*' are one (3.12.1). XState's done.state.ID is xstate.done.state.ID.
 */
function descriptors(attribute: string | undefined): string[] {
  return words(attribute).flatMap((word) => {
    const name = word.replace(/\.?\*?$/, '');
    if (name === 'done' || name === 'done.state') return [name, `xstate.${name}`];
    const id = /^done\.state\.(.+)$/.exec(name)?.[1];
    return id === undefined ? [name] : [name, `xstate.done.state.${machineId(id)}`];
  });
}

const covers = (general: string, special: string): boolean =>
  general === '' || special === general || special.startsWith(`${general}.`);
