/** The turns of a chat: what a person said, and all that it led to. The answer is one message of the UI. */
import type { AssistantModelMessage, UserModelMessage } from 'ai';
import type { AgentMessage, AgentToolResult } from '../messages.ts';

type Said = AssistantModelMessage & { readonly id: string };
type Told = UserModelMessage & { readonly id: string };

/** What the model said in one call, and what its tool calls came to. */
export interface Step {
  readonly message: Said;
  readonly results: ReadonlyMap<string, AgentToolResult>;
}

export interface Turn {
  /** What began it; a transcript may begin with an answer. */
  readonly told: Told | undefined;
  readonly steps: readonly Step[];
}

/** The id of the message that answers another. */
export const answerId = (user: string | undefined): string => `${user ?? 'start'}/answer`;

/** The id of the message that is answered by another. */
export const toldId = (answer: string): string => answer.replace(/\/answer$/, '');

/** Is it what a person said? An agent also tells its model what is wrong with an answer. */
const isTold = (message: AgentMessage): message is Told =>
  message.role === 'user' && !message.id.endsWith('/misfit');

/** From the turn that began with `user` on; without it, the last one. */
export function turnsFrom(messages: readonly AgentMessage[], user?: string): readonly Turn[] {
  const at = messages.findLastIndex(
    (message) => isTold(message) && (user === undefined || message.id === user),
  );
  return turnsOf(messages.slice(Math.max(at, 0)));
}

/** All turns, in order. */
export function turnsOf(messages: readonly AgentMessage[]): readonly Turn[] {
  const turns: {
    told: Told | undefined;
    steps: { message: Said; results: Map<string, AgentToolResult> }[];
  }[] = [];
  for (const message of messages) {
    if (isTold(message)) turns.push({ told: message, steps: [] });
    else if (message.role === 'assistant') {
      if (turns.length === 0) turns.push({ told: undefined, steps: [] });
      turns.at(-1)!.steps.push({ message, results: new Map() });
    } else if (message.role === 'tool') {
      const results = turns.at(-1)?.steps.at(-1)?.results;
      for (const part of message.content)
        if (part.type === 'tool-result') results?.set(part.toolCallId, part);
    }
  }
  return turns;
}
