/** Agents that share a conversation, and give it to each other. */
import type {
  AnyActorRef,
  EventObject,
  MetaObject,
  ParameterizedObject,
  ProvidedActor,
  StateMachine,
} from 'xstate';
import type { AgentMachine, AgentOutput } from '../agent.ts';
import type { AgentInput } from '../messages.ts';
import type { StopEvent, UserMessageEvent } from '../run/agent-machine.ts';
import { membersOf } from './members.ts';
import { teamMachine, type TeamContext, type TeamState } from './team-machine.ts';

/** The machine of a team: its children are the agents that speak, by their ids. */
export type TeamMachine<TObject = undefined> = StateMachine<
  TeamContext,
  UserMessageEvent | StopEvent,
  Record<string, AnyActorRef | undefined>,
  ProvidedActor,
  ParameterizedObject,
  ParameterizedObject,
  string,
  TeamState,
  string,
  AgentInput | undefined,
  AgentOutput<TObject>,
  EventObject,
  MetaObject,
  object
>;

/** Who may be in a team: an agent, or a team. */
export type Member<TObject = unknown> = AgentMachine<TObject> | TeamMachine<TObject>;

/** What the answers of a member are made into by the schema of its output. */
export type ObjectOf<TMember> = TMember extends Member<infer TObject> ? TObject : never;

/** What a team is made of. */
export interface TeamOptions<TMembers extends readonly Member[]> {
  readonly id: string;
  readonly version?: string;
  /** The first one has the conversation first. */
  readonly agents: TMembers;
  /** It takes message after message; whoever has the conversation answers. Default: it ends with the first answer. */
  readonly chat?: boolean;
  /** How often agents may speak, one after another, until a person is answered. Default 20. */
  readonly maxTurns?: number;
}

/**
 * A machine of agents that give the conversation to each other, by tools that `handOff()` makes. One of them has it at a
 * time; the one that answers without giving it away, answers for all.
 *
 * @example
 * const triage = agent({ id: 'triage', model, tools: { toBilling: handOff('billing') } });
 * const billing = agent({ id: 'billing', model, tools: { refund, toTriage: handOff('triage') } });
 * const desk = team({ id: 'desk', agents: [triage, billing], chat: true });
 *
 * @throws AgentError `AGENT_DEFINITION` for a team that could not work, such as one with a hand-off to nobody.
 */
export function team<const TMembers extends readonly Member[]>(
  options: TeamOptions<TMembers>,
): TeamMachine<ObjectOf<TMembers[number]>> {
  const { id, version, agents, chat = false, maxTurns = 20 } = options;
  const members = membersOf(id, agents);
  return teamMachine({
    id,
    version,
    isChat: chat,
    members,
    maxTurns,
    nextOf: ({ turns, speaker }) => (turns === 0 ? { agent: speaker ?? agents[0]!.id } : undefined),
  });
}
