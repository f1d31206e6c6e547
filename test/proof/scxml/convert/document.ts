/** A document's states as a tree, and what is known of it before it runs. */
import { childOf, childrenOf, parse, unsupported, words, type Xml } from './xml.ts';

export interface Node {
  readonly xml: Xml;
  /** Its id in the machine. */
  readonly id: string;
  readonly type: 'atomic' | 'compound' | 'parallel' | 'final' | 'history';
  readonly parent: Node | undefined;
  readonly children: readonly Node[];
}

export interface Document {
  readonly root: Node;
  /** `_name`. */
  readonly name: string | undefined;
  /** Is a state's data bound when the state is entered for the first time (5.3.3)? */
  readonly bindsLate: boolean;
  /** Do its conditions ask which states are active? */
  readonly usesIn: boolean;
  readonly script: Xml | undefined;
  /** Ids in the document, by the machine's. */
  readonly documentIds: ReadonlyMap<string, string>;
  readonly statesIn: (ids: string | undefined) => Node[];
}

/** The id that a state of the document has in the machine. XState ids have no '.', XML ids no '$'. */
export const machineId = (id: string): string => id.replaceAll('.', '$');

export function readDocument(source: string): Document {
  const scxml = parse(source);
  const { datamodel = 'ecmascript', binding, name } = scxml.attributes;
  if (!['ecmascript', 'null'].includes(datamodel)) unsupported(`the datamodel '${datamodel}'`);

  const byId = new Map<string, Node>();
  const documentIds = new Map<string, string>();
  let nameless = 0;
  function tree(xml: Xml, parent?: Node): Node {
    const own = xml.attributes['id'];
    const inner = childrenOf(xml, 'state', 'parallel', 'final', 'history');
    if (childOf(xml, 'invoke')) unsupported('<invoke>');
    const children: Node[] = [];
    // One without an id gets one by its place in the document.
    const id = parent ? machineId(own ?? `$${++nameless}`) : 'scxml';
    const node: Node = { xml, id, type: typeOf(xml, inner.length > 0), parent, children };
    if (parent && own) {
      byId.set(own, node);
      documentIds.set(id, own);
    }
    children.push(...inner.map((child) => tree(child, node)));
    return node;
  }

  return {
    root: tree(scxml),
    name,
    bindsLate: binding === 'late',
    usesIn: /\bIn\s*\(/.test(source),
    script: childOf(scxml, 'script'),
    documentIds,
    statesIn: (ids) => words(ids).map((id) => byId.get(id) ?? unsupported(`'${id}', which is no state,`)),
  };
}

function typeOf({ name }: Xml, hasInner: boolean): Node['type'] {
  if (name === 'parallel' || name === 'final' || name === 'history') return name;
  return hasInner ? 'compound' : 'atomic';
}

/** Is the node inside the ancestor? */
export const isWithin = (node: Node, ancestor: Node): boolean =>
  node.parent !== undefined && (node.parent === ancestor || isWithin(node.parent, ancestor));
export const targetsOf = (nodes: readonly Node[]): string[] => nodes.map(({ id }) => `#${id}`);

export const dataOf = (xml: Xml): Xml[] =>
  childrenOf(xml, 'datamodel').flatMap((model) => childrenOf(model, 'data'));
/** The <data> of a node and of all nodes in it. */
export const allDataOf = (node: Node): Xml[] => [...dataOf(node.xml), ...node.children.flatMap(allDataOf)];
