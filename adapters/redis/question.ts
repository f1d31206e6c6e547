/**
 * Open questions as they are kept.
 *
 * @module
 */
import type { Question, StoredQuestion } from '../../src/store.ts';
import { type Arg, pack, unpack } from './bytes.ts';
import { decodeTags, encodeTags } from './head.ts';
import { ordered, orderedNumber, unordered } from './order.ts';
import { decodeOptional, decodeText, encodeOptional, encodeText } from './text.ts';

/** Run, machine, assignee, tags, opened, place in lists, value. */
export function encodeQuestion(run: string, question: Question): Arg {
  const { machine, assignee, tags, opened, value } = question;
  return pack([
    ordered(run),
    encodeText(machine),
    encodeOptional(assignee),
    encodeTags(tags),
    String(opened),
    orderedNumber(opened),
    encodeText(value),
  ]);
}

/** What a script answers of a question. */
export type QuestionReply = readonly [id: Buffer, packed: Buffer];

/** The scripts have seen to it that it is whole. */
export function decodeQuestion([id, packed]: QuestionReply): StoredQuestion {
  const [run, machine, assignee, tags, opened, , value] = unpack(packed) as Buffer[];
  const whose = decodeOptional(assignee!);
  return {
    id: unordered(id),
    run: unordered(run!),
    machine: decodeText(machine!),
    ...(whose !== undefined && { assignee: whose }),
    tags: decodeTags(tags!),
    opened: Number(opened),
    value: decodeText(value!),
  };
}
