/** What a team has to know of those in it, which their machines do not tell. */
import type { AnyStateMachine } from 'xstate';
import { AgentError } from '../errors.ts';
import type { AgentPlan } from '../run/plan.ts';

const plans = new WeakMap<AnyStateMachine, AgentPlan>();

/** An agent was made. */
export const remember = (machine: AnyStateMachine, plan: AgentPlan): void => void plans.set(machine, plan);

/** The agents of a team by their ids. Throws `AgentError` `AGENT_DEFINITION` for a team that could not work. */
export function membersOf(
  team: string,
  agents: readonly AnyStateMachine[],
): ReadonlyMap<string, AnyStateMachine> {
  const refuse = (what: string): never => {
    throw new AgentError('AGENT_DEFINITION', `The team '${team}' ${what}`);
  };
  if (typeof team !== 'string' || team === '') refuse('needs an id.');
  if (!Array.isArray(agents) || agents.length === 0) refuse('needs agents.');
  const members = new Map<string, AnyStateMachine>();
  for (const agent of agents) {
    if (members.has(agent.id)) refuse(`has two agents with the id '${agent.id}'.`);
    if (agent.id === ROUTER) refuse(`has an agent with the id '${ROUTER}', which is that of who chooses.`);
    members.set(agent.id, agent);
  }
  for (const agent of agents) {
    const { isChat = false, tools } = plans.get(agent) ?? {};
    if (isChat) refuse(`has '${agent.id}', which is a chat and never ends. Make the team the chat.`);
    for (const { handOff } of tools?.values() ?? [])
      if (handOff !== undefined && !members.has(handOff))
        refuse(`has '${agent.id}', which hands over to '${handOff}', and no such agent.`);
  }
  return members;
}

/** The id of the actor that chooses who is next. */
export const ROUTER = 'router';
