/** Workflows as data. */
import type { AnyActorLogic, EventObject } from 'xstate';
import { WorkflowError, type WorkflowErrorCode } from '../errors.ts';
import { graphOf } from '../graph/graph.ts';
import { splitReference } from '../graph/references.ts';
import { flowMachine } from '../run/flow-machine.ts';
import type { Plan, PlanOf } from '../run/plan.ts';
import { undoWork } from '../work/undo-work.ts';
import type { WorkflowMachine } from '../workflow.ts';
import { FORMAT, type NodeDefinition, type WorkflowDefinition } from './definition.ts';
import { definitionSchema } from './format.ts';
import { planFrom } from './plan-of.ts';
import { type Registries, registered, undoSource, worksOf } from './registries.ts';
import { checkTemplate, templateFunction } from './template.ts';

/**
 * The machine of a workflow that is written as data. A run keeps the definition that it was started with, and goes on with
 * that one, whatever the machine that it is opened with was made from: only the names must still be registered.
 *
 * @example
 * const jobs = workflowFromJSON(JSON.parse(await readFile('jobs.json', 'utf8')), { tasks: { build, test, ship } });
 *
 * @throws WorkflowError for what is no definition, or of a newer format, and for a graph that could never run to its end,
 * or needs a name that is not registered. It names the node.
 */
export function workflowFromJSON(
  given: unknown,
  registries: Registries,
): WorkflowMachine<unknown, unknown, EventObject> {
  const definition = checkDefinition(given);
  const { id, version, input, nodes, output } = definition;
  const graph = graphOf(definition);
  const planOf = plansBy(registries);
  nodes.forEach((node, number) => {
    planFrom(node, registries);
    const seen = new Set((node.after ?? []).map((reference) => splitReference(reference).id));
    for (const template of templatesOf(node)) checkTemplate(template, node.id, seen);
    planOf(definition, number);
  });
  checkTemplate(output, 'output', new Set(graph.numbers.keys()));
  const inputSchema = input === undefined ? undefined : registered(registries, 'schemas', input, undefined);
  const undos = Object.entries(registries.tasks ?? {}).map(([name, task]): [string, AnyActorLogic] => [
    undoSource(name),
    undoWork(task),
  ]);
  return flowMachine({
    id,
    ...(version !== undefined && { version }),
    graph: definition,
    definition,
    ...(inputSchema && { inputSchema }),
    planOf,
    output: (args, graph) => templateFunction((graph as { output?: unknown }).output, 'output')(args),
    works: worksOf(registries),
    undos: Object.fromEntries(undos),
    // A run that was started with another definition waits for the events of that.
    events: [...new Set(nodes.flatMap((node) => (node.type === 'waitFor' ? node.event : []))), '*'],
  });
}

/** The plans of nodes, made once for each: also of nodes of other definitions, which runs have brought along. */
function plansBy(registries: Registries): PlanOf {
  const plans = new WeakMap<object, Plan>();
  return ({ nodes }, number) => {
    const node = nodes[number] as NodeDefinition;
    let plan = plans.get(node);
    if (!plan) plans.set(node, (plan = planOrFailure(node, registries)));
    return plan;
  };
}

/** A node of an earlier definition may need what is gone: then it fails when it starts, and the run with it. */
function planOrFailure(node: NodeDefinition, registries: Registries): Plan {
  try {
    return planFrom(node, registries);
  } catch (error) {
    return {
      when: () => {
        throw error;
      },
      // What it did before can still be undone, or it is said that it cannot.
      ...('compensate' in node && node.compensate !== undefined && { undo: undoSource(node.compensate) }),
    };
  }
}

function templatesOf(node: NodeDefinition): unknown[] {
  switch (node.type) {
    case 'task':
    case 'subflow':
    case 'loop':
      return [node.input];
    case 'map':
      return [node.over];
    case 'question':
      return [node.ask];
    case 'waitFor':
      return [node.equals];
    case 'wait':
      return [node.for, node.until];
    case 'transform':
      return [node.value];
    case 'choice':
    case 'join':
      return [];
  }
}

/** Throws `WorkflowError` where something is no definition. */
function checkDefinition(given: unknown): WorkflowDefinition {
  const { format } = (given ?? {}) as { readonly format?: unknown };
  if (typeof format === 'number' && format > FORMAT)
    throw new WorkflowError(
      'WORKFLOW_FORMAT',
      `This definition has the format ${format}, and this version of Savepoint reads up to ${FORMAT}. Install a newer one.`,
    );
  const result = definitionSchema.safeParse(given);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const node = nodeAt(given, issue?.path ?? []);
  const where = (issue?.path ?? []).join('.') || 'the definition';
  const of = node === undefined ? '' : ` of the node '${node}'`;
  throw new WorkflowError(
    codeOf(issue?.path ?? []),
    `This is no definition of a workflow: ${where}${of}: ${issue?.message ?? 'unreadable'}.`,
    node,
  );
}

const codeOf = (path: readonly PropertyKey[]): WorkflowErrorCode =>
  path[0] === 'nodes' && path[2] === 'id' ? 'WORKFLOW_NODE_ID' : 'WORKFLOW_DEFINITION';

/** The id of the node that a path leads into. */
function nodeAt(given: unknown, [first, index]: readonly PropertyKey[]): string | undefined {
  if (first !== 'nodes' || typeof index !== 'number') return undefined;
  const { nodes } = given as { readonly nodes?: readonly { readonly id?: unknown }[] };
  const id = nodes?.[index]?.id;
  return typeof id === 'string' ? id : `#${index}`;
}

/**
 * The definition of a workflow that was made with `workflowFromJSON()`.
 *
 * @throws WorkflowError for one that has functions.
 */
export function workflowToJSON(machine: {
  readonly config: { readonly meta?: unknown };
}): WorkflowDefinition {
  const { workflow } = (machine.config.meta ?? {}) as { readonly workflow?: Partial<WorkflowDefinition> };
  if (workflow?.format === undefined)
    throw new WorkflowError(
      'WORKFLOW_NOT_DATA',
      'This machine was not made with workflowFromJSON(): its nodes have functions, which JSON cannot hold.',
      workflow?.nodes?.[0]?.id,
    );
  return structuredClone(workflow as WorkflowDefinition);
}
