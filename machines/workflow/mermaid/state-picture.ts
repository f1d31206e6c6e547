/** The picture of any machine: its states and transitions, with the active ones in colour. */
import type { AnyStateMachine, StateValue } from 'xstate';
import { label, quoted } from './text.ts';

type Node = AnyStateMachine['root'];

/** Mermaid's text for a machine. */
export function statePicture(machine: AnyStateMachine, value: StateValue | undefined): string {
  const names = new Map<Node, string>();
  nameAll(machine.root, names);
  const lines = ['stateDiagram-v2', ...inside(machine.root, names, '  '), ...arrows(machine.root, names)];
  const active = value === undefined ? [] : activeIn(machine.root, value).map((node) => names.get(node)!);
  if (active.length > 0)
    lines.push(
      '  classDef active fill:#dbeafe,stroke:#2563eb,color:#1e3a8a',
      `  class ${active.join(',')} active`,
    );
  return `${lines.join('\n')}\n`;
}

function nameAll(node: Node, names: Map<Node, string>): void {
  for (const child of Object.values(node.states)) {
    names.set(child, `s${names.size}`);
    nameAll(child, names);
  }
}

/** The states in a state, and where it begins. */
function inside(node: Node, names: ReadonlyMap<Node, string>, indent: string): string[] {
  const children = Object.values(node.states);
  const lines = children.flatMap((child, at) => {
    const name = names.get(child)!;
    const below = inside(child, names, `${indent}  `);
    const head = `${indent}state ${quoted(child.key)} as ${name}`;
    // Mermaid tells regions apart by a line.
    const line = node.type === 'parallel' && at > 0 ? [`${indent}--`] : [];
    if (below.length > 0) return [...line, `${head} {`, ...below, `${indent}}`];
    return [...line, head, ...(child.type === 'final' ? [`${indent}${name} --> [*]`] : [])];
  });
  const first = node.type === 'compound' ? node.initial.target[0] : undefined;
  return first && names.has(first) ? [`${indent}[*] --> ${names.get(first)}`, ...lines] : lines;
}

function arrows(node: Node, names: ReadonlyMap<Node, string>): string[] {
  const from = names.get(node);
  const own = [...node.transitions.values(), node.always ?? []].flat().flatMap((transition) =>
    (transition.target ?? []).flatMap((target) => {
      const to = names.get(target);
      if (from === undefined || to === undefined) return [];
      const event = nameOf(transition.eventType);
      return [`  ${from} --> ${to}${event === '' ? '' : ` : ${label(event)}`}`];
    }),
  );
  return [...own, ...Object.values(node.states).flatMap((child) => arrows(child, names))];
}

/** An event's type, as a person reads it. */
function nameOf(type: string): string {
  const after = /^xstate\.after\.(\d+)\./.exec(type)?.[1];
  return after === undefined
    ? type.replace(/^xstate\.(done|error)\.(actor|state)\./, '$1 ')
    : `after ${after} ms`;
}

/** The innermost states of a state value. */
function activeIn(node: Node, value: StateValue): Node[] {
  const below = typeof value === 'string' ? { [value]: undefined } : value;
  return Object.entries(below).flatMap(([key, inner]) => {
    const child = node.states[key];
    if (!child) return [];
    const deeper = inner === undefined ? [] : activeIn(child, inner);
    return deeper.length > 0 ? deeper : [child];
  });
}
