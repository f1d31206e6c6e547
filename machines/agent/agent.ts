/** Makes the machine of an agent. */
import type {
  AnyActorRef,
  EventObject,
  MetaObject,
  ParameterizedObject,
  ProvidedActor,
  StateMachine,
} from 'xstate';
import type { AgentInput } from './messages.ts';
import { modelLogic } from './model/ask-model.ts';
import type { AgentOptions } from './options.ts';
import { agentMachine, type StopEvent, type UserMessageEvent } from './run/agent-machine.ts';
import { answerLogic } from './run/answer.ts';
import type { AgentContext, AgentState, HandOff } from './run/context.ts';
import { planOf } from './run/plan.ts';
import { remember } from './team/members.ts';
import { offered } from './tools/offered.ts';
import { toolsOf } from './tools/tools-of.ts';
import type { AgentUsage } from './usage.ts';

/** What an agent that is no chat comes to. The transcript is in its context. */
export interface AgentOutput<TObject = undefined> {
  readonly text: string;
  /** What the schema of the output made of it; without one, or where the agent was stopped, nothing. */
  readonly object?: TObject;
  /** Of the last model call; `stopped` where somebody stopped it. */
  readonly finishReason: string;
  readonly usage: AgentUsage;
  /** The id of the message that is the answer; `''` where it was stopped before there was one. */
  readonly messageId: string;
  /** It gave the conversation to another, and has no answer of its own. */
  readonly handOff?: HandOff;
}

/** The machine of an agent: an XState machine like any other, whose children are its tool calls, by their ids. */
export type AgentMachine<TObject = undefined> = StateMachine<
  AgentContext,
  UserMessageEvent | StopEvent,
  Record<string, AnyActorRef | undefined>,
  ProvidedActor,
  ParameterizedObject,
  ParameterizedObject,
  string,
  AgentState,
  string,
  AgentInput | undefined,
  AgentOutput<TObject>,
  EventObject,
  MetaObject,
  object
>;

/**
 * A machine that thinks with a model, calls tools, and waits for people. It runs with `createActor()`; under a runtime it is
 * durable: each model call and each tool call is a checkpoint, and none that is finished is made again.
 *
 * @example
 * const researcher = agent({
 *   id: 'researcher',
 *   model: openai('gpt-5'),
 *   instructions: 'You find things out.',
 *   tools: { search, send: { ...send, approval: true } },
 *   limits: { tokens: 100_000 },
 * });
 * const run = await runtime.start(researcher, { input: { prompt: 'Who was Ada?' } });
 *
 * @throws AgentError `AGENT_DEFINITION` for options that do not fit.
 */
export function agent<TObject = undefined>(options: AgentOptions<TObject>): AgentMachine<TObject> {
  const plan = planOf(options);
  const tools = toolsOf(options);
  const {
    version,
    description,
    model,
    models,
    instructions,
    output,
    settings = {},
    timeout = 600_000,
  } = options;
  const machine: AgentMachine<TObject> = agentMachine({
    ...(version !== undefined && { version }),
    ...(description !== undefined && { description }),
    plan,
    model: modelLogic({
      model,
      models,
      instructions,
      tools: () => offered(tools),
      output,
      settings,
      timeout,
    }),
    answer: output && answerLogic(output),
  });
  remember(machine, plan);
  return machine;
}
