/** The transcript of a run, as the messages of a page. */
import { readUIMessageStream, type UIMessage, type UIMessageChunk } from 'ai';
import type { Run, Runtime } from '../../../src/index.ts';
import type { AgentMachine } from '../agent.ts';
import { callKey, callsIn, recallQuestions } from './approvals.ts';
import { callChunks, contentChunks } from './step-chunks.ts';
import { answerId, turnsOf, type Turn } from './turn.ts';
import { userParts } from './user-content.ts';

/**
 * The messages of a chat, from its transcript: what `useChat` shows first. Each is what a client made of the stream of its
 * answer, to the letter.
 *
 * @example
 * const chat = useChat({ id, messages: await uiMessages(runtime, await runtime.open(assistant, id)) });
 */
export async function uiMessages<TObject>(
  runtime: Pick<Runtime, 'recordOf'>,
  run: Run<AgentMachine<TObject>>,
): Promise<UIMessage[]> {
  const { messages, queue } = run.getSnapshot().context;
  const turns = turnsOf(messages);
  const questions = await recallQuestions(runtime, run.id, turns);
  const asking = new Set(run.pendingInputs.map(({ id }) => id));
  const shown: UIMessage[] = [];
  for (const turn of turns) {
    const { told, steps } = turn;
    if (told) shown.push({ id: told.id, role: 'user', parts: userParts(told.content) });
    const chunks = steps.flatMap((step): UIMessageChunk[] => [
      { type: 'start-step' },
      ...contentChunks(step),
      ...callsIn(step).flatMap((call) => {
        const question = questions.get(callKey(step, call.toolCallId));
        const isAsking = question !== undefined && asking.has(question);
        return callChunks({ ...call, question, isAsking, result: step.results.get(call.toolCallId) });
      }),
    ]);
    if (chunks.length > 0) shown.push(await messageOf(turn, chunks));
  }
  for (const { id, content } of queue) shown.push({ id, role: 'user', parts: userParts(content) });
  return shown;
}

async function messageOf({ told }: Turn, chunks: readonly UIMessageChunk[]): Promise<UIMessage> {
  const id = answerId(told?.id);
  const stream = new ReadableStream<UIMessageChunk>({
    start: (controller) => {
      controller.enqueue({ type: 'start', messageId: id });
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
  let message: UIMessage = { id, role: 'assistant', parts: [] };
  for await (const next of readUIMessageStream({ stream })) message = next;
  return message;
}
