/** The messages of an agent: those of the AI SDK, each with an id that stays. */
import type { ModelMessage, ToolResultPart, UserContent } from 'ai';
import { AgentError } from './errors.ts';
import type { Notes } from './memory/notebook.ts';

/**
 * A message of a transcript. Its id is made of what it came from, so that it is the same after a crash: of a model's answer
 * the id of the effect that asked the model, of a person's the one that came with it, or its number.
 */
export type AgentMessage = ModelMessage & {
  readonly id: string;
  /** In a team: the agent that said it. */
  readonly from?: string;
};

/** What a tool call came to, as a part of a message. */
export type AgentToolResult = ToolResultPart & {
  /** What the tool gave, where `output`, which the model is told, does not say all of it: its files, its dates. */
  readonly result?: unknown;
};

/** What a person says. */
export interface UserMessage {
  readonly id: string;
  readonly content: UserContent;
}

/** What an agent is started with: what it is told, or a conversation; and what it knows from before. */
export type AgentInput = (
  | { readonly prompt: UserContent; readonly messages?: undefined }
  | { readonly messages: readonly ModelMessage[]; readonly prompt?: undefined }
) & {
  /** What its memory begins with. */
  readonly notes?: Notes;
};

/** What a tool gave: as it was, whether or not the model could be told all of it. */
export const resultOf = (part: AgentToolResult): unknown =>
  'result' in part ? part.result : 'value' in part.output ? part.output.value : undefined;

/** The messages that an agent is started with. */
export function firstMessages(agent: string, input: AgentInput | undefined): readonly AgentMessage[] {
  const { prompt, messages } = input ?? {};
  if (prompt !== undefined) return [{ id: 'user-1', role: 'user', content: prompt }];
  const given: unknown = messages;
  if (!Array.isArray(given))
    throw new AgentError('AGENT_INPUT', `The agent '${agent}' is started with { prompt } or { messages }.`);
  return (given as readonly (ModelMessage & { readonly id?: string })[]).map((message, number) => ({
    ...message,
    id: message.id ?? `${message.role}-${number + 1}`,
  }));
}

export const fromUser = ({ id, content }: UserMessage): AgentMessage => ({ id, role: 'user', content });

/**
 * What a person says, with its id: their own, or its number, where nothing else has that for its id. `undefined` for what
 * is known, and for what is no message. `heard`: the number of the last one.
 */
export function newsIn(
  known: readonly { readonly id: string }[],
  heard: number,
  { id, content }: Partial<UserMessage>,
): { readonly heard: number; readonly message: UserMessage } | undefined {
  const ids = new Set(known.map((message) => message.id));
  if (content === undefined || !(typeof content === 'string' || Array.isArray(content))) return undefined;
  if (id !== undefined)
    return typeof id !== 'string' || ids.has(id) ? undefined : { heard: heard + 1, message: { id, content } };
  let number = heard + 1;
  while (ids.has(`user-${number}`)) number++;
  return { heard: number, message: { id: `user-${number}`, content } };
}
