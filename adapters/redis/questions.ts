/**
 * Lists of open questions.
 *
 * @module
 */
import type { QuestionScan, StoredQuestion } from '../../src/store.ts';
import { type Arg, join } from './bytes.ts';
import type { Connection } from './connection.ts';
import { type List, rangeOf, readLists } from './lists.ts';
import { ordered } from './order.ts';
import { decodeQuestion, type QuestionReply } from './question.ts';
import { questionScript, questionsScript } from './scripts/questions.ts';
import { encodeText } from './text.ts';

/** `questions`. */
export class Questions {
  constructor(readonly connection: Connection) {}

  async list(scan: QuestionScan): Promise<StoredQuestion[]> {
    const { id, limit } = scan;
    if (limit <= 0) return [];
    if (id !== undefined) return this.#question(id, scan);
    const replies = await readLists<QuestionReply>(this.connection, {
      script: questionsScript,
      filters: filtersOf(scan),
      groups: groupsOf(scan),
      descending: false,
      limit,
    });
    return replies.map(decodeQuestion);
  }

  async #question(id: string, scan: QuestionScan): Promise<StoredQuestion[]> {
    const { openedTo = Infinity, after } = scan;
    const reply = await this.connection.run(questionScript, [...filtersOf(scan), ordered(id)]);
    const [found] = reply as unknown as readonly QuestionReply[];
    if (!found) return [];
    const question = decodeQuestion(found);
    const { opened } = question;
    const isBehind =
      after === undefined || opened > after.opened || (opened === after.opened && id > after.id);
    return opened < openedTo && isBehind ? [question] : [];
  }
}

/** In the order that the script knows. */
function filtersOf({ run, machine, assignee, tag }: QuestionScan): Arg[] {
  const text = (value: string | undefined): Arg => (value === undefined ? '' : join('=', encodeText(value)));
  return [run === undefined ? '' : join('=', ordered(run)), text(machine), text(assignee), text(tag)];
}

/** The lists that have all questions of a scan. */
function groupsOf({ run, machine, assignee, tag, openedTo, after }: QuestionScan): List[][] {
  const range = rangeOf(undefined, openedTo, after && { at: after.opened, id: after.id }, false);
  const names: Arg[] = ['open'];
  if (run !== undefined) names.push(join('asked:', ordered(run)));
  if (machine !== undefined) names.push(join('open:machine:', encodeText(machine)));
  if (assignee !== undefined) names.push(join('open:assignee:', encodeText(assignee)));
  if (tag !== undefined) names.push(join('open:tag:', encodeText(tag)));
  return names.map((name) => [{ name, ...range }]);
}
