/** A conversation that has grown too long for its model: a summary stands for its first messages. */
import type { ModelMessage } from 'ai';
import type { AgentMessage } from '../messages.ts';
import type { AgentContext } from '../run/context.ts';
import type { AgentPlan } from '../run/plan.ts';

/** What a model is told that makes one. */
export const SUMMARISE: string =
  'Below is the beginning of a conversation that goes on. Summarise it for the one who goes on with it: what was asked, ' +
  'what was found, done, decided and refused, with all names, numbers and ids, and what is still to do. ' +
  'Answer with the summary alone.';

/** The messages that the model is given. */
export function toldMessages({ messages, summary }: AgentContext): readonly ModelMessage[] {
  if (summary === undefined) return messages;
  return [beginning(summary.text), ...messages.slice(summary.count)];
}

const beginning = (text: string): ModelMessage => ({
  role: 'user',
  content: `What was said before, in short:\n${text}`,
});

/** The messages of which a summary is to be made, as one text: calls in it without their tools would be refused. */
export function toSummarise({ messages, summary }: AgentContext, count: number): readonly ModelMessage[] {
  const before = summary ? [`Summary of what was before:\n${summary.text}`] : [];
  const said = messages.slice(summary?.count ?? 0, count).map(textOf);
  return [{ role: 'user', content: [...before, ...said].join('\n\n') }];
}

const textOf = ({ role, content }: AgentMessage): string =>
  `${role}: ${typeof content === 'string' ? content : JSON.stringify(content, withoutBytes)}`;

const withoutBytes = (key: string, value: unknown): unknown => {
  // The model was not told what is in it.
  if (key === 'result' || value instanceof Uint8Array) return undefined;
  return value;
};

/** About so many tokens, for what no model has counted. */
const tokensOf = (message: AgentMessage): number => Math.ceil(textOf(message).length / 4);

const total = (messages: readonly AgentMessage[]): number =>
  messages.reduce((sum, message) => sum + tokensOf(message), 0);

/** What the next model call would have: what the last one had, and what came since. */
function sizeOf({ messages, size, summary }: AgentContext): number {
  // Some providers do not count.
  if (size === 0) return total(messages.slice(summary?.count ?? 0));
  const last = messages.findLastIndex(({ role }) => role === 'assistant');
  return size + total(messages.slice(last + 1));
}

/** Where the next model call would have too many tokens: how many messages a summary is to stand for. */
export function summaryDue(context: AgentContext, { memory }: AgentPlan): { readonly summary?: number } {
  const { tokens } = memory;
  if (tokens === undefined || sizeOf(context) <= tokens) return {};
  const count = cutOf(context.messages, tokens / 2);
  return count > (context.summary?.count ?? 0) ? { summary: count } : {};
}

/** Keeps as many of the newest messages as have so many tokens, the last one at least, and results with their calls. */
function cutOf(messages: readonly AgentMessage[], tokens: number): number {
  let at = messages.length - 1;
  let kept = at < 0 ? 0 : tokensOf(messages[at]!);
  while (at > 0 && kept + tokensOf(messages[at - 1]!) <= tokens) kept += tokensOf(messages[--at]!);
  while (at > 0 && messages[at]!.role === 'tool') at--;
  return Math.max(0, at);
}
