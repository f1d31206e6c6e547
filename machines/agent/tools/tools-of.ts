/** All tools of an agent: its own, and those of its memory. */
import { AgentError } from '../errors.ts';
import { noteTools } from '../memory/note-tools.ts';
import type { AgentOptions } from '../options.ts';
import type { AgentTools } from './tool.ts';

/** Throws `AgentError` `AGENT_DEFINITION` where a name is taken twice. */
export function toolsOf({
  id,
  tools = {},
  memory,
}: Pick<AgentOptions, 'id' | 'tools' | 'memory'>): AgentTools {
  if (memory?.notes === undefined) return tools;
  const taken = Object.keys(noteTools).find((name) => Object.hasOwn(tools, name));
  if (taken !== undefined)
    throw new AgentError(
      'AGENT_DEFINITION',
      `The agent '${id}' has a tool '${taken}', and so has its memory. Call yours something else.`,
      { tool: taken },
    );
  return { ...tools, ...noteTools };
}
