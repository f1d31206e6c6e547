/** The machine of a workflow: it holds the graph and what became of its nodes, which are its children. */
import {
  type AnyActorLogic,
  type AnyStateMachine,
  assign,
  type DoneActorEvent,
  enqueueActions,
  type ErrorActorEvent,
  fromPromise,
  setup,
} from 'xstate';
import type { StandardSchema } from '../../../src/index.ts';
import { WorkflowError } from '../errors.ts';
import type { GraphShape } from '../graph/definition.ts';
import { graphOf } from '../graph/graph.ts';
import { checkStorable } from './check-storable.ts';
import { begun, failureOf, recordOf, resultsOf } from './context.ts';
import { endAtOnce } from './end-at-once.ts';
import { keptError } from './kept-error.ts';
import { Ledger } from './ledger.ts';
import type {
  AnswerEvent,
  ExpiredMessage,
  RetryEvent,
  StartMessage,
  StumbledMessage,
  WorkedMessage,
} from './messages.ts';
import { nodeMachine } from './node-machine.ts';
import { nowOf } from './now.ts';
import { answered, awaiting } from './outside.ts';
import type { NodeArgs, PlanOf } from './plan.ts';
import type { WorkflowContext } from './record.ts';
import { Draft } from './records.ts';
import { Scheduler } from './scheduler.ts';
import { checkInput } from './taking.ts';
import { givenIn } from './within.ts';

/** What a workflow's machine is made of. */
export interface FlowParts {
  readonly id: string;
  readonly version?: string;
  readonly graph: GraphShape;
  /** Kept in the machine's `meta.workflow`. */
  readonly definition: object;
  readonly inputSchema?: StandardSchema;
  /** The plan of a node of the graph that a run has, which may be that of another definition. */
  readonly planOf: PlanOf;
  /** Makes the output, of a run with that graph. */
  readonly output?: (args: NodeArgs, graph: GraphShape) => unknown;
  /** The work of nodes, by the names that plans have for it. */
  readonly works: Readonly<Record<string, AnyActorLogic>>;
  /** What undoes the work of nodes, in the same way. */
  readonly undos: Readonly<Record<string, AnyActorLogic>>;
  /** The types of the events that nodes wait for; `*` for any, where a run may bring nodes of its own. */
  readonly events: readonly string[];
}

type FlowEvent =
  | WorkedMessage
  | StartMessage
  | StumbledMessage
  | ExpiredMessage
  | AnswerEvent
  | RetryEvent
  | { readonly type: 'workflow.fail' }
  | DoneActorEvent
  | ErrorActorEvent;

interface Types {
  context?: WorkflowContext;
  events?: FlowEvent;
  input?: unknown;
}
const types: Types = {};

/** The id of the actor that undoes what a node did: no node has it. */
const undoId = (node: string): string => `undo:${node}`;

/** The name of what undoes nothing, and says so: what undoes something has a name with a colon. */
const UNKNOWN = 'unknown';

const unknownUndo = fromPromise(async (): Promise<never> => {
  throw new WorkflowError('WORKFLOW_UNKNOWN_NAME', 'What would undo it is not registered any more.');
});

/** Is it the last of the nodes that says so? What a flow is told after its end is lost, and XState complains. */
const isLast = ({ last }: WorkflowContext, { type }: { readonly type: string }): boolean =>
  type === `xstate.done.actor.${last}`;

/** The machine of a workflow. */
export function flowMachine(parts: FlowParts): AnyStateMachine {
  const { id, version, graph, inputSchema, planOf, works, undos, output } = parts;

  const actors: Record<string, AnyActorLogic> = {
    ...undos,
    node: nodeMachine(works),
    [UNKNOWN]: unknownUndo,
  };
  const machine = setup({
    types,
    actors,
    actions: {
      /** Decides what follows from an event, and tells the nodes. */
      advance: enqueueActions(({ context, event, enqueue, self }) => {
        const ledger = new Ledger(context, nowOf(self));
        const { graph } = context;
        const scheduler = new Scheduler(graphOf(graph), (number) => planOf(graph, number), ledger);
        switch (event.type) {
          case 'workflow.worked':
            scheduler.worked(event.node, event.output);
            break;
          case 'workflow.start':
            scheduler.startAlone(event.node);
            break;
          case 'workflow.stumbled':
            scheduler.stumbled(event.node, event.error, event.timeout);
            break;
          case 'workflow.expired':
            scheduler.expired(event.node, event.isAnew);
            break;
          case 'workflow.answer': {
            const { number, value } = answered(planOf, context, event)!;
            scheduler.told(number, value);
            break;
          }
          case 'workflow.retry':
            scheduler.again(event);
            break;
          case 'xstate.init' as never:
            scheduler.begin();
            break;
          default:
            for (const { number, value } of awaiting(planOf, context, event)) scheduler.told(number, value);
        }
        enqueue.assign(ledger.changes);
        for (const id of ledger.renewed) {
          enqueue.stopChild(id);
          enqueue.spawnChild('node', { id });
        }
        for (const { node, message } of ledger.told) enqueue.sendTo(node, message);
      }),
      undoNext: enqueueActions(({ context, enqueue }) => {
        const [node] = context.undo;
        if (node === undefined) return;
        const { graph, input } = context;
        const { output } = recordOf(context, node);
        const { undo } = planOf(graph, graphOf(graph).numbers.get(node)!);
        // What a run brought along may need what is registered no more.
        const src = Object.hasOwn(undos, undo!) ? undo! : UNKNOWN;
        enqueue.spawnChild(src, { id: undoId(node), input: { input, output } });
      }),
      undone: enqueueActions(({ context, event, enqueue, self }) => {
        const [node, ...others] = context.undo;
        const number = graphOf(context.graph).numbers.get(node!)!;
        const records = new Draft(context.records);
        records.set(number, {
          ...records.get(number),
          ...('error' in event
            ? { undone: 'failed', error: keptError(event.error, node!) }
            : { undone: 'done' }),
        });
        enqueue.assign({ records: records.rows, undo: others });
        enqueue.stopChild(undoId(node!));
        // In an event of its own: what fails in this one would take what it did with it.
        if (others.length === 0) enqueue.sendTo(self, { type: 'workflow.fail' });
      }),
      fail: assign(({ context }) => {
        throw failureOf(context);
      }),
    },
    guards: {
      isAwaited: ({ context, event }) => awaiting(planOf, context, event).length > 0,
      isAnswered: ({ context, event }) =>
        event.type === 'workflow.answer' && answered(planOf, context, event) !== undefined,
      isUndone: ({ context, event }) => event.type.endsWith(`.actor.${undoId(context.undo[0] ?? '')}`),
      hasFailed: ({ context }) => context.failure !== undefined,
      hasEnded: ({ context, event }) => context.left === 0 && isLast(context, event),
      hasStopped: ({ context, event }) => context.undo.length === 0 && isLast(context, event),
    },
  }).createMachine({
    id,
    ...(version !== undefined && { version }),
    meta: { workflow: parts.definition },
    context: ({ input: given, spawn }) => {
      const { input: unchecked, part } = givenIn(given);
      const input = checkInput(id, inputSchema, unchecked);
      for (const node of graph.nodes) spawn('node', { id: node.id });
      return begun(graph, input, part);
    },
    initial: 'running',
    states: {
      running: {
        entry: 'advance',
        always: { guard: 'hasFailed', target: 'failing' },
        on: {
          'xstate.done.actor.*': { guard: 'hasEnded', target: 'done' },
          'workflow.start': { actions: 'advance' },
          'workflow.worked': { actions: 'advance' },
          'workflow.stumbled': { actions: 'advance' },
          'workflow.expired': { actions: 'advance' },
          'workflow.answer': { guard: 'isAnswered', actions: 'advance' },
          'workflow.retry': { actions: 'advance' },
          ...Object.fromEntries(
            parts.events.map((type) => [type, { guard: 'isAwaited', actions: 'advance' } as const]),
          ),
        },
      },
      failing: {
        entry: 'undoNext',
        on: {
          'xstate.done.actor.*': [
            { guard: 'isUndone', actions: 'undone', target: 'failing', reenter: true },
            { guard: 'hasStopped', actions: 'fail' },
          ],
          'xstate.error.actor.*': { guard: 'isUndone', actions: 'undone', target: 'failing', reenter: true },
          'workflow.fail': { actions: 'fail' },
        },
      },
      done: { type: 'final' },
    },
    ...(output && {
      output: ({ context }: { context: WorkflowContext }) => {
        const value = output({ input: context.input, results: resultsOf(context) }, context.graph);
        checkStorable(value, '', 'output');
        return value;
      },
    }),
  });
  endAtOnce(
    machine,
    ({ value, context }, event) =>
      value === 'running' && context.left === 0 && isLast(context as WorkflowContext, event),
  );
  return machine;
}
