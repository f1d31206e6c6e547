/** How a transcript grows. */
import type { AssistantModelMessage } from 'ai';
import type { AgentMessage, AgentToolResult } from '../messages.ts';
import type { Heard } from '../model/heard.ts';
import type { OpenCall } from './context.ts';

/** The id of the message with the results of the calls in another. */
const resultsId = (message: string): string => `${message}/results`;

export const withAnswer = (
  messages: readonly AgentMessage[],
  { id, content }: Heard,
): readonly AgentMessage[] => [...messages, { id, role: 'assistant', content }];

/** With the result of a call, in its place among those that are there: the order is that of the calls. */
export function withResult(
  messages: readonly AgentMessage[],
  open: readonly OpenCall[],
  part: AgentToolResult,
): readonly AgentMessage[] {
  const last = messages.at(-1)!;
  if (last.role !== 'tool') return [...messages, { id: resultsId(last.id), role: 'tool', content: [part] }];
  const before = open.slice(
    0,
    open.findIndex(({ toolCallId }) => toolCallId === part.toolCallId),
  );
  const earlier = new Set(before.map(({ toolCallId }) => toolCallId));
  const at = last.content.filter(
    (known) => known.type === 'tool-result' && earlier.has(known.toolCallId),
  ).length;
  return [...messages.slice(0, -1), { ...last, content: last.content.toSpliced(at, 0, part) }];
}

/** With other arguments of a call, which a person gave. */
export function withArguments(
  messages: readonly AgentMessage[],
  toolCallId: string,
  input: unknown,
): readonly AgentMessage[] {
  const at = messages.findLastIndex(({ role }) => role === 'assistant');
  const message = messages[at] as (AssistantModelMessage & { readonly id: string }) | undefined;
  if (message === undefined || typeof message.content === 'string') return messages;
  const content = message.content.map((part) =>
    part.type === 'tool-call' && part.toolCallId === toolCallId ? { ...part, input } : part,
  );
  return messages.with(at, { ...message, content });
}

/** The result that a call had, found by the message with the calls. */
export function resultIn(
  messages: readonly AgentMessage[],
  [message, toolCallId]: readonly [message: string, call: string],
): AgentToolResult | undefined {
  const results = messages.findLast(({ id }) => id === resultsId(message));
  if (results?.role !== 'tool') return undefined;
  return results.content.find((part) => part.type === 'tool-result' && part.toolCallId === toolCallId) as
    | AgentToolResult
    | undefined;
}
