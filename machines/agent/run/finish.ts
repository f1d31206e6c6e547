/** How a turn of an agent ends. */
import type { AgentAnswer, AgentContext } from './context.ts';

/** It was stopped, or gave the conversation away: what it said last in this turn is its answer. */
export function finished(context: AgentContext): AgentContext {
  const { messages, handOff, turn } = context;
  const last = messages.slice(turn.from ?? 0).findLast(({ role }) => role === 'assistant');
  const answer: AgentAnswer = {
    id: last?.id ?? '',
    text: last ? textOf(last.content) : '',
    ...(handOff ? { finishReason: 'hand-off', handOff } : { finishReason: 'stopped' }),
  };
  return ended(context, answer);
}

export const ended = (context: AgentContext, answer: AgentAnswer): AgentContext => ({
  ...context,
  answer,
  stopping: false,
  retry: undefined,
  limit: undefined,
  handOff: undefined,
  goal: 'done',
});

interface Part {
  readonly type: string;
  readonly text?: string;
}

/** All text of a message. */
const textOf = (content: string | readonly object[]): string =>
  typeof content === 'string'
    ? content
    : (content as readonly Part[]).map(({ type, text = '' }) => (type === 'text' ? text : '')).join('');
