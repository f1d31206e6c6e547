/** What several runs of one thread have said and kept. */
import type { Runtime } from '../../../src/index.ts';
import type { AgentMessage } from '../messages.ts';
import type { AgentContext } from '../run/context.ts';
import type { Notes } from './notebook.ts';

/** What a thread knows. */
export interface Thread {
  /** The transcripts of its runs, one after another. */
  readonly messages: readonly AgentMessage[];
  /** What its runs kept. */
  readonly notes: Notes;
}

/**
 * What the runs of a thread said and kept: those with a tag, in the order in which they were started. Start the next one
 * with it. What it was given is in its own checkpoint from then on, whatever becomes of the others.
 *
 * @example
 * const { messages, notes } = await threadOf(runtime, 'ada');
 * await runtime.start(clerk, {
 *   tags: ['ada'],
 *   input: { notes, messages: [...messages, { role: 'user', content: 'And now?' }] },
 * });
 */
export async function threadOf(runtime: Pick<Runtime, 'list' | 'checkpoint'>, tag: string): Promise<Thread> {
  const messages: AgentMessage[] = [];
  let notes: Notes = {};
  for await (const { id, seq } of runtime.list({ tag })) {
    const { snapshot } = await runtime.checkpoint(id, seq);
    const { context } = snapshot as { readonly context: Partial<AgentContext> };
    if (context.messages === undefined) continue;
    messages.push(...newIn(complete(context.messages), messages, id));
    notes = notesAfter(notes, context);
  }
  return { messages, notes };
}

/** What a run kept is added; what it was started with and has no more, it has forgotten. */
function notesAfter(before: Notes, { notes = {}, given = [] }: Partial<AgentContext>): Notes {
  const forgotten = new Set(given.filter((name) => !Object.hasOwn(notes, name)));
  return Object.fromEntries(Object.entries({ ...before, ...notes }).filter(([name]) => !forgotten.has(name)));
}

/** Without calls that have no result yet: no provider takes them. */
function complete(messages: readonly AgentMessage[]): readonly AgentMessage[] {
  const at = messages.findLastIndex(({ role }) => role === 'assistant');
  const results = new Set(messages.slice(at + 1).flatMap((message) => callsIn(message, 'tool-result')));
  const isOpen = at >= 0 && callsIn(messages[at]!, 'tool-call').some((call) => !results.has(call));
  return isOpen ? messages.slice(0, at) : messages;
}

const callsIn = ({ content }: AgentMessage, type: 'tool-call' | 'tool-result'): readonly string[] =>
  typeof content === 'string'
    ? []
    : (content as readonly { readonly type: string; readonly toolCallId?: string }[])
        .filter((part) => part.type === type)
        .map(({ toolCallId = '' }) => toolCallId);

/** What a run said that was not started with all that is known: its messages have ids that no other has. */
function newIn(
  said: readonly AgentMessage[],
  known: readonly AgentMessage[],
  run: string,
): readonly AgentMessage[] {
  const ids = new Set(known.map(({ id }) => id));
  // Two runs may call what people said the same, and never what their models said.
  const last = said.findLastIndex(({ id, role }) => role === 'assistant' && ids.has(id));
  return said.slice(last + 1).map((message) => {
    if (!ids.has(message.id)) return message;
    return { ...message, id: `${run}/${message.id}` };
  });
}
