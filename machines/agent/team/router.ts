/** Agents of which a model chooses who is next. */
import { jsonSchema, type FlexibleSchema } from 'ai';
import { agent } from '../agent.ts';
import type { AgentOptions } from '../options.ts';
import { membersOf, ROUTER } from './members.ts';
import { teamMachine } from './team-machine.ts';
import type { Member, ObjectOf, TeamMachine, TeamOptions } from './team.ts';

/** What a router is made of. */
export interface RouterOptions<TMembers extends readonly Member[]>
  extends
    TeamOptions<TMembers>,
    Pick<AgentOptions, 'model' | 'models' | 'limits' | 'retry' | 'timeout' | 'settings'> {
  /** What else it is to go by when it chooses. It is told the ids and descriptions of the agents. */
  readonly instructions?: string;
}

interface Choice {
  readonly next: string;
}

/**
 * A machine in which a model chooses who speaks next, again and again, until it says that all is done. Each choice is a
 * model call like those of an agent: a checkpoint, which is not made again.
 *
 * @example
 * const desk = router({ id: 'desk', model, agents: [billing, shipping], instructions: 'One of them is enough.' });
 *
 * @throws AgentError `AGENT_DEFINITION` for agents that could not work together.
 */
export function router<const TMembers extends readonly Member[]>(
  options: RouterOptions<TMembers>,
): TeamMachine<ObjectOf<TMembers[number]>> {
  const { id, version, agents, chat = false, maxTurns = 20, instructions = '', ...asking } = options;
  const members = membersOf(id, agents);
  const names = [...members.keys()];
  const about = [...members.values()].map(({ id: name, root: { description } }) =>
    description === undefined ? `- ${name}` : `- ${name}: ${description}`,
  );
  const chooser = (choices: readonly string[], more: string) =>
    agent({
      ...asking,
      id: ROUTER,
      instructions: [
        'You are given a conversation, and say who is to speak next. You do not answer it yourself.',
        `There are:\n${about.join('\n')}`,
        `${more}Answer with JSON: { "next": ${choices.map((name) => JSON.stringify(name)).join(' | ')} }`,
        instructions,
      ]
        .filter(Boolean)
        .join('\n\n'),
      output: choiceOf(choices),
    });
  return teamMachine({
    id,
    version,
    isChat: chat,
    members,
    maxTurns,
    routers: {
      first: chooser(names, ''),
      next: chooser([...names, 'done'], 'When all that was asked for is there, it is "done". '),
    },
    nextOf: () => 'choose',
  });
}

const choiceOf = (choices: readonly string[]): FlexibleSchema<Choice> =>
  jsonSchema<Choice>(
    {
      type: 'object',
      properties: { next: { type: 'string', enum: [...choices] } },
      required: ['next'],
      additionalProperties: false,
    },
    {
      validate: (given) => {
        const next = (given as { readonly next?: unknown } | null)?.next;
        return typeof next === 'string' && choices.includes(next)
          ? { success: true, value: { next } }
          : { success: false, error: new Error(`'next' is one of: ${choices.join(', ')}.`) };
      },
    },
  );
