/** The picture of a workflow: its nodes and edges, with their states as colours. */
import type { GraphShape, NodeType } from '../graph/definition.ts';
import { ERROR_ROUTE, splitReference } from '../graph/references.ts';
import type { NodeStatus } from '../run/record.ts';
import { quoted } from './text.ts';

const colours: Readonly<Record<NodeStatus, string>> = {
  pending: 'fill:#f4f4f5,stroke:#a1a1aa,color:#3f3f46',
  running: 'fill:#dbeafe,stroke:#2563eb,color:#1e3a8a',
  waitingForInput: 'fill:#fef3c7,stroke:#d97706,color:#78350f',
  done: 'fill:#dcfce7,stroke:#16a34a,color:#14532d',
  failed: 'fill:#fee2e2,stroke:#dc2626,color:#7f1d1d',
  skipped: 'fill:#fafafa,stroke:#d4d4d8,color:#a1a1aa,stroke-dasharray:4',
  cancelled: 'fill:#f5f5f4,stroke:#78716c,color:#57534e,stroke-dasharray:4',
};

const shapes: Readonly<Record<NodeType, readonly [open: string, close: string]>> = {
  task: ['[', ']'],
  subflow: ['[[', ']]'],
  map: ['[/', '/]'],
  loop: ['[\\', '\\]'],
  choice: ['{', '}'],
  join: ['([', '])'],
  question: ['{{', '}}'],
  waitFor: ['>', ']'],
  wait: ['((', '))'],
  transform: ['(', ')'],
};

/** Mermaid's text for a graph. */
export function flowPicture(
  { nodes }: GraphShape,
  statuses: Readonly<Record<string, NodeStatus>> | undefined,
): string {
  // Ids of nodes may hold what Mermaid's may not.
  const names = new Map(nodes.map(({ id }, number) => [id, `n${number}`]));
  const lines = ['flowchart TD'];
  for (const { id, type } of nodes) {
    const [open, close] = shapes[type];
    const status = statuses?.[id];
    lines.push(`  ${names.get(id)}${open}${quoted(id)}${close}${status === undefined ? '' : `:::${status}`}`);
  }
  for (const { id, after = [] } of nodes)
    for (const reference of after) {
      const { id: from, route } = splitReference(reference);
      lines.push(`  ${names.get(from)} ${arrow(route)} ${names.get(id)}`);
    }
  if (statuses) {
    const used = new Set(Object.values(statuses));
    for (const status of used) lines.push(`  classDef ${status} ${colours[status]}`);
  }
  return `${lines.join('\n')}\n`;
}

function arrow(route: string | undefined): string {
  if (route === undefined) return '-->';
  return route === ERROR_ROUTE ? '-. error .->' : `-- ${quoted(route)} -->`;
}
