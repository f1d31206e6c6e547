/** What a client of the AI SDK posts. */
import type { UIMessage } from 'ai';
import { ChatError } from './chat-error.ts';

/** An answer to any question of the run: `value` is checked by the question's schema. */
export interface QuestionAnswer {
  readonly id: string;
  readonly value: unknown;
}

/** A request to go on. */
export interface ChatRequest {
  readonly chat: string;
  /** What a person says; `undefined` where the request goes on with an answer. */
  readonly said: UIMessage | undefined;
  /** The answer that it goes on with. */
  readonly answer: UIMessage | undefined;
  readonly answers: readonly QuestionAnswer[];
  /** Whether it is the first message of its chat. */
  readonly isFirst: boolean;
}

const refuse = (why: string, options?: ErrorOptions): never => {
  throw new ChatError('CHAT_REQUEST', why, options);
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Reads the body of a request. Throws `ChatError` `CHAT_REQUEST`, or `CHAT_SAID`. */
export async function readRequest(request: Request): Promise<ChatRequest> {
  let body: unknown;
  try {
    body = await request.json();
  } catch (cause) {
    return refuse('The body is no JSON.', { cause });
  }
  if (!isObject(body)) return refuse('The body is { id, messages }, as useChat sends it.');
  const { id, messages, trigger, messageId, answers = [] } = body;
  if (typeof id !== 'string' || id === '') return refuse("The body needs the 'id' of its chat.");
  if (!Array.isArray(messages) || messages.length === 0 || !messages.every(isMessage))
    return refuse("The body needs 'messages', with the one that is sent at their end.");
  if (!Array.isArray(answers) || !answers.every(isAnswer)) return refuse("'answers' are [{ id, value }].");
  if (trigger === 'regenerate-message') throw new ChatError('CHAT_SAID', 'An answer that was given stays.');
  const last = messages.at(-1)!;
  const named = messages.find((message) => message.id === messageId);
  if (named?.role === 'user') throw new ChatError('CHAT_SAID', 'A message that was sent stays as it is.');
  const answer = named ?? (last.role === 'assistant' ? last : undefined);
  if (answer === undefined && last.role !== 'user') return refuse('Only people send messages.');
  return {
    chat: id,
    said: answer ? undefined : last,
    answer,
    answers,
    isFirst: messages.length === 1,
  };
}

const isMessage = (message: unknown): message is UIMessage =>
  isObject(message) &&
  typeof message['id'] === 'string' &&
  message['id'] !== '' &&
  typeof message['role'] === 'string' &&
  Array.isArray(message['parts']) &&
  message['parts'].every((part) => isObject(part) && typeof part['type'] === 'string');

const isAnswer = (answer: unknown): answer is QuestionAnswer =>
  isObject(answer) && typeof answer['id'] === 'string' && 'value' in answer;
