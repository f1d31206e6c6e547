/** The machine of a tool call: one for all tools of an agent. */
import {
  type AnyActorLogic,
  type AnyStateMachine,
  type DoneActorEvent,
  enqueueActions,
  type ErrorActorEvent,
  fromPromise,
  sendParent,
  sendTo,
  setup,
} from 'xstate';
import { retryDelay, type InputQuestion } from '../../../src/index.ts';
import { longestDelayOf, nowOf } from '../../workflow/run/now.ts';
import { AgentError } from '../errors.ts';
import { approvalQuestion, type ApprovalAnswer } from './approval.ts';
import { deniedOutcome, errorOutcome, notStorable, type Outcome } from './outcome.ts';
import type { ToolCall } from './tool.ts';
import type { ToolPlan } from './tool-plan.ts';

/** What a tool call is started with. */
export interface ToolCallInput {
  readonly call: ToolCall;
  /** What tells its effects from those of others with its id. */
  readonly part: string;
  /** Nobody needs to be asked any more. */
  readonly isApproved: boolean;
}

interface CallContext extends ToolCallInput {
  readonly attempts: number;
  /** Its work has begun, and is not at its end. */
  readonly works: boolean;
  /** A person changed the arguments. */
  readonly isEdited?: boolean;
  readonly remember?: boolean;
  readonly outcome?: Outcome;
}

/** To an agent: one of its calls waits for a person, or works again. */
export interface ToolStatusMessage {
  readonly type: 'tool.status';
  readonly child: string;
  readonly status: 'asking' | 'running';
}

/** To a call: end, unless it works. */
interface ToolStopMessage {
  readonly type: 'tool.stop';
}

type CallEvent =
  | ToolStopMessage
  | ToolStatusMessage
  | { readonly type: 'tool.again' }
  | { readonly type: 'tool.late' }
  | DoneActorEvent
  | ErrorActorEvent;

interface Types {
  context?: CallContext;
  events?: CallEvent;
  input?: ToolCallInput;
  output?: Outcome;
}
const types: Types = {};

/** The id of the machine. */
export const TOOL_CALL = 'tool-call';

/** The ids of the actors of a call. */
const WORK = 'work';
const APPROVAL = 'approval';
const LATE = 'late';
const AGAIN = 'again';

const workName = (tool: string): string => `work ${tool}`;
const approvalName = (tool: string): string => `approval ${tool}`;

const STOPPED = 'It was stopped before it began.';

/** The shared machine of the tool calls of an agent. */
export function toolCallMachine(plans: ReadonlyMap<string, ToolPlan>): AnyStateMachine {
  const planOf = ({ call }: CallContext): ToolPlan => {
    const plan = plans.get(call.toolName);
    if (plan) return plan;
    throw new AgentError('AGENT_NO_TOOL', `The agent has no tool '${call.toolName}' any more.`, {
      tool: call.toolName,
      call: call.toolCallId,
    });
  };
  const actors: Record<string, AnyActorLogic> = {
    decide: fromPromise(async ({ input }: { input: ToolCall }) =>
      plans.get(input.toolName)!.policy!.when!(input),
    ),
  };
  for (const { name, work, approval } of plans.values()) {
    actors[workName(name)] = work;
    actors[approvalName(name)] = approval;
  }
  return setup({
    types,
    actors,
    actions: {
      ask: enqueueActions(({ context, enqueue, self }) => {
        const { call } = context;
        let input: InputQuestion;
        try {
          input = approvalQuestion(planOf(context).policy!, call, nowOf(self));
        } catch (error) {
          // Whatever its policy says about a call, nobody has let it happen.
          enqueue.assign({ outcome: errorOutcome(call, error) });
          return;
        }
        enqueue.spawnChild(approvalName(call.toolName), { id: APPROVAL, input });
      }),
      approved: enqueueActions(({ context, event, enqueue }) => {
        const answer = (event as DoneActorEvent<ApprovalAnswer>).output;
        enqueue.stopChild(APPROVAL);
        if (!answer.approve) {
          enqueue.assign({ outcome: deniedOutcome(context.call, answer.reason) });
          return;
        }
        enqueue.assign({
          isApproved: true,
          ...(answer.remember && { remember: true }),
          ...(answer.input !== undefined && {
            call: { ...context.call, input: answer.input },
            isEdited: true,
          }),
        });
      }),
      notApproved: enqueueActions(({ context, event, enqueue }) => {
        enqueue.stopChild(APPROVAL);
        const { error } = event as ErrorActorEvent;
        const reason = error instanceof Error ? error.message : String(error);
        enqueue.assign({ outcome: deniedOutcome(context.call, reason) });
      }),
      /** Also of a policy: where it fails, nobody has let anything happen. */
      failed: enqueueActions(({ context, event, enqueue }) => {
        enqueue.assign({ outcome: errorOutcome(context.call, (event as ErrorActorEvent).error) });
      }),
      work: enqueueActions(({ context, enqueue, self }) => {
        const { call, part } = context;
        const attempts = context.attempts + 1;
        const { timeout, input } = planOf(context);
        enqueue.assign({ attempts, works: true });
        enqueue.spawnChild(workName(call.toolName), {
          id: WORK,
          input: input({ call, part, attempt: attempts }),
        });
        // Timers would take a longer one for none at all, and no process of that kind is there so long.
        if (timeout !== undefined && Number.isFinite(timeout) && timeout <= longestDelayOf(self))
          enqueue.raise({ type: 'tool.late' }, { id: LATE, delay: timeout });
      }),
      worked: enqueueActions(({ context, event, enqueue }) => {
        const { output } = event as DoneActorEvent;
        const { isWrapped, outcome } = planOf(context);
        enqueue.stopChild(WORK);
        enqueue.cancel(LATE);
        try {
          enqueue.assign({ outcome: isWrapped ? (output as Outcome) : outcome(context.call, output) });
        } catch (error) {
          enqueue.assign({ outcome: errorOutcome(context.call, error) });
        }
      }),
      stumbled: enqueueActions(({ context, event, enqueue }) => {
        const { call, attempts } = context;
        const { timeout, retry } = planOf(context);
        enqueue.stopChild(WORK);
        enqueue.cancel(LATE);
        const error =
          event.type === 'tool.late'
            ? tookTooLong(call, timeout!)
            : explained(call, (event as ErrorActorEvent).error);
        const delay = isFinal(error) ? undefined : retryDelay(retry, attempts, error);
        if (delay === undefined) enqueue.assign({ outcome: errorOutcome(call, error) });
        else {
          enqueue.assign({ works: false });
          enqueue.raise({ type: 'tool.again' }, { id: AGAIN, delay });
        }
      }),
      notAnswered: enqueueActions(({ context, enqueue }) => {
        const { call } = context;
        enqueue.stopChild(WORK);
        enqueue.assign({ outcome: errorOutcome(call, tookTooLong(call, planOf(context).timeout!)) });
      }),
      stop: enqueueActions(({ context, enqueue }) => {
        enqueue.stopChild(APPROVAL);
        enqueue.stopChild(WORK);
        enqueue.cancel(AGAIN);
        enqueue.assign({ outcome: deniedOutcome(context.call, STOPPED) });
      }),
      stopAgent: sendTo(WORK, { type: 'stop' }),
      tellStatus: sendParent(({ self, event }): ToolStatusMessage => ({
        type: 'tool.status',
        child: self.id,
        status: (event as ToolStatusMessage).status,
      })),
      tellAsking: sendParent(({ self }): ToolStatusMessage => ({
        type: 'tool.status',
        child: self.id,
        status: 'asking',
      })),
      tellRunning: sendParent(({ self }): ToolStatusMessage => ({
        type: 'tool.status',
        child: self.id,
        status: 'running',
      })),
    },
    guards: {
      isOver: ({ context }) => context.outcome !== undefined,
      mayRun: ({ context }) => context.isApproved || planOf(context).policy === undefined,
      isQuestion: ({ context }) => planOf(context).isQuestion,
      isToBeDecided: ({ context }) => planOf(context).policy?.when !== undefined,
      isToBeAsked: ({ event }) => (event as DoneActorEvent).output !== false,
      works: ({ context }) => context.works,
      isStoppable: ({ context }) => context.works && planOf(context).isAgent,
    },
  }).createMachine({
    id: TOOL_CALL,
    context: ({ input }) => ({ ...input, attempts: 0, works: false }),
    initial: 'called',
    on: { 'tool.stop': { actions: 'stop', target: '.done' } },
    states: {
      called: {
        always: [
          { guard: 'mayRun', target: 'approved' },
          { guard: 'isToBeDecided', target: 'deciding' },
          { target: 'waitingForInput', actions: 'ask' },
        ],
      },
      deciding: {
        invoke: {
          src: 'decide',
          id: 'decide',
          input: ({ context }: { context: CallContext }) => context.call,
          onDone: [
            { guard: 'isToBeAsked', target: 'waitingForInput', actions: 'ask' },
            { target: 'approved' },
          ],
          onError: { target: 'done', actions: 'failed' },
        },
      },
      waitingForInput: {
        entry: 'tellAsking',
        always: { guard: 'isOver', target: 'done' },
        on: {
          'xstate.done.actor.approval': { target: 'approved', actions: ['approved', 'tellRunning'] },
          'xstate.error.actor.approval': { target: 'done', actions: 'notApproved' },
          'xstate.done.actor.work': { target: 'done', actions: 'worked' },
          'xstate.error.actor.work': { target: 'done', actions: 'failed' },
          // Of a question of the model: an approval has no time but its own.
          'tool.late': { target: 'done', actions: 'notAnswered' },
        },
      },
      approved: {
        always: [
          { guard: 'isOver', target: 'done' },
          { guard: 'isQuestion', target: 'waitingForInput', actions: 'work' },
          { target: 'running', actions: 'work' },
        ],
      },
      running: {
        always: { guard: 'isOver', target: 'done' },
        on: {
          'xstate.done.actor.work': { actions: 'worked' },
          'xstate.error.actor.work': { actions: 'stumbled' },
          'tool.late': { actions: 'stumbled' },
          'tool.again': { actions: 'work' },
          // From an agent that is the work.
          'tool.status': { actions: 'tellStatus' },
          // A call that works is not cut off: what it did would be known to nobody.
          'tool.stop': [
            { guard: 'isStoppable', actions: 'stopAgent' },
            { guard: 'works' },
            { target: 'done', actions: 'stop' },
          ],
        },
      },
      done: { type: 'final' },
    },
    output: ({ context }) => {
      const { outcome, isEdited, remember, call } = context;
      return { ...outcome!, ...(isEdited && { input: call.input }), ...(remember && { remember }) };
    },
  });
}

const tookTooLong = ({ toolName: tool, toolCallId: call }: ToolCall, timeout: number): AgentError =>
  new AgentError(
    'AGENT_TOOL_TIMEOUT',
    `The tool '${tool}' (call '${call}') took longer than ${timeout} ms.`,
    {
      tool,
      call,
    },
  );

/** What a store could not keep is named as what the tool gave. */
function explained(call: ToolCall, error: unknown): unknown {
  const { code, path, hint } = (error ?? {}) as { code?: unknown; path?: string; hint?: string };
  if (code !== 'NOT_SERIALIZABLE') return error;
  const within = /(?:result|output)(?:[.[]|$)/.exec(path ?? '');
  const place =
    within === null ? (path ?? '') : `result${path!.slice(within.index).replace(/^(?:result|output)/, '')}`;
  return notStorable(call, place, hint ?? '', error);
}

/** The same again would come to the same, or must not be. */
function isFinal(error: unknown): boolean {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return typeof code === 'string' && (code.startsWith('AGENT_RESULT') || code === 'INTERRUPTED');
}
