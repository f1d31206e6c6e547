/**
 * An SCXML document (W3C Recommendation of 1 September 2015, ecmascript datamodel) as an XState machine.
 * Written from the Recommendation and from XState's public API; numbers in comments are its sections.
 *
 * Where XState differs, so does the machine: the domain of a transition may be a parallel state, and a
 * region's transition stops those of the parallel state's ancestors even if both could be taken. A `cond`
 * that fails raises error.execution only once a later transition of its state is taken.
 */
import { createMachine, type AnyStateMachine } from 'xstate';
import { initialise } from './assignment.ts';
import { step, steps } from './content.ts';
import {
  allDataOf,
  dataOf,
  isWithin,
  readDocument,
  targetsOf,
  type Document,
  type Node,
} from './document.ts';
import { payloadOf } from './ecmascript.ts';
import { blocksWith, raiseError, type Block } from './execution.ts';
import { copyOf, scopesOf, type Context, type ScopeOf, type ScxmlEvent } from './scope.ts';
import { transitionsOf, type Means } from './transitions.ts';
import { childOf, childrenOf, unsupported, type Xml } from './xml.ts';

export function toMachine(source: string): AnyStateMachine {
  const document = readDocument(source);
  const config = { ...new States(document).state(document.root), context: { data: {} } };
  // What a document says is known at run time alone.
  return createMachine(config as any);
}

/** States (3). */
class States {
  readonly #document: Document;
  readonly #scopeOf: ScopeOf;
  readonly #block: Block;
  readonly #means: Means;

  constructor(document: Document) {
    this.#document = document;
    this.#scopeOf = scopesOf(document);
    this.#block = blocksWith(this.#scopeOf);
    this.#means = { document, scopeOf: this.#scopeOf, block: this.#block };
  }

  state(node: Node): object {
    const { id, xml, type } = node;
    const donedata = childOf(xml, 'donedata');
    const start = type === 'compound' ? this.#initial(node) : undefined;
    const inner = node.children.map((child) =>
      child.type === 'history' ? this.#history(child) : { [child.id]: this.state(child) },
    );
    return {
      id,
      ...((type === 'parallel' || type === 'final') && { type }),
      ...(start && { initial: start.initial }),
      ...(inner.length > 0 && { states: Object.assign({}, ...inner, start?.states) as object }),
      ...(donedata && { output: this.#output(donedata) }),
      ...(type !== 'final' && transitionsOf(node, this.#means)),
      entry: this.#entry(node, donedata),
      exit: this.#exit(node),
    };
  }

  #entry(node: Node, donedata: Xml | undefined): unknown[] {
    const { bindsLate, script } = this.#document;
    const entry = this.#blocks(...childrenOf(node.xml, 'onentry'));
    const data = dataOf(node.xml);
    if (!node.parent) {
      entry.push(this.#block(initialise(bindsLate ? data : allDataOf(node)))); // 5.3.3
      if (script) entry.push(this.#block(step(script)));
    } else if (bindsLate && data.length > 0) {
      entry.unshift(this.#bindOnce(node.id, data));
    }
    const own = this.#askedFor(node);
    // A state is active from before its <onentry> to after its <onexit> (D).
    if (own !== undefined)
      entry.unshift(
        this.#block(({ context }) => {
          context.active = [...(context.active ?? []), own];
        }),
      );
    // `output` gives the data, but only an action can raise its errors (5.5).
    if (donedata) {
      const payload = payloadOf(donedata);
      entry.push(
        this.#block((execution) => void payload(execution.scope, (error) => raiseError(execution, error))),
      );
    }
    return entry;
  }

  #exit(node: Node): unknown[] {
    const exit = this.#blocks(...childrenOf(node.xml, 'onexit'));
    const own = this.#askedFor(node);
    if (own !== undefined)
      exit.push(
        this.#block(({ context }) => {
          context.active = context.active?.filter((one) => one !== own) ?? [];
        }),
      );
    return exit;
  }

  /** The state's id in the document, where a condition may ask whether it is active. */
  #askedFor({ id }: Node): string | undefined {
    return this.#document.usesIn ? this.#document.documentIds.get(id) : undefined;
  }

  /** Binds data when its state is entered for the first time (5.3.3). */
  #bindOnce(id: string, data: readonly Xml[]): unknown {
    const bind = initialise(data);
    return this.#block((execution) => {
      const { context } = execution;
      if (context.bound?.includes(id)) return;
      context.bound = [...(context.bound ?? []), id];
      bind(execution);
    });
  }

  #output(donedata: Xml): (args: { context: Context; event: ScxmlEvent }) => unknown {
    const payload = payloadOf(donedata);
    return ({ context, event }) => payload(this.#scopeOf(copyOf(context), event), () => {});
  }

  /** By the attribute, the element, or document order (3.2, 3.3, 3.6); XState has one target, a child. */
  #initial(node: Node): { initial: unknown; states: object } {
    const element = childOf(node.xml, 'initial');
    const transition = element && childOf(element, 'transition');
    const { attributes } = transition ?? node.xml;
    const named = this.#document.statesIn(attributes[transition ? 'target' : 'initial']);
    const targets =
      named.length > 0 ? named : node.children.filter(({ type }) => type !== 'history').slice(0, 1);
    if (targets.length === 0 || !targets.every((one) => isWithin(one, node)))
      unsupported(`the initial state of '${node.id}'`);
    if (targets.length === 1 && targets[0]!.parent === node)
      return { initial: { target: targets[0]!.id, actions: this.#blocks(transition) }, states: {} };
    const id = `${node.id}$initial`;
    return { initial: id, states: this.#junction(id, targets, transition) };
  }

  /** 3.10; XState's history states have no content for the default transition. */
  #history({ id, xml, parent }: Node): object {
    const transition = childOf(xml, 'transition');
    const targets = this.#document.statesIn(transition?.attributes['target']);
    const own = { id, type: 'history', history: xml.attributes['type'] === 'deep' ? 'deep' : 'shallow' };
    if (!transition || transition.children.length === 0)
      return { [id]: targets.length > 0 ? { ...own, target: targetsOf(targets) } : own };
    if (parent!.type === 'parallel') unsupported('content in a <history> of a parallel state');
    const start = `${id}$default`;
    return { [id]: { ...own, target: `#${start}` }, ...this.#junction(start, targets, transition) };
  }

  /** A state that is left at once, for a default entry that XState has no words for. */
  #junction(id: string, targets: readonly Node[], content: Xml | undefined): object {
    return { [id]: { id, always: { target: targetsOf(targets), actions: this.#blocks(content) } } };
  }

  #blocks(...elements: (Xml | undefined)[]): unknown[] {
    return elements.flatMap((xml) => (xml?.children.length ? [this.#block(steps(xml.children))] : []));
  }
}
