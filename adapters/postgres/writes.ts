/**
 * What a commit writes beside its run: parts of a WITH. Each of them joins `held h`, the runs that may be
 * written, by the place `n` of a commit in its batch.
 *
 * @module
 */
import type { CheckpointRow, Question, RunCommit } from '../../src/store.ts';
import { askedBy, byKey, type Entry, every, type Of, places } from './entries.ts';
import type { Sql } from './sql.ts';
import { arrayOf, ordered, stored } from './text.ts';

/** What is inserted, or written over. No table comes twice. */
export function writesOf(sql: Sql, schema: string, entries: readonly Entry[]): string[] {
  const parts: string[] = [];
  const checkpoints = every(entries, (commit) => kept(commit));
  if (checkpoints.length > 0) {
    const c = sql.relation('c', [
      ['n', 'int', places(checkpoints)],
      ['seq', 'bigint', checkpoints.map(([, { seq }]) => seq)],
      ['base', 'boolean', checkpoints.map(([, { base }]) => base)],
      ['time', 'double precision', checkpoints.map(([, { time }]) => time)],
      ['header', 'text', checkpoints.map(([, { header }]) => stored(header))],
      ['body', 'text', checkpoints.map(([, { body }]) => stored(body))],
    ]);
    parts.push(`new_checkpoints AS (
      INSERT INTO ${schema}.checkpoints (rid, seq, base, time, header, body)
      SELECT h.rid, c.seq, c.base, c.time, c.header, c.body FROM held h JOIN ${c} ON c.n = h.n)`);
  }
  const rows = every(entries, ({ put = [] }) => [...byKey(put).values()]);
  if (rows.length > 0) {
    const hasBytes = rows.some(([, { value }]) => typeof value !== 'string');
    const p = sql.relation('p', [
      ['n', 'int', places(rows)],
      ['kind', 'text', rows.map(([, { kind }]) => kind)],
      ['key', 'text', rows.map(([, { key }]) => ordered(key))],
      ['value', 'text', rows.map(([, { value }]) => (typeof value === 'string' ? stored(value) : null))],
      ...(hasBytes
        ? [
            [
              'bytes',
              'bytea',
              rows.map(([, { value }]) => (typeof value === 'string' ? null : value)),
            ] as const,
          ]
        : []),
    ]);
    parts.push(`new_records AS (
      INSERT INTO ${schema}.records (rid, kind, key, value, bytes)
      SELECT h.rid, p.kind, p.key, p.value, ${hasBytes ? 'p.bytes' : 'NULL'} FROM held h JOIN ${p} ON p.n = h.n
      ON CONFLICT (rid, kind, key) DO UPDATE SET value = excluded.value, bytes = excluded.bytes)`);
  }
  const asked = every(entries, askedBy);
  if (asked.length > 0) {
    // `rid` may not be null: a question that another run has asked meanwhile undoes the statement.
    parts.push(
      `new_questions AS (
      INSERT INTO ${schema}.questions AS q (id, rid, machine, assignee, tags, opened, value)
      SELECT a.id, h.rid, a.machine, a.assignee, a.tags::text[], a.opened, a.value
      FROM held h JOIN ${questions(sql, asked)} ON a.n = h.n
      ON CONFLICT (id) DO UPDATE SET rid = CASE WHEN q.rid = excluded.rid THEN q.rid END, machine = excluded.machine,
        assignee = excluded.assignee, tags = excluded.tags, opened = excluded.opened, value = excluded.value)`,
    );
    const tags: Of<readonly [Question, string]> = asked.flatMap(([n, one]) =>
      one.tags.map((tag) => [n, [one, tag]] as const),
    );
    if (tags.length > 0) {
      const t = sql.relation('t', [
        ['n', 'int', places(tags)],
        ['tag', 'text', tags.map(([, [, tag]]) => stored(tag))],
        ['opened', 'double precision', tags.map(([, [{ opened }]]) => opened)],
        ['id', 'text', tags.map(([, [{ id }]]) => ordered(id))],
      ]);
      parts.push(`new_question_tags AS (
      INSERT INTO ${schema}.question_tags (tag, opened, id)
      SELECT t.tag, t.opened, t.id FROM held h JOIN ${t} ON t.n = h.n ON CONFLICT DO NOTHING)`);
    }
  }
  return parts;
}

/** The tags of heads, by which runs are listed. `held h` has `id` and `created` as well. */
export function tagWrites(sql: Sql, schema: string, entries: readonly Entry[]): string[] {
  const tags = every(entries, ({ head }) => head?.tags ?? []);
  if (tags.length === 0) return [];
  const t = sql.relation('t', [
    ['n', 'int', places(tags)],
    ['tag', 'text', tags.map(([, tag]) => stored(tag))],
  ]);
  return [
    `new_tags AS (
      INSERT INTO ${schema}.tags (tag, created, id, rid)
      SELECT t.tag, h.created, h.id, h.rid FROM held h JOIN ${t} ON t.n = h.n ON CONFLICT DO NOTHING)`,
  ];
}

function questions(sql: Sql, asked: Of<Question>): string {
  return sql.relation('a', [
    ['n', 'int', places(asked)],
    ['id', 'text', asked.map(([, { id }]) => ordered(id))],
    ['machine', 'text', asked.map(([, { machine }]) => stored(machine))],
    ['assignee', 'text', asked.map(([, { assignee }]) => assignee && stored(assignee))],
    ['tags', 'text', asked.map(([, { tags }]) => arrayOf(tags))],
    ['opened', 'double precision', asked.map(([, { opened }]) => opened)],
    ['value', 'text', asked.map(([, { value }]) => stored(value))],
  ]);
}

/** The new checkpoints without those that the same commit drops. */
function kept({ checkpoints = [], dropBefore = 0, dropFrom = 0 }: RunCommit): readonly CheckpointRow[] {
  return dropBefore === 0
    ? checkpoints
    : checkpoints.filter(({ seq }) => seq < dropFrom || seq >= dropBefore);
}
