/**
 * Lists of open questions.
 *
 * @module
 */
import type { QuestionScan, StoredQuestion } from '../../src/store.ts';
import { ordered, pageFor, type Part } from './ordered.ts';
import { compareKeys, type Key, last } from './ranges.ts';
import { storedQuestion } from './records.ts';
import type { QuestionRecord, Reading } from './schema.ts';

/** In the order in which they opened. A damaged question is left out. */
export async function questions(tx: Reading, scan: QuestionScan): Promise<StoredQuestion[]> {
  const found: StoredQuestion[] = [];
  if (scan.limit <= 0) return found;
  for await (const record of candidates(tx, scan)) {
    const question = matches(record, scan) ? storedQuestion(record) : undefined;
    if (question !== undefined && found.push(question) >= scan.limit) break;
  }
  return found;
}

/** Led by the narrowest of the conditions: a run has few questions, a person some, a machine many. */
function candidates(tx: Reading, scan: QuestionScan): AsyncGenerator<QuestionRecord, void> {
  const { id, run, assignee, tag, machine, limit } = scan;
  const store = tx.objectStore('questions');
  const list = (index: Part<QuestionRecord>['index'], ...prefix: readonly string[]) =>
    ordered(part(index, prefix, scan), false, pageFor(limit));
  if (id !== undefined) return named(tx, id);
  if (run !== undefined) return list(store.index('run'), run);
  if (assignee !== undefined) return list(store.index('assignee'), assignee);
  if (tag !== undefined) return list(store.index('tagged'), tag);
  if (machine !== undefined) return list(store.index('machine'), machine);
  return list(store.index('opened'));
}

async function* named(tx: Reading, id: string): AsyncGenerator<QuestionRecord, void> {
  const record = await tx.objectStore('questions').get(id);
  if (record !== undefined) yield record;
}

function part(
  index: Part<QuestionRecord>['index'],
  prefix: Key,
  { after, openedTo }: QuestionScan,
): Part<QuestionRecord> {
  const from = after === undefined ? prefix : [...prefix, after.opened, after.id];
  const to = [...prefix, openedTo ?? last];
  const keyOf = ({ opened, id }: QuestionRecord): Key => [...prefix, opened, id];
  return { index, from, isFromOpen: after !== undefined, to, keyOf };
}

function matches(question: QuestionRecord, scan: QuestionScan): boolean {
  const { openedTo = Infinity, after } = scan;
  return (
    (scan.run === undefined || scan.run === question.run) &&
    (scan.machine === undefined || scan.machine === question.machine) &&
    (scan.assignee === undefined || scan.assignee === question.assignee) &&
    (scan.tag === undefined || question.tags.includes(scan.tag)) &&
    question.opened < openedTo &&
    (after === undefined || compareKeys([question.opened, question.id], [after.opened, after.id]) > 0)
  );
}
