/** JSON with references to what is known when a node starts. */
import { WorkflowError } from '../errors.ts';
import type { NodeArgs } from '../run/plan.ts';

interface Reference {
  readonly $: unknown;
}

/** Is it filled in when its node starts? Then what it is cannot be told before. */
export const isReference = (value: object): value is Reference =>
  '$' in value && Object.keys(value).length === 1;

/** The keys that a reference names, from `input` or `results` on. */
function keysOf({ $: given }: Reference, node: string): readonly string[] {
  const keys: unknown = typeof given === 'string' ? given.split('.') : given;
  if (
    Array.isArray(keys) &&
    keys.every((key) => typeof key === 'string') &&
    (keys[0] === 'input' || keys[0] === 'results')
  )
    return keys;
  throw new WorkflowError(
    'WORKFLOW_DEFINITION',
    `A reference in the node '${node}' begins with 'input' or 'results'; it was ${JSON.stringify(given)}.`,
    node,
  );
}

/** Calls `found` for each reference in a template. */
function visit(template: unknown, node: string, found: (keys: readonly string[]) => void): void {
  if (typeof template !== 'object' || template === null) return;
  if (!Array.isArray(template) && isReference(template)) found(keysOf(template, node));
  else for (const part of Object.values(template)) visit(part, node, found);
}

/** Throws `WorkflowError` where a template refers to what its node does not see. `seen`: the ids that it does. */
export function checkTemplate(template: unknown, node: string, seen: ReadonlySet<string>): void {
  visit(template, node, ([from, id]) => {
    if (from === 'results' && id !== undefined && !seen.has(id))
      throw new WorkflowError(
        'WORKFLOW_UNKNOWN_DEPENDENCY',
        `The node '${node}' refers to the result of '${id}', and does not come after it.`,
        node,
      );
  });
}

/** The function that a template stands for. */
export const templateFunction =
  (template: unknown, node: string) =>
  (args: NodeArgs): unknown =>
    filled(template, node, args);

function filled(template: unknown, node: string, args: NodeArgs): unknown {
  if (typeof template !== 'object' || template === null) return template;
  if (Array.isArray(template)) return template.map((part) => filled(part, node, args));
  if (isReference(template)) return at(args, keysOf(template, node));
  return Object.fromEntries(Object.entries(template).map(([key, part]) => [key, filled(part, node, args)]));
}

/** What is there; nothing where it leads nowhere. Only own members count. */
function at(from: unknown, keys: readonly string[]): unknown {
  let value = from;
  for (const key of keys) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = Reflect.get(value, key);
  }
  return value;
}
