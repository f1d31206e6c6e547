/**
 * Open questions.
 *
 * @module
 */
import type { Question, QuestionScan, StoredQuestion } from '../../src/store.ts';
import { Conditions } from './conditions.ts';
import type { Connection } from './connection.ts';
import type { Bindable, Statement } from './driver.ts';

/** `questions`, and what a commit does with them. */
export class Questions {
  readonly #asker: Statement;
  readonly #find: Statement;
  readonly #ofRun: Statement;
  readonly #insert: Statement;
  readonly #deleteUntagged: Statement;
  readonly #delete: Statement;
  readonly #tag: Statement;
  readonly #untag: Statement;
  /** By text: there are only so many combinations of conditions. */
  readonly #lists = new Map<string, Statement>();

  constructor(readonly connection: Connection) {
    const sql = (text: string): Statement => connection.prepare(text);
    this.#asker = sql('SELECT runs.id FROM questions JOIN runs USING (rid) WHERE questions.id = ?').pluck();
    this.#find = sql('SELECT qid, id, opened, tags FROM questions WHERE id = ? AND rid = ?');
    this.#ofRun = sql('SELECT qid, id, opened, tags FROM questions WHERE rid = ?');
    this.#insert = sql(
      `INSERT INTO questions (id, rid, machine, assignee, tags, opened, value) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO NOTHING`,
    );
    this.#deleteUntagged = sql(`DELETE FROM questions WHERE id = ? AND rid = ? AND tags = '[]'`);
    this.#delete = sql('DELETE FROM questions WHERE qid = ?');
    this.#tag = sql('INSERT OR IGNORE INTO question_tags (tag, opened, id, qid) VALUES (?, ?, ?, ?)');
    this.#untag = sql('DELETE FROM question_tags WHERE tag = ? AND opened = ? AND id = ?');
  }

  /** The run in which a question is open. */
  asker(id: string): string | undefined {
    return this.#asker.get(id) as string | undefined;
  }

  ask(rid: number, question: Question): void {
    const { id, machine, assignee = null, tags, opened, value } = question;
    const text = JSON.stringify(tags);
    const insert = () => this.#insert.run(id, rid, machine, assignee, text, opened, value);
    let written = insert();
    if (written.changes === 0) {
      this.close(rid, id);
      written = insert();
    }
    for (const tag of tags) this.#tag.run(tag, opened, id, Number(written.lastInsertRowid));
  }

  close(rid: number, id: string): void {
    if (this.#deleteUntagged.run(id, rid).changes === 1) return;
    const found = this.#find.get(id, rid) as OpenQuestion | undefined;
    if (found !== undefined) this.#remove(found);
  }

  /** Closes all questions of a run. */
  clear(rid: number): void {
    for (const question of this.#ofRun.all(rid) as OpenQuestion[]) this.#remove(question);
  }

  list(scan: QuestionScan): StoredQuestion[] {
    const { sql, values } = query(scan);
    let statement = this.#lists.get(sql);
    if (statement === undefined) this.#lists.set(sql, (statement = this.connection.prepare(sql)));
    return (statement.all(...values) as QuestionRow[]).map(({ assignee, tags, ...question }) => ({
      ...question,
      ...(assignee !== null && { assignee }),
      tags: JSON.parse(tags) as string[],
    }));
  }

  #remove({ qid, id, opened, tags }: OpenQuestion): void {
    for (const tag of JSON.parse(tags) as string[]) this.#untag.run(tag, opened, id);
    this.#delete.run(qid);
  }
}

interface OpenQuestion {
  readonly qid: number;
  readonly id: string;
  readonly opened: number;
  readonly tags: string;
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

/** Led by one condition, as in scans.ts: its index has the questions in order, and the page ends the search. */
function query(scan: QuestionScan): { sql: string; values: Bindable[] } {
  const { id, run, machine, assignee, tag, openedTo, after, limit } = scan;
  const from = sourceOf(scan);
  const place = from.startsWith('question_tags') ? 'question_tags' : 'questions';
  const where = new Conditions();
  if (id !== undefined) where.add('questions.id = ?', id);
  if (run !== undefined) where.add('questions.rid = (SELECT rid FROM runs WHERE id = ?)', run);
  if (machine !== undefined) where.add('questions.machine = ?', machine);
  if (assignee !== undefined) where.add('assignee = ?', assignee);
  if (tag !== undefined && place === 'question_tags') where.add('tag = ?', tag);
  else if (tag !== undefined) {
    where.add('(?, opened, questions.id) IN (SELECT tag, opened, id FROM question_tags)', tag);
  }
  if (openedTo !== undefined) where.add(`${place}.opened < ?`, openedTo);
  if (after !== undefined) where.add(`(${place}.opened, ${place}.id) > (?, ?)`, after.opened, after.id);
  // `? + 0`: see scans.ts.
  const sql = `
    SELECT questions.id, runs.id AS run, questions.machine, assignee, questions.tags, questions.opened, value
    FROM ${from} CROSS JOIN runs ON runs.rid = questions.rid
    WHERE ${where.text}
    ORDER BY ${place}.opened, ${place}.id LIMIT ? + 0`;
  return { sql, values: [...where.values, limit] };
}

/** The narrowest first: a run has few questions, a person some, a machine many. */
function sourceOf({ id, run, assignee, tag, machine }: QuestionScan): string {
  if (id !== undefined) return 'questions';
  if (run !== undefined) return 'questions INDEXED BY questions_by_run';
  if (assignee !== undefined) return 'questions INDEXED BY questions_by_assignee';
  if (tag !== undefined) return 'question_tags CROSS JOIN questions USING (qid)';
  if (machine !== undefined) return 'questions INDEXED BY questions_by_machine';
  return 'questions INDEXED BY questions_listed';
}
