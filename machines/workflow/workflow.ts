/** Makes a machine of nodes and edges. */
import type {
  AnyActorRef,
  EventObject,
  MetaObject,
  ParameterizedObject,
  ProvidedActor,
  StateMachine,
} from 'xstate';
import type { StandardSchema } from '../../src/index.ts';
import { WorkflowError } from './errors.ts';
import type { GraphShape } from './graph/definition.ts';
import { graphOf } from './graph/graph.ts';
import { Builder } from './nodes/builder.ts';
import { isConcurrency } from './nodes/check-options.ts';
import type { Entries, Outcome } from './nodes/entries.ts';
import type { Flow } from './nodes/flow.ts';
import { flowMachine } from './run/flow-machine.ts';
import type { AnswerEvent, RetryEvent } from './run/messages.ts';
import type { NodeArgs, PlanOf } from './run/plan.ts';
import type { WorkflowContext } from './run/record.ts';

/** The machine of a workflow: an XState machine like any other, whose children are its nodes, by id. */
export type WorkflowMachine<TInput, TOutput, TEvent extends EventObject = never> = StateMachine<
  WorkflowContext,
  TEvent | AnswerEvent | RetryEvent,
  Record<string, AnyActorRef | undefined>,
  ProvidedActor,
  ParameterizedObject,
  ParameterizedObject,
  string,
  'running' | 'failing' | 'done',
  string,
  TInput,
  TOutput,
  EventObject,
  MetaObject,
  object
>;

type InputOf<S> = S extends StandardSchema<infer In, infer _Out> ? In : unknown;
type ParsedOf<S> = S extends StandardSchema<infer _In, infer Out> ? Out : unknown;

/** What a workflow is made of. */
export interface WorkflowOptions<S, N extends Entries, E extends EventObject, TOutput> {
  readonly id: string;
  readonly version?: string;
  /** Checks what a flow is started with. */
  readonly input?: S;
  /** Adds the nodes, one after another. */
  readonly nodes: (flow: Flow<ParsedOf<S>>) => Flow<ParsedOf<S>, N, E>;
  /** Makes the output of the flow when all nodes have ended. Write it after `nodes`, whose types it takes. */
  readonly output?: (outcome: Outcome<ParsedOf<S>, N>) => TOutput;
  /** How many nodes may work at the same time; those that wait do not count. Default: all that can. */
  readonly concurrency?: number;
}

/**
 * A machine of nodes and edges. Each node is a child actor whose id is the node's, and starts when all that it comes after
 * has ended. It runs with `createActor()`; under a runtime it is durable.
 *
 * @example
 * const order = workflow({
 *   id: 'order',
 *   input: z.object({ lines: z.array(line), total: z.number() }),
 *   nodes: (flow) =>
 *     flow
 *       .map('reserve', { over: ({ input }) => input.lines, run: reserveLine, compensate: releaseLines })
 *       .choice('size', { after: ['reserve'], routes: { large: ({ input }) => input.total > 500, small: true } })
 *       .question('approval', { after: ['size:large'], ask: { prompt: 'Ship it?' }, schema: decision })
 *       .task('ship', { after: ['approval', 'size:small'], input: ({ results }) => results.approval, run: ship }),
 *   output: ({ results }) => results.ship,
 * });
 *
 * @throws WorkflowError for a graph that could never run to its end; it names the node.
 */
export function workflow<
  N extends Entries,
  E extends EventObject = never,
  S extends StandardSchema | undefined = undefined,
  TOutput = undefined,
>(options: WorkflowOptions<S, N, E, TOutput>): WorkflowMachine<InputOf<S>, TOutput, E> {
  const { id, version, input: inputSchema, nodes, output, concurrency } = options;
  if (typeof nodes !== 'function')
    throw new WorkflowError(
      'WORKFLOW_DEFINITION',
      `'nodes' of '${id}' is a function that adds them to a flow.`,
    );
  if (!isConcurrency(concurrency))
    throw new WorkflowError('WORKFLOW_DEFINITION', `'${id}' needs a 'concurrency' of 1 or more.`);
  const builder = new Builder();
  nodes(builder.asFlow());
  const graph: GraphShape = {
    nodes: builder.added.map(({ shape }) => shape),
    ...(concurrency !== undefined && { concurrency }),
  };
  graphOf(graph);
  const plans = new Map(builder.added.map(({ shape, plan }) => [shape.id, plan]));
  const planOf: PlanOf = ({ nodes }, number) => {
    const { id: node } = nodes[number]!;
    const plan = plans.get(node);
    if (plan) return plan;
    throw new WorkflowError('WORKFLOW_NO_NODE', `The workflow '${id}' has no node '${node}' any more.`, node);
  };
  const events = builder.added.flatMap(({ plan: { event } }) => event ?? []);
  return flowMachine({
    id,
    ...(version !== undefined && { version }),
    graph,
    definition: graph,
    ...(inputSchema && { inputSchema }),
    planOf,
    ...(output && { output: output as unknown as (args: NodeArgs) => unknown }),
    works: builder.logics('work'),
    undos: builder.logics('undo'),
    events: [...new Set(events)],
  });
}
