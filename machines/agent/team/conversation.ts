/** A conversation of several agents, as each of them sees it. */
import type { AgentMessage } from '../messages.ts';

/** What others said is told as from somebody else: a model would take it for its own words otherwise. */
export function seenBy(agent: string, messages: readonly AgentMessage[]): readonly AgentMessage[] {
  const seen = messages.map((message): AgentMessage => {
    const { from, content, id } = message;
    if (from === undefined || from === agent) return message;
    const said = typeof content === 'string' ? content : JSON.stringify(content);
    return { id, from, role: 'user', content: `[${from}] ${said}` };
  });
  const last = seen.at(-1);
  // No model answers to what it said itself.
  return last?.role === 'assistant'
    ? [...seen, { id: `${last.id}/on`, role: 'user', content: 'Go on.' }]
    : seen;
}
