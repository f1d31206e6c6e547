/** What people decided about the tool calls of an answer, as their page sends it. */
import { isToolUIPart, type UIMessage } from 'ai';
import type { Run, Runtime } from '../../../src/index.ts';
import type { ApprovalAnswer } from '../tools/approval.ts';
import { isOfRun } from './approvals.ts';
import type { Chat } from './chat.ts';
import { ChatError } from './chat-error.ts';
import type { QuestionAnswer } from './chat-request.ts';

/** The answers in a message: approvals, and outputs of tools that ask people. */
export function answersIn({ parts }: UIMessage, { run, context }: Chat): readonly QuestionAnswer[] {
  return parts.filter(isToolUIPart).flatMap((part): QuestionAnswer[] => {
    if (part.state === 'approval-responded') {
      const { id, approved, reason } = part.approval;
      const value: ApprovalAnswer = approved
        ? { approve: true }
        : { approve: false, ...(reason !== undefined && { reason }) };
      return [{ id, value }];
    }
    if (part.state !== 'output-available') return [];
    // One that is not open had its output from here.
    const call = context.open.find(
      ({ toolCallId, status }) => toolCallId === part.toolCallId && status === 'asking',
    );
    const question = run.pendingInputs.find(({ actor }) => actor === `${call?.child}/work`);
    return question ? [{ id: question.id, value: part.output }] : [];
  });
}

/**
 * Is an answer to be given to the run? Not where it was, and is only sent again. Throws `ChatError` `CHAT_NO_CALL` where
 * the run never asked; a question that is closed says by itself who answered it.
 */
export async function isToBeGiven(
  runtime: Pick<Runtime, 'recordOf'>,
  run: Pick<Run, 'id' | 'pendingInputs'>,
  { id, value }: QuestionAnswer,
): Promise<boolean> {
  if (run.pendingInputs.some((question) => question.id === id)) return true;
  const record = isOfRun(id, run.id) ? await runtime.recordOf(id) : undefined;
  if (record === undefined || record.status === 'early' || record.status === 'neverOpened')
    throw new ChatError('CHAT_NO_CALL', `No tool call of this chat asks '${id}'.`);
  return record.status !== 'answered' || JSON.stringify(record.value) !== JSON.stringify(value);
}
