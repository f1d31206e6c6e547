/** The machine of a node: one for all nodes of a workflow. Which of them an actor is, its id tells. */
import {
  type AnyActorLogic,
  type AnyStateMachine,
  type DoneActorEvent,
  enqueueActions,
  type ErrorActorEvent,
  raise,
  sendParent,
  setup,
  spawnChild,
} from 'xstate';
import { EXPIRY, expiry } from './expiry.ts';
import type {
  ExpiredMessage,
  NodeMessage,
  RunMessage,
  StartMessage,
  StumbledMessage,
  WorkedMessage,
} from './messages.ts';
import { longestDelayOf } from './now.ts';
import { within } from './within.ts';

type Work = Omit<RunMessage, 'type' | 'delay'>;

interface DueEvent {
  readonly type: 'node.due';
  readonly work: Work;
  /** How much longer it takes than a timer reaches, in milliseconds. */
  readonly more: number;
}

interface LateEvent {
  readonly type: 'node.late';
  /** In milliseconds. */
  readonly timeout: number;
  /** How much of it is more than a timer reaches. */
  readonly more: number;
}

interface NowEvent {
  readonly type: 'node.now';
}

type NodeEvent = NodeMessage | DueEvent | LateEvent | NowEvent | DoneActorEvent | ErrorActorEvent;

const LATE = 'late';
/** The id of the actor that does a node's work. */
const WORK = 'work';
/** The id of the actor that is a node's question. */
const QUESTION = 'question';

interface Types {
  /** Whether it is for the workflow to say what comes after its work. */
  context?: { readonly asks: boolean };
  events?: NodeEvent;
}
const types: Types = {};

const workOf = ({ src, input, part, asks, timeout }: RunMessage): Work => ({
  ...(src !== undefined && { src, input }),
  ...(part !== undefined && { part }),
  ...(asks && { asks }),
  ...(timeout !== undefined && { timeout }),
});

/** What to raise, and when, for a timeout of which so much is left. */
function lateAfter(timeout: number, left: number, self: object): [LateEvent, { id: string; delay: number }] {
  const delay = Math.min(left, longestDelayOf(self));
  return [
    { type: 'node.late', timeout, more: left - delay },
    { id: LATE, delay },
  ];
}

/** The shared machine of the nodes of a workflow, which finds their work by its name among `works`. */
export function nodeMachine(works: Readonly<Record<string, AnyActorLogic>>): AnyStateMachine {
  const actors: Readonly<Record<string, AnyActorLogic>> = { ...works, [EXPIRY]: expiry };
  return setup({
    types,
    actors,
    actions: {
      run: enqueueActions(({ enqueue, event, self }) => {
        if (event.type !== 'node.run' && event.type !== 'node.due') return;
        const work = event.type === 'node.due' ? event.work : workOf(event);
        const delay = event.type === 'node.due' ? event.more : event.delay;
        const { src, input, part = '', asks, timeout } = work;
        if (delay || src === undefined) {
          const now = Math.min(delay ?? 0, longestDelayOf(self));
          enqueue.raise({ type: 'node.due', work, more: (delay ?? 0) - now }, { delay: now });
          return;
        }
        if (asks) enqueue.assign({ asks });
        enqueue.spawnChild(src, { id: WORK, input: within(works[src], input, part) });
        if (timeout !== undefined) enqueue.raise(...lateAfter(timeout, timeout, self));
      }),
      ask: enqueueActions(({ enqueue, event, self }) => {
        if (event.type !== 'node.ask') return;
        const { src, input, timeout } = event;
        if (src !== undefined) enqueue.spawnChild(src, { id: QUESTION, input });
        if (timeout !== undefined) enqueue.raise(...lateAfter(timeout, timeout, self));
      }),
      waitOn: enqueueActions(({ enqueue, event, self }) => {
        if (event.type === 'node.late') enqueue.raise(...lateAfter(event.timeout, event.more, self));
      }),
      // What the work came to is kept by the workflow.
      clear: enqueueActions(({ enqueue, self }) => {
        for (const id in self.getSnapshot().children) enqueue.stopChild(id);
        enqueue.cancel(LATE);
      }),
      expire: spawnChild(EXPIRY, { id: 'expiry' }),
      tellExpired: sendParent(({ self, event }): ExpiredMessage => ({
        type: 'workflow.expired',
        node: self.id,
        isAnew: 'output' in event && event.output === true,
      })),
      startLater: raise({ type: 'node.now' }, { delay: 0 }),
      tellStart: sendParent(({ self }): StartMessage => ({ type: 'workflow.start', node: self.id })),
      tellWorked: sendParent(({ self, event }): WorkedMessage => ({
        type: 'workflow.worked',
        node: self.id,
        ...('output' in event && { output: event.output }),
      })),
      tellStumbled: sendParent(({ self, event }): StumbledMessage => ({
        type: 'workflow.stumbled',
        node: self.id,
        ...('error' in event && { error: event.error }),
        ...(event.type === 'node.late' && { timeout: event.timeout }),
      })),
    },
    guards: {
      isEarly: ({ event }) => event.type === 'node.late' && event.more > 0,
      asks: ({ context }) => context.asks,
      isWork: ({ event }) => event.type === 'node.due' && (event.more > 0 || event.work.src !== undefined),
    },
  }).createMachine({
    id: 'node',
    context: { asks: false },
    initial: 'pending',
    on: {
      'node.done': { target: '.done', actions: 'clear' },
      'node.failed': { target: '.failed', actions: 'clear' },
      'node.skipped': { target: '.skipped', actions: 'clear' },
      'node.cancelled': { target: '.cancelled', actions: 'clear' },
    },
    states: {
      pending: {
        on: {
          'node.run': { target: 'running', actions: 'run' },
          'node.ask': { target: 'waitingForInput', actions: 'ask' },
          'node.later': { actions: 'startLater' },
          'node.now': { actions: 'tellStart' },
        },
      },
      running: {
        on: {
          'node.run': { actions: ['clear', 'run'] },
          'node.expire': { actions: 'expire' },
          'xstate.done.actor.expiry': { actions: ['clear', 'tellExpired'] },
          'node.due': [
            { guard: 'isWork', actions: 'run' },
            { target: 'done', actions: 'tellWorked' },
          ],
          'xstate.done.actor.work': [
            { guard: 'asks', actions: ['clear', 'tellWorked'] },
            { target: 'done', actions: ['clear', 'tellWorked'] },
          ],
          'xstate.error.actor.work': { actions: ['clear', 'tellStumbled'] },
          'node.late': [{ guard: 'isEarly', actions: 'waitOn' }, { actions: ['clear', 'tellStumbled'] }],
        },
      },
      waitingForInput: {
        on: {
          'node.ask': { actions: 'ask' },
          'node.expire': { actions: 'expire' },
          'xstate.done.actor.expiry': { actions: ['clear', 'tellExpired'] },
          'xstate.done.actor.question': { target: 'done', actions: ['clear', 'tellWorked'] },
          'xstate.error.actor.question': { actions: ['clear', 'tellStumbled'] },
          'node.late': [{ guard: 'isEarly', actions: 'waitOn' }, { actions: ['clear', 'tellStumbled'] }],
        },
      },
      done: { type: 'final' },
      failed: { type: 'final' },
      skipped: { type: 'final' },
      cancelled: { type: 'final' },
    },
  });
}
