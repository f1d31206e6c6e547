/** The machine of an agent. */
import {
  type AnyActorLogic,
  type AnyActorRef,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  assign,
  type DoneActorEvent,
  enqueueActions,
  type ErrorActorEvent,
  sendTo,
  setup,
} from 'xstate';
import { inputRequest, parentOf } from '../../../src/index.ts';
import { nowOf } from '../../workflow/run/now.ts';
import { AgentError } from '../errors.ts';
import { MEMORY, notesIn } from '../memory/note-tools.ts';
import { summaryDue } from '../memory/summary.ts';
import type { AgentInput, UserMessage } from '../messages.ts';
import type { FailedCall, ModelInput } from '../model/ask-model.ts';
import type { Heard, HeardSummary } from '../model/heard.ts';
import type { Outcome } from '../tools/outcome.ts';
import {
  TOOL_CALL,
  toolCallMachine,
  type ToolCallInput,
  type ToolStatusMessage,
} from '../tools/tool-call-machine.ts';
import { answered, checked, type Checked } from './answer.ts';
import { begun, newlyTold, nextLoop, queued } from './begin.ts';
import { begunCalls, callEnded, callStands, callsStopped, startable } from './calls.ts';
import type { AgentContext, AgentState } from './context.ts';
import { finished } from './finish.ts';
import { limitSchema, type LimitAnswer } from './limits.ts';
import { modelFailed, modelHeard, summaryHeard } from './model-heard.ts';
import type { AgentPlan } from './plan.ts';

/** A person says something. What comes while the agent works is delivered before its next loop. */
export interface UserMessageEvent {
  readonly type: 'user.message';
  readonly content: UserMessage['content'];
  /** The same id twice is one message. */
  readonly id?: string;
}

/** Ends the turn after the call that is being made. What was done is kept. */
export interface StopEvent {
  readonly type: 'stop';
}

type AgentEvent =
  | UserMessageEvent
  | StopEvent
  | ToolStatusMessage
  | { readonly type: 'agent.again' | 'agent.fail' }
  | DoneActorEvent
  | ErrorActorEvent;

interface Types {
  context?: AgentContext;
  events?: AgentEvent;
  input?: AgentInput | undefined;
}
const types: Types = {};

/** What the machine of an agent is made of. */
export interface AgentParts {
  readonly version?: string;
  readonly description?: string;
  readonly plan: AgentPlan;
  readonly model: AnyActorLogic;
  /** Checks answers, where there is a schema for them. */
  readonly answer: AnyActorLogic | undefined;
}

const states = ['thinking', 'callingTools', 'waitingForInput', 'answering', 'done', 'failed'] as const;

/** To wherever it is to be next. */
const route = (from: AgentState) =>
  states
    .filter((goal) => goal !== from)
    .map((goal) => ({ guard: { type: 'isFor' as const, params: { goal } }, target: goal }));

const childOf = ({ type }: { readonly type: string }): string =>
  type.slice(type.indexOf('.actor.') + '.actor.'.length);

/** The tool call whose work an agent is, where it is the tool of another. */
function callAbove(agent: AnyActorRef): AnyActorRef | undefined {
  const parent = parentOf(agent);
  const { machine } = (parent?.getSnapshot() ?? {}) as { readonly machine?: { readonly id: string } };
  return machine?.id === TOOL_CALL ? parent : undefined;
}

/** The notes, as they are now: what ends takes its actors with it. */
function keptNotes(agent: AnyActorRef): Pick<AgentContext, 'notes'> | object {
  const { children } = agent.getSnapshot() as AnyMachineSnapshot;
  const memory = children[MEMORY] as AnyActorRef | undefined;
  return memory ? { notes: notesIn(memory) } : {};
}

/** The machine of an agent: its states read as what it does, and its tool calls are its children. */
export function agentMachine({ version, description, plan, model, answer }: AgentParts): AnyStateMachine {
  const { id, isChat, hasOutput, memory } = plan;
  const { notes } = memory;
  const actors: Record<string, AnyActorLogic> = {
    model,
    toolCall: toolCallMachine(plan.tools),
    limit: inputRequest({ schema: limitSchema }),
    ...(answer && { answer }),
    ...(notes && { [MEMORY]: notes }),
  };
  return setup({
    types,
    actors,
    actions: {
      heard: enqueueActions(({ context, event, enqueue, self }) => {
        const said = (event as DoneActorEvent<Heard | HeardSummary | FailedCall>).output;
        enqueue.stopChild('model');
        if ('error' in said) {
          const { next, delay } = modelFailed(context, plan, said);
          enqueue.assign(next);
          if (delay !== undefined) enqueue.raise({ type: 'agent.again' }, { id: 'again', delay });
          return;
        }
        const next =
          'summary' in said
            ? summaryHeard(context, plan, said)
            : modelHeard(context, plan, said, nowOf(self));
        enqueue.assign(next);
        // There was a summary to be made first, or none of its calls could be made, and it is to think again.
        if (next.goal === 'thinking') enqueue.raise({ type: 'agent.again' });
      }),
      again: assign(({ context }) => (context.retry ? { retry: { ...context.retry, isDue: true } } : {})),
      modelBroke: assign(({ event }) => {
        const { error } = event as ErrorActorEvent;
        const why = error instanceof Error ? error.message : String(error);
        const failure = new AgentError(
          'AGENT_MODEL',
          `What the model of '${id}' said cannot be kept: ${why}`,
        );
        return { failure, goal: 'failed' as const };
      }),
      startCalls: enqueueActions(({ context, enqueue }) => {
        const calls = startable(context, plan);
        if (calls.length === 0) return;
        // The turn of the effect that made the calls: by it those of different loops with one id are told apart.
        const message = context.messages.findLast(({ role }) => role === 'assistant')!.id;
        const part = message.slice(message.lastIndexOf(':'));
        for (const { child, toolCallId, toolName, input } of calls) {
          const isApproved = context.remembered.includes(toolName);
          const given: ToolCallInput = { call: { toolCallId, toolName, input }, part, isApproved };
          enqueue.spawnChild('toolCall', { id: child, input: given });
        }
        enqueue.assign(begunCalls(context, calls));
      }),
      callEnded: enqueueActions(({ context, event, enqueue, self }) => {
        const child = childOf(event);
        const ended =
          'output' in event
            ? { outcome: event.output as Outcome }
            : { error: (event as ErrorActorEvent).error };
        enqueue.stopChild(child);
        enqueue.assign(callEnded(context, plan, child, ended, nowOf(self)));
        enqueue.assign(keptNotes(self));
      }),
      callStands: assign(({ context, event }) => {
        const { child, status } = event as ToolStatusMessage;
        return callStands(context, child, status);
      }),
      askForMore: enqueueActions(({ context, enqueue }) => {
        const { limit } = context;
        if (limit === undefined) return;
        enqueue.spawnChild('limit', {
          id: 'limit',
          input: {
            prompt: `'${id}' is past its limit of ${limit}. How much more may it use?`,
            details: { limit },
          },
        });
      }),
      beginWaiting: enqueueActions(({ enqueue, self }) => {
        enqueue.assign({ waiting: nowOf(self) });
        const call = callAbove(self);
        if (call) enqueue.sendTo(call, { type: 'tool.status', child: self.id, status: 'asking' });
      }),
      endWaiting: enqueueActions(({ context, enqueue, self }) => {
        const { waiting, turn } = context;
        enqueue.assign({
          waiting: undefined,
          turn: { ...turn, waited: turn.waited + nowOf(self) - waiting! },
        });
        const call = callAbove(self);
        if (call) enqueue.sendTo(call, { type: 'tool.status', child: self.id, status: 'running' });
      }),
      moreAllowed: enqueueActions(({ context, event, enqueue, self }) => {
        const { more } = (event as DoneActorEvent<LimitAnswer>).output;
        const { limit, allowed } = context;
        enqueue.stopChild('limit');
        if (limit === undefined) return;
        if (more === false) {
          const failure = new AgentError('AGENT_LIMIT', `'${id}' may use no more ${limit}.`, { limit });
          enqueue.assign({ failure, goal: 'failed' });
          return;
        }
        const next = { ...context, allowed: { ...allowed, [limit]: allowed[limit] + more } };
        enqueue.assign(nextLoop(next, plan, nowOf(self)));
      }),
      answered: assign(({ context, self }) => answered(context, plan, context.answer!, nowOf(self))),
      checked: assign(({ context, event, self }) =>
        checked(context, plan, (event as DoneActorEvent<Checked>).output, nowOf(self)),
      ),
      notChecked: assign(({ context, event, self }) => {
        const { error } = event as ErrorActorEvent;
        return checked(
          context,
          plan,
          { misfit: error instanceof Error ? error.message : String(error) },
          nowOf(self),
        );
      }),
      queue: assign(({ context, event }) => queued(context, event as UserMessageEvent)!),
      told: assign(({ context, event, self }) =>
        newlyTold(queued(context, event as UserMessageEvent)!, plan, nowOf(self)),
      ),
      stopSoon: assign({ stopping: true }),
      stopNow: enqueueActions(({ context, enqueue }) => {
        enqueue.cancel('again');
        enqueue.stopChild('limit');
        enqueue.assign(finished(context));
      }),
      stopCalls: enqueueActions(({ context, enqueue, self }) => {
        for (const { child, status } of context.open)
          if (status === 'asking' || status === 'running') enqueue.sendTo(child, { type: 'tool.stop' });
        enqueue.assign(callsStopped(context, plan, nowOf(self)));
      }),
      // In an event of its own: what fails in this one would take what it did with it.
      fail: sendTo(({ self }) => self, { type: 'agent.fail' }),
      throwFailure: assign(({ context }) => {
        throw context.failure!;
      }),
    },
    guards: {
      isFor: ({ context }, { goal }: { goal: AgentState }) => context.goal === goal,
      isNews: ({ context, event }) => queued(context, event as UserMessageEvent) !== undefined,
      isCall: ({ context, event }) => context.open.some(({ child }) => child === childOf(event)),
      isBetweenTries: ({ context }) => context.retry?.isDue === false,
      asksForMore: ({ context }) => context.limit !== undefined,
    },
  }).createMachine({
    id,
    ...(version !== undefined && { version }),
    ...(description !== undefined && { description }),
    context: ({ input, self }) => begun(plan, input, nowOf(self)),
    ...(notes && {
      invoke: { src: MEMORY, id: MEMORY, input: ({ context }: { context: AgentContext }) => context.notes },
    }),
    initial: isChat ? 'done' : 'thinking',
    on: { 'user.message': { guard: 'isNews', actions: 'queue' } },
    states: {
      thinking: {
        always: route('thinking'),
        invoke: {
          src: 'model',
          id: 'model',
          input: ({ context }: { context: AgentContext }): ModelInput => ({
            call: context.calls + 1,
            ...(context.retry && { id: context.retry.id }),
            ...summaryDue(context, plan),
          }),
          onDone: { actions: 'heard' },
          onError: { actions: 'modelBroke' },
        },
        on: {
          'agent.again': { target: 'thinking', reenter: true, actions: 'again' },
          stop: [{ guard: 'isBetweenTries', actions: 'stopNow' }, { actions: 'stopSoon' }],
        },
      },
      callingTools: {
        entry: 'startCalls',
        always: route('callingTools'),
        on: {
          'xstate.done.actor.*': { guard: 'isCall', actions: ['callEnded', 'startCalls'] },
          'xstate.error.actor.*': { guard: 'isCall', actions: ['callEnded', 'startCalls'] },
          'tool.status': { actions: ['callStands', 'startCalls'] },
          stop: { actions: 'stopCalls' },
        },
      },
      waitingForInput: {
        entry: ['beginWaiting', 'askForMore'],
        exit: 'endWaiting',
        always: route('waitingForInput'),
        on: {
          'xstate.done.actor.limit': { actions: 'moreAllowed' },
          'xstate.done.actor.*': { guard: 'isCall', actions: ['callEnded', 'startCalls'] },
          'xstate.error.actor.*': { guard: 'isCall', actions: ['callEnded', 'startCalls'] },
          'tool.status': { actions: 'callStands' },
          stop: [{ guard: 'asksForMore', actions: 'stopNow' }, { actions: 'stopCalls' }],
        },
      },
      answering: {
        always: route('answering'),
        on: { stop: { actions: 'stopSoon' } },
        ...(hasOutput
          ? {
              invoke: {
                src: 'answer',
                id: 'answer',
                input: ({ context }: { context: AgentContext }) => context.answer!.text,
                onDone: { actions: 'checked' },
                onError: { actions: 'notChecked' },
              },
            }
          : { entry: 'answered' }),
      },
      done: isChat
        ? {
            always: route('done'),
            on: { 'user.message': { guard: 'isNews', actions: 'told' } },
          }
        : { type: 'final' },
      failed: { entry: 'fail', on: { 'agent.fail': { actions: 'throwFailure' }, 'user.message': {} } },
    },
    output: ({ context }) => {
      const { answer, usage } = context;
      const { id: messageId, text, object, finishReason, handOff } = answer!;
      return {
        text,
        ...(object !== undefined && { object }),
        finishReason,
        usage,
        messageId,
        ...(handOff && { handOff }),
      };
    },
  });
}
