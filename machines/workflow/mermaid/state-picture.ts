/** The picture of any machine: its states and transitions, with the active ones in colour. */
import type { AnyStateMachine, StateValue } from 'xstate';
import { quoted } from './text.ts';
import { transitionLabel } from './transition-label.ts';

type Node = AnyStateMachine['root'];

/** Mermaid's text for a machine. */
export function statePicture(machine: AnyStateMachine, value: StateValue | undefined): string {
  const { root } = machine;
  const names = new Map<Node, string>();
  // Mermaid has regions, and arrows from all that is inside, for states alone: there the machine is one of its own.
  const isState = root.type === 'parallel' || targetsOf(root).length > 0;
  if (isState) names.set(root, 's0');
  nameAll(root, names);
  const states = isState ? whole(root, names, '  ') : inside(root, names, '  ');
  const lines = ['stateDiagram-v2', ...states, ...arrows(root, names)];
  const active = value === undefined ? [] : activeIn(root, value).map((node) => names.get(node)!);
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

/** A state, with what is in it. */
function whole(node: Node, names: ReadonlyMap<Node, string>, indent: string): string[] {
  const name = names.get(node)!;
  const below = inside(node, names, `${indent}  `);
  const head = `${indent}state ${quoted(titleOf(node))} as ${name}`;
  return below.length > 0 ? [`${head} {`, ...below, `${indent}}`] : [head];
}

/** The states in a state, and where it begins and ends. */
function inside(node: Node, names: ReadonlyMap<Node, string>, indent: string): string[] {
  const first = node.type === 'compound' ? node.initial.target : [];
  const begin = first.flatMap((target) => (names.has(target) ? `${indent}[*] --> ${names.get(target)}` : []));
  const states = Object.values(node.states).flatMap((child, at) => [
    // Mermaid tells regions apart by a line.
    ...(node.type === 'parallel' && at > 0 ? [`${indent}--`] : []),
    ...whole(child, names, indent),
    ...(child.type === 'final' ? [`${indent}${names.get(child)} --> [*]`] : []),
  ]);
  return [...begin, ...states];
}

/** Mermaid has no sign for a history; UML has an H, and H* where it goes all the way down. */
function titleOf({ type, history, key }: Node): string {
  return type === 'history' ? `${key} (${history === 'deep' ? 'H*' : 'H'})` : key;
}

type Transition = NonNullable<Node['always']>[number];

const transitionsOf = (node: Node): Transition[] => [...node.transitions.values(), node.always ?? []].flat();

const targetsOf = (node: Node): Node[] => transitionsOf(node).flatMap(({ target }) => target ?? []);

function arrows(node: Node, names: ReadonlyMap<Node, string>): string[] {
  const from = names.get(node);
  const arrow = (target: Node, label: string): string[] => {
    const to = names.get(target);
    return from === undefined || to === undefined ? [] : [`  ${from} --> ${to}${label && ` : ${label}`}`];
  };
  return [
    ...transitionsOf(node).flatMap((transition) =>
      (transition.target ?? []).flatMap((target) => arrow(target, transitionLabel(transition))),
    ),
    ...Object.values(node.states).flatMap((child) => arrows(child, names)),
  ];
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
