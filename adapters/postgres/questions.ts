/**
 * Lists of open questions.
 *
 * @module
 */
import type { QuestionScan, StoredQuestion } from '../../src/store.ts';
import { Conditions } from './conditions.ts';
import type { Connection } from './connection.ts';
import { tagsOf } from './tags.ts';
import { ordered, original, stored, unordered } from './text.ts';

/** `questions`. */
export class Questions {
  constructor(readonly connection: Connection) {}

  async list(scan: QuestionScan): Promise<StoredQuestion[]> {
    const { text, values } = query(this.connection.quoted, scan);
    const rows = (await this.connection.read(text, values)) as QuestionRow[];
    return rows.map((row) => ({
      id: unordered(row.id),
      run: unordered(row.run),
      machine: original(row.machine),
      ...(row.assignee !== null && { assignee: original(row.assignee) }),
      tags: tagsOf(row.tags),
      opened: row.opened,
      value: original(row.value),
    }));
  }
}

interface QuestionRow {
  readonly id: string;
  readonly run: string;
  readonly machine: string;
  readonly assignee: string | null;
  readonly tags: string;
  readonly opened: number;
  readonly value: string;
}

/**
 * Led by the narrowest condition, whose index has the questions in order: the page ends the search. A run
 * has few questions, a person some, a machine many.
 */
function query(schema: string, scan: QuestionScan): { text: string; values: unknown[] } {
  const { id, run, machine, assignee, tag, openedTo, after, limit } = scan;
  const isByTag = tag !== undefined && id === undefined && run === undefined && assignee === undefined;
  const place = isByTag ? 't' : 'q';
  const from = isByTag
    ? `${schema}.question_tags t JOIN ${schema}.questions q ON q.id = t.id`
    : `${schema}.questions q`;
  const where = new Conditions();
  if (id !== undefined) where.add('q.id = ?', ordered(id));
  if (run !== undefined) where.add(`q.rid = (SELECT rid FROM ${schema}.runs WHERE id = ?)`, ordered(run));
  if (machine !== undefined) where.add('q.machine = ?', stored(machine));
  if (assignee !== undefined) where.add('q.assignee = ?', stored(assignee));
  if (isByTag) where.add('t.tag = ?', stored(tag));
  else if (tag !== undefined) where.add('? = ANY (q.tags)', stored(tag));
  if (openedTo !== undefined) where.add(`${place}.opened < ?`, openedTo);
  if (after !== undefined)
    where.add(`(${place}.opened, ${place}.id) > (?, ?)`, after.opened, ordered(after.id));
  const text = `
    SELECT page.id, r.id AS run, page.machine, assignee, array_to_json(page.tags)::text AS tags, opened, value
    FROM (
      SELECT q.* FROM ${from} WHERE ${where.text}
      ORDER BY ${place}.opened, ${place}.id LIMIT ${where.param(limit)}
    ) AS page JOIN ${schema}.runs r USING (rid)
    ORDER BY opened, page.id`;
  return { text, values: where.values };
}
