/** The machine of a team: agents that speak one after another in one conversation. */
import {
  type AnyActorLogic,
  type AnyStateMachine,
  assign,
  type DoneActorEvent,
  enqueueActions,
  sendTo,
  setup,
} from 'xstate';
import type { AgentOutput } from '../agent.ts';
import { AgentError } from '../errors.ts';
import { firstMessages, fromUser, newsIn, type AgentInput, type AgentMessage } from '../messages.ts';
import type { StopEvent, UserMessageEvent } from '../run/agent-machine.ts';
import { addUsage, nothingUsed, type AgentUsage } from '../usage.ts';
import { seenBy } from './conversation.ts';
import { ROUTER } from './members.ts';

/** The states of a team. */
export type TeamState = 'choosing' | 'speaking' | 'done' | 'failed';

/** What a team knows. */
export interface TeamContext {
  /** What people said, and what the agents answered, each with who said it. Their tool calls are in their own transcripts. */
  readonly messages: readonly AgentMessage[];
  /** The number of the message that a person sent last. */
  readonly heard: number;
  /** Who speaks, or spoke last. */
  readonly speaker?: string | undefined;
  /** How many have spoken since a person was answered last. */
  readonly turns: number;
  /** How many messages there were when it was last asked who is next. */
  readonly asked: number;
  readonly stopping: boolean;
  readonly usage: AgentUsage;
  /** What the one who spoke last came to. */
  readonly last?: AgentOutput<unknown> | undefined;
  /** What it fails with. */
  readonly failure?: Error | undefined;
  /** The state that it goes to. */
  readonly goal: TeamState;
}

/** Who is next: an agent, whoever the router chooses, or nobody. */
type Next = { readonly agent: string } | 'choose' | undefined;

/** What the machine of a team is made of. */
export interface TeamParts {
  readonly id: string;
  readonly version?: string | undefined;
  readonly isChat: boolean;
  readonly members: ReadonlyMap<string, AnyStateMachine>;
  /** Chooses; the first time somebody must be chosen. */
  readonly routers?: { readonly first: AnyStateMachine; readonly next: AnyStateMachine };
  readonly maxTurns: number;
  /** Who is next: at the beginning, and after somebody spoke. */
  readonly nextOf: (context: TeamContext) => Next;
}

type TeamEvent =
  | UserMessageEvent
  | StopEvent
  | { readonly type: 'team.fail' }
  | DoneActorEvent<AgentOutput<unknown>>;

interface Types {
  context?: TeamContext;
  events?: TeamEvent;
  input?: AgentInput | undefined;
}
const types: Types = {};

const states = ['choosing', 'speaking', 'done', 'failed'] as const;

const route = (from: TeamState) =>
  states
    .filter((goal) => goal !== from)
    .map((goal) => ({ guard: { type: 'isFor' as const, params: { goal } }, target: goal }));

/** The machine of a team. */
export function teamMachine(parts: TeamParts): AnyStateMachine {
  const { id, version, isChat, members, routers } = parts;
  const goTo = (context: TeamContext, next: Next): TeamContext => {
    if (next === undefined || context.stopping) return { ...context, goal: 'done', stopping: false };
    if (context.turns >= parts.maxTurns)
      return {
        ...context,
        goal: 'failed',
        failure: new AgentError(
          'AGENT_LIMIT',
          `In the team '${id}' agents have spoken ${context.turns} times and did not come to an end. Raise 'maxTurns', or tell them when to end.`,
          { limit: 'turns' },
        ),
      };
    return next === 'choose'
      ? { ...context, goal: 'choosing', asked: context.messages.length }
      : { ...context, goal: 'speaking', speaker: next.agent };
  };
  const begun = (input: AgentInput | undefined): TeamContext => {
    const isQuiet = isChat && input === undefined;
    const messages = isQuiet ? [] : firstMessages(id, input);
    if (messages.length === 0 && !isChat)
      throw new AgentError(
        'AGENT_INPUT',
        `The team '${id}' is started with { messages }, and there are none.`,
      );
    const context: TeamContext = {
      messages,
      heard: messages.length,
      turns: 0,
      asked: 0,
      stopping: false,
      usage: nothingUsed,
      goal: 'done',
    };
    return messages.length === 0 ? context : goTo(context, parts.nextOf(context));
  };
  const heard = (context: TeamContext, said: UserMessageEvent): TeamContext | undefined => {
    const news = newsIn(context.messages, context.heard, said);
    return news && { ...context, heard: news.heard, messages: [...context.messages, fromUser(news.message)] };
  };
  const actors: Record<string, AnyActorLogic> = {
    ...Object.fromEntries(members),
    ...(routers && { [`${ROUTER}:first`]: routers.first, [`${ROUTER}:next`]: routers.next }),
  };
  return setup({
    types,
    actors,
    actions: {
      choose: enqueueActions(({ context, enqueue }) => {
        const { messages, turns, goal } = context;
        if (goal !== 'choosing') return;
        const ask: AgentMessage = { id: `next-${turns + 1}`, role: 'user', content: 'Who is next?' };
        enqueue.spawnChild(`${ROUTER}:${turns === 0 ? 'first' : 'next'}`, {
          id: ROUTER,
          input: { messages: [...seenBy(ROUTER, messages), ask] },
        });
      }),
      chosen: enqueueActions(({ context, event, enqueue }) => {
        const { object, usage } = (event as DoneActorEvent<AgentOutput<{ next: string }>>).output;
        enqueue.stopChild(ROUTER);
        const counted = { ...context, usage: addUsage(context.usage, usage) };
        const agent = object?.next;
        const isOver = agent === undefined || agent === 'done';
        // A person spoke in while it was asked, and nobody has answered.
        const isUnheard = context.messages.length > context.asked;
        enqueue.assign(goTo(counted, !isOver ? { agent } : isUnheard ? 'choose' : undefined));
      }),
      speak: enqueueActions(({ context, enqueue }) => {
        const { speaker, messages, goal } = context;
        if (goal !== 'speaking') return;
        enqueue.spawnChild(speaker!, { id: speaker!, input: { messages: seenBy(speaker!, messages) } });
      }),
      spoken: enqueueActions(({ context, event, enqueue }) => {
        const { output } = event as DoneActorEvent<AgentOutput<unknown>>;
        const { text, usage, messageId, handOff } = output;
        const from = context.speaker!;
        enqueue.stopChild(from);
        const gone = handOff && `(To ${handOff.to}: ${handOff.reason})`;
        const content = [text, gone].filter(Boolean).join('\n');
        const next: TeamContext = {
          ...context,
          ...(content !== '' && {
            messages: [
              ...context.messages,
              {
                id: messageId || `${from}-${context.messages.length + 1}`,
                role: 'assistant' as const,
                from,
                content,
              },
            ],
          }),
          turns: context.turns + 1,
          usage: addUsage(context.usage, usage),
          last: output,
        };
        enqueue.assign(goTo(next, handOff ? { agent: handOff.to } : parts.nextOf(next)));
      }),
      queue: assign(({ context, event }) => heard(context, event as UserMessageEvent)!),
      told: assign(({ context, event }) => {
        const next = { ...heard(context, event as UserMessageEvent)!, turns: 0 };
        return goTo(next, parts.nextOf(next));
      }),
      forward: sendTo(
        ({ context }) => context.speaker!,
        ({ context, event }) => {
          const { content } = event as UserMessageEvent;
          // By the id that it has here: sent again, it is known.
          return { type: 'user.message', content, id: context.messages.at(-1)!.id };
        },
      ),
      // In an event of its own: what fails in this one would take what it did with it.
      fail: sendTo(({ self }) => self, { type: 'team.fail' }),
      throwFailure: assign(({ context }) => {
        throw context.failure!;
      }),
      stopSoon: assign({ stopping: true }),
      stopSpeaker: sendTo(({ context }) => context.speaker!, { type: 'stop' }),
      stopRouter: sendTo(ROUTER, { type: 'stop' }),
    },
    guards: {
      isFor: ({ context }, { goal }: { goal: TeamState }) => context.goal === goal,
      isNews: ({ context, event }) => heard(context, event as UserMessageEvent) !== undefined,
      isSpeaker: ({ context, event }) => event.type === `xstate.done.actor.${context.speaker}`,
    },
  }).createMachine({
    id,
    ...(version !== undefined && { version }),
    context: ({ input }) => begun(input),
    initial: isChat ? 'done' : routers ? 'choosing' : 'speaking',
    states: {
      choosing: {
        entry: 'choose',
        always: route('choosing'),
        on: {
          [`xstate.done.actor.${ROUTER}`]: { actions: ['chosen', 'choose'] },
          'user.message': { guard: 'isNews', actions: 'queue' },
          stop: { actions: ['stopSoon', 'stopRouter'] },
        },
      },
      speaking: {
        entry: 'speak',
        always: route('speaking'),
        on: {
          'xstate.done.actor.*': { guard: 'isSpeaker', actions: ['spoken', 'speak'] },
          'user.message': { guard: 'isNews', actions: ['queue', 'forward'] },
          stop: { actions: ['stopSoon', 'stopSpeaker'] },
        },
      },
      done: isChat
        ? { always: route('done'), on: { 'user.message': { guard: 'isNews', actions: 'told' } } }
        : { type: 'final' },
      failed: { entry: 'fail', on: { 'team.fail': { actions: 'throwFailure' } } },
    },
    output: ({ context }): AgentOutput<unknown> => {
      const { handOff: _handOff, ...last } = context.last ?? {
        text: '',
        finishReason: 'stopped',
        messageId: '',
      };
      return { ...last, usage: context.usage };
    },
  });
}
