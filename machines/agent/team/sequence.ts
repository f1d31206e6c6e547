/** Agents, one after another. */
import { membersOf } from './members.ts';
import { teamMachine } from './team-machine.ts';
import type { Member, ObjectOf, TeamMachine, TeamOptions } from './team.ts';

type LastOf<T extends readonly unknown[]> = T extends readonly [...unknown[], infer L] ? L : T[number];

/**
 * A machine in which each agent speaks once, in order, and hears all that was said before. The answer of the last one is
 * the answer.
 *
 * @example
 * const essay = sequence({ id: 'essay', agents: [researcher, writer, editor] });
 * const run = await runtime.start(essay, { input: { prompt: 'Owls' } });
 *
 * @throws AgentError `AGENT_DEFINITION` for agents that could not work together.
 */
export function sequence<const TMembers extends readonly Member[]>({
  id,
  version,
  agents,
  chat = false,
}: Omit<TeamOptions<TMembers>, 'maxTurns'>): TeamMachine<ObjectOf<LastOf<TMembers>>> {
  const members = membersOf(id, agents);
  return teamMachine({
    id,
    version,
    isChat: chat,
    members,
    maxTurns: Infinity,
    nextOf: ({ turns }) => {
      const next = agents[turns];
      return next && { agent: next.id };
    },
  });
}
